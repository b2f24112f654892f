"""The daemon within its sandbox: it can do all that it is for, and code in it nothing more."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from filed.process.kernel import feature
from support import without_landlock
from support.clients import ask, exchange
from support.containment import INSIDE, SECRET, make_place
from support.daemon import command, environment, running, wait_until
from support.http_wire import get
from support.processes import status
from support.rogue import rogue_environment

WITHOUT_LANDLOCK = [sys.executable, without_landlock.__file__]
REQUIRED = "--security.landlock=require"

landlock = pytest.mark.skipif(
    not feature("Landlock").startswith("ABI"), reason="this kernel has no Landlock"
)


@pytest.fixture
def place(tmp_path):
    return make_place(tmp_path)


def serves_everything(daemon, place):
    (place.root / "link").symlink_to("dir/file.txt")
    for name in ("/inside.txt", "/dir/file.txt", "/link"):
        assert get(daemon.port, name).body == INSIDE
    assert b"inside.txt" in get(daemon.port, "/").body
    assert exchange(daemon.port, b"inside.txt", half_close=True) == INSIDE
    assert ask(daemon.udp_port, b"inside.txt").startswith(b"200 ")
    assert daemon.metrics()['filed_sent_bytes_total{protocol="plain"}'] == len(INSIDE)


@landlock
def test_all_is_served_by_confined_workers(place):
    with running(place.root, REQUIRED) as daemon:
        serves_everything(daemon, place)
        for pid in daemon.children().values():
            assert status(pid)["NoNewPrivs"] == "1"


@landlock
def test_all_is_served_after_the_root_was_renamed(place):
    with running(place.root, REQUIRED) as daemon:
        place.root.rename(place.base / "renamed")
        (place.base / "outside").rename(place.root)
        assert get(daemon.port, "/inside.txt").body == INSIDE
        assert get(daemon.port, "/secret.txt").status == 404


@landlock
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_what_is_mounted_inside_is_served(place):
    (place.root / "mounted").mkdir()
    (place.root / "mounted.txt").touch()
    mount = (
        f"mount --bind {place.base}/outside {place.root}/mounted && "
        f"mount --bind {place.base}/secret.txt {place.root}/mounted.txt && "
        'exec "$@"'
    )
    wrap = ["unshare", "--mount", "sh", "-c", mount, "sh"]
    with running(place.root, REQUIRED, wrap=wrap) as daemon:
        assert get(daemon.port, "/mounted/secret.txt").body.startswith(SECRET)
        assert get(daemon.port, "/mounted.txt").body.startswith(SECRET)


@landlock
def test_confined_processes_go_on_telling_of_themselves(place):
    with running(place.root, REQUIRED, workers=1) as daemon:
        (worker,) = daemon.workers()
        with socket.create_connection(("127.0.0.1", daemon.port)):
            wait_until(
                lambda: (
                    daemon.metrics()['filed_process_open_fds{role="worker"}']
                    == len(list(Path(f"/proc/{worker}/fd").iterdir()))
                ),
                "the worker's descriptors to be told exactly",
            )
        metrics = daemon.metrics()
    assert metrics['filed_process_open_fds{role="exporter"}'] > 3
    assert metrics['filed_process_resident_memory_bytes{role="worker"}'] > 1e6
    assert metrics['filed_process_resident_memory_bytes{role="exporter"}'] > 1e6


@pytest.fixture
def rogue(place, tmp_path_factory):
    """What becomes of the attempts of rogue code, by who makes them, under given settings."""

    def found(*options):
        folder = tmp_path_factory.mktemp("rogue")
        with socket.create_server(("127.0.0.1", 0)) as other:
            env = rogue_environment(folder, place, other.getsockname()[1])
            with running(place.root, *options, env=env) as daemon:
                get(daemon.port, "/rogue")
                daemon.metrics()
                told = daemon.wait_for_event("rogue", 2)
        return {event["who"]: event["found"] for event in told}

    return found


@pytest.mark.skipif(
    not feature("Landlock").startswith("ABI") or int(feature("Landlock")[4:]) < 6,
    reason="this kernel has no Landlock that can forbid it all",
)
def test_rogue_code_in_a_child_gets_nothing_and_changes_nothing(rogue, place):
    before = sorted(place.base.rglob("*"))
    found = rogue(REQUIRED)
    allowed = {who: each.pop("read inside") for who, each in found.items()}
    assert allowed == {"worker": "done", "exporter": "EACCES"}
    for refused in found.values():
        assert refused.pop("signal the master") == "EPERM"
        assert set(refused.values()) == {"EACCES"}
    assert sorted(place.base.rglob("*")) == before


def test_it_is_landlock_that_keeps_rogue_code_from_all_that(rogue):
    for found in rogue("--security.landlock=off").values():
        assert set(found.values()) == {"done"}


def test_a_kernel_without_landlock_serves_all_the_same(place):
    with running(place.root, wrap=WITHOUT_LANDLOCK) as daemon:
        serves_everything(daemon, place)


@pytest.mark.parametrize("action", ["serve", "check"])
def test_a_kernel_without_landlock_is_a_wrong_configuration_where_it_is_required(action, place):
    file = Path(place.base / "filed.toml")
    file.write_text('[security]\nlandlock = "require"\n')
    ended = subprocess.run(
        [*WITHOUT_LANDLOCK, *command(action, place.root, "--config", file)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    reason = "this kernel has no Landlock (Function not implemented)"
    assert ended.stderr == f'{file}:2: security.landlock: "require": {reason}\n'
    assert (ended.returncode, ended.stdout) == (78, "")


def test_version_says_that_a_kernel_has_no_landlock():
    told = subprocess.run(
        [*WITHOUT_LANDLOCK, *command("version", "-v")], capture_output=True, text=True, check=True
    ).stdout
    assert "\nLandlock    absent (Function not implemented)\n" in told
