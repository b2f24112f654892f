"""A reload whose rehearsal went well and whose workers cannot start all the same."""

import os
import shutil
import signal
from pathlib import Path

import pytest

import filed
from support.daemon import free_port, running, wait_until
from support.http_wire import HttpClient, get
from support.slow import SMALL, SlowClient, large

TAKEN_AT = "filed_config_last_reload_success_timestamp_seconds"
BREAKS = "\n    raise RuntimeError('a bug of the new version')\n"


@pytest.fixture
def package(tmp_path):
    """A copy of the program that may be broken."""
    return shutil.copytree(Path(filed.__file__).parent, tmp_path / "code" / "filed")


@pytest.fixture
def daemon(package, root, config):
    env = {"PYTHONPATH": str(package.parent)}
    with running(root, config=config.path, env=env) as daemon:
        yield daemon


def broken(package, step):
    """Break the life of a child right before a step of it; return what mends it again."""
    life = package / "process" / "life.py"
    sound = life.read_text()
    assert step in sound
    life.write_text(sound.replace(step, BREAKS + step))
    return lambda: life.write_text(sound)


def break_workers(package):
    """Return what mends them again."""
    return broken(package, "    tree, identity, settings = inheritance.tree")


def test_the_former_workers_serve_on_until_it_is_mended(daemon, package):
    before, taken_at = daemon.workers(), daemon.metrics()[TAKEN_AT]
    with SlowClient(daemon.port) as slow, HttpClient(daemon.port) as client:
        client.get("/small")
        mend = break_workers(package)
        assert daemon.reload("reload_stalled")["then"] == "who can serve serves on"
        assert set(before) <= set(daemon.workers())
        assert daemon.metrics()["filed_config_last_reload_successful"] == 0
        assert daemon.metrics()[TAKEN_AT] == taken_at
        assert client.get("/small")["connection"] is None
        assert get(daemon.port, "/small").body == SMALL

        mend()
        daemon.reload()
        wait_until(lambda: daemon.metrics()["filed_config_last_reload_successful"] == 1, "success")
        assert client.get("/small")["connection"] == "close"
        assert slow.finish() == large()
    daemon.wait_for_event("drained")
    assert not set(before) & set(daemon.workers())


def test_a_new_exporter_that_cannot_start_takes_nobody_with_it(daemon, package):
    mend = broken(package, "    sandbox.enter(inheritance.identity")
    assert daemon.reload("reload_stalled")["role"] == "exporter"
    assert get(daemon.port, "/small").body == SMALL
    for pid in daemon.workers():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_served(daemon), "new workers")
    mend()
    daemon.reload()
    assert daemon.metrics()["filed_config_last_reload_successful"] == 1


def is_served(daemon):
    try:
        return get(daemon.port, "/small").body == SMALL
    except (AssertionError, ConnectionError):  # accepted by one that is being killed
        return False


def test_an_address_that_was_to_be_given_up_is_kept_until_it_is(daemon, package, config):
    first, port = daemon.port, free_port()
    mend = break_workers(package)
    config(listen={"tcp": [f"127.0.0.1:{port}"]})
    daemon.reload("reload_stalled")
    assert get(first, "/small").body == SMALL
    mend()
    config()
    assert daemon.reload()["tcp"] == [f"[::]:{first}"]
    assert get(first, "/small").body == SMALL
    with pytest.raises(ConnectionRefusedError):
        get(port, "/small")


def test_a_daemon_whose_reload_stalled_stops_as_any(daemon, package):
    break_workers(package)
    daemon.reload("reload_stalled")
    assert daemon.stop() == 0
