"""A machine with systemd and an installed filed; each test begins with it stopped and unchanged."""

import os
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from support.clients import program
from support.machine import Machine, Service

PROJECT = Path(__file__).parent.parent.parent
DEBIAN = PROJECT / ".cache" / "debian"
DEBIAN_PYTHON = "3.11"
GOOD = 'root = "/srv/files"\nworkers = 2\n'


@pytest.fixture(scope="session")
def machine(tmp_path_factory):
    """A booted machine on which `make install` has been run, offline."""
    program("systemd-nspawn", "systemd-container")
    if os.geteuid() != 0 or not DEBIAN.exists():
        pytest.skip("a machine is booted by `make test-systemd`, as root")
    folder = tmp_path_factory.mktemp("machine")
    subprocess.run(["cp", "-a", "--reflink=auto", DEBIAN, folder / "tree"], check=True)
    machine = Machine(folder / "tree", folder / "console.log")
    try:
        install(machine, folder / "wheels")
        lay_out(machine)
        yield machine
    finally:
        machine.end()


def install(machine, wheels):
    """Build outside, where there is a network, and install inside from the source archive."""
    python = [sys.executable, "-m"]
    build = [*python, "build", "--outdir", wheels, PROJECT]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = wheels.glob("*.whl")
    (archive,) = wheels.glob("*.tar.gz")
    libraries = [f"{name}_{platform.machine()}" for name in ("manylinux2014", "manylinux_2_28")]
    wanted = [f"--python-version={DEBIAN_PYTHON}", *(f"--platform={name}" for name in libraries)]
    subprocess.run(
        [*python, "pip", "download", "-q", "--only-binary=:all:", *wanted, "--dest", wheels, wheel],
        check=True,
    )
    (wheels / ".made").touch()
    shutil.copytree(wheels, machine.path("/usr/src/wheels"))
    with tarfile.open(archive) as sources:
        sources.extractall(machine.tree / "usr/src", filter="data")
    source = f"/usr/src/{archive.name.removesuffix('.tar.gz')}"
    machine.run("make", "-C", source, "install", "WHEELS=/usr/src/wheels")
    machine.run("systemd-sysusers")


def lay_out(machine):
    """Something to serve: for all, for root, for a group, and in a home."""
    machine.write("/srv/files/hello.txt", "hello\n")
    machine.write("/srv/files/private.txt", "for root\n")
    machine.path("/srv/files/private.txt").chmod(0o600)
    machine.write("/srv/files/group.txt", "for a group\n")
    machine.path("/srv/files/group.txt").chmod(0o640)
    machine.write("/home/anna/hello.txt", "from home\n")


@pytest.fixture
def service(machine):
    service = Service(machine)
    service.configure(GOOD)
    machine.run("systemctl", "daemon-reload")
    yield service
    for unit in ("filed.socket", "filed.service"):
        machine.run("systemctl", "stop", unit, check=False)
        shutil.rmtree(machine.tree / f"etc/systemd/system/{unit}.d", ignore_errors=True)
    machine.run("systemctl", "reset-failed", check=False)
