"""`make install` and `make uninstall`: what an operator gets and gets rid of."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.clients import program

pytestmark = [pytest.mark.wheel, pytest.mark.timeout(600)]

PROJECT = Path(__file__).parent.parent
PREFIX = "usr/local"
CONFIG = "etc/filed/filed.toml"


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Run make with its variables; wheels are built once."""
    wheels = tmp_path_factory.mktemp("wheels") / "for-this-python"

    def make(*arguments):
        command = ["make", "-C", PROJECT, f"WHEELS={wheels}", f"PYTHON={sys.executable}"]
        subprocess.run([*command, *arguments], check=True, stdout=subprocess.DEVNULL)

    return make


@pytest.fixture(scope="module")
def packaged(make, tmp_path_factory):
    """A folder that `make install` took for a package's."""
    folder = tmp_path_factory.mktemp("package")
    make("install", f"DESTDIR={folder}")
    return folder


@pytest.fixture
def installed(make, tmp_path):
    """A folder that it installed into, to be used in place."""
    make("install", f"PREFIX={tmp_path}", f"SYSCONFDIR={tmp_path}/etc")
    return tmp_path


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_all_an_operator_needs_is_there(packaged):
    shipped = {"LICENSE", "README.md", "CHANGELOG.md", "docs/settings.md", "docs/install.md"}
    units = {"filed.service", "filed.socket"}
    assert files(packaged) >= {
        CONFIG,
        f"{PREFIX}/lib/sysusers.d/filed.conf",
        f"{PREFIX}/bin/filed",
        *(f"{PREFIX}/lib/systemd/system/{unit}" for unit in units),
        *(f"{PREFIX}/share/doc/filed/{each}" for each in shipped),
        *(f"{PREFIX}/share/filed/{each}" for each in files(PROJECT / "config")),
    }


def test_no_file_tells_where_it_was_built(packaged):
    launcher = packaged / PREFIX / "bin" / "filed"
    shebang, _, _ = launcher.read_text().partition("\n")
    assert shebang == f"#!{Path(sys.executable).resolve()} -IS"
    for name in files(packaged):
        path = packaged / name
        content = path.read_bytes().removeprefix(shebang.encode())
        for place in (PROJECT, packaged, sys.prefix):
            assert os.fsencode(place) not in content, f"{name} names {place}"
        if path.suffix != ".so":  # those name the home of whoever made their wheel
            assert f"{Path.home()}/".encode() not in content, f"{name} names the home directory"


def test_no_place_is_left_open_in_what_is_installed(packaged):
    for name in ("bin/filed", "lib/systemd/system/filed.service"):
        content = (packaged / PREFIX / name).read_text()
        assert not re.search("@[A-Z]+@", content)
        assert f"/{PREFIX}/" in content


def test_everyone_may_read_it_whatever_the_umask(make, tmp_path):
    before = os.umask(0o077)
    try:
        make("install", f"DESTDIR={tmp_path}/package")
    finally:
        os.umask(before)
    for path in (tmp_path / "package" / PREFIX).rglob("*"):
        assert path.stat().st_mode & 0o444 == 0o444, path


def test_it_runs_and_sees_no_modules_but_its_own(installed, tmp_path):
    (tmp_path / "structlog.py").write_text("raise SystemExit('another one was found')")
    ended = subprocess.run(
        [installed / "bin" / "filed", "version", "-v"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert ended.stdout.startswith("filed ")


def test_systemd_finds_no_fault_with_the_units_and_little_exposure(installed):
    analyze = program("systemd-analyze", "systemd")
    units = installed / "lib" / "systemd" / "system"
    service = units / "filed.service"
    verified = subprocess.run(
        [analyze, "verify", "--man=no", service, units / "filed.socket"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert [line for line in verified.stderr.splitlines() if str(units) in line] == []
    # A threshold of 15 is an exposure of 1.5.
    rated = [analyze, "security", "--offline=true", "--threshold=15", "--no-pager", service]
    subprocess.run(rated, check=True, stdout=subprocess.DEVNULL)


def test_uninstalling_leaves_nothing(make, tmp_path):
    make("install", f"DESTDIR={tmp_path}")
    make("uninstall", f"DESTDIR={tmp_path}")
    assert files(tmp_path) == set()
    assert [str(path) for path in tmp_path.rglob("*filed*")] == []


def test_uninstalling_twice_does_no_harm(make, tmp_path):
    make("uninstall", f"DESTDIR={tmp_path}")
    assert files(tmp_path) == set()


def test_an_edited_configuration_survives_a_new_version_and_the_end(make, tmp_path):
    make("install", f"DESTDIR={tmp_path}")
    (tmp_path / CONFIG).write_text('root = "/srv"\n')
    make("install", f"DESTDIR={tmp_path}")
    make("uninstall", f"DESTDIR={tmp_path}")
    assert (tmp_path / CONFIG).read_text() == 'root = "/srv"\n'
    assert files(tmp_path) == {CONFIG}


def test_an_unedited_configuration_follows_the_version(make, tmp_path):
    make("install", f"DESTDIR={tmp_path}")
    shipped = (tmp_path / CONFIG).read_text()
    for copy in (tmp_path / CONFIG, tmp_path / PREFIX / "share" / "filed" / "filed.toml"):
        copy.write_text("# as another version had it\n")
    make("install", f"DESTDIR={tmp_path}")
    assert (tmp_path / CONFIG).read_text() == shipped
