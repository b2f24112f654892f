"""A reload that is refused: the old daemon serves on as if nothing had been asked."""

import os
import signal
import socket
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.daemon import free_port, wait_until, wait_until_gone
from support.http_wire import HttpClient
from support.processes import status
from support.slow import SMALL, SlowClient, large


@pytest.fixture
def unchanged(daemon):
    """A check to be called after a refusal: the old daemon serves on as if nothing was asked."""
    children, descriptors = daemon.children(), _descriptors(daemon)
    with SlowClient(daemon.port) as slow, HttpClient(daemon.port) as client:
        client.get("/small")

        def check():
            assert daemon.children() == children
            assert _descriptors(daemon) == descriptors
            assert daemon.metrics()["filed_config_last_reload_successful"] == 0
            answer = client.get("/small")
            assert (answer.body, answer["connection"]) == (SMALL, None)
            assert slow.finish() == large()
            assert not daemon.events("taking_over")

        yield check


def _descriptors(daemon):
    folder = f"/proc/{daemon.process.pid}/fd"
    return sorted(os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder))  # noqa: PTH115, PTH208


def test_a_broken_file(daemon, config, unchanged):
    config(workers="many", limits={"connections": -1})
    why = daemon.reload("reload_refused")["why"]
    assert f"{config.path}:2: workers: " in why
    assert "limits.connections" in why
    unchanged()


def test_a_root_that_is_gone(daemon, config, unchanged, tmp_path):
    config(root=tmp_path / "gone")
    assert "gone" in daemon.reload("reload_refused")["why"]
    unchanged()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_root_that_the_workers_user_cannot_enter(daemon, config, unchanged, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    config(root=closed, security={"user": "nobody"})
    why = daemon.reload("reload_refused")["why"]
    assert str(closed) in why
    assert "nobody" in why
    unchanged()


def test_an_address_that_is_taken(daemon, config, unchanged):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        config(listen={"tcp": [f"127.0.0.1:{free_port()}", taken]})
        why = daemon.reload("reload_refused")["why"]
        assert why == f"TCP {taken}: another program has this address already"
    unchanged()


def test_a_reload_that_is_refused_can_be_mended(daemon, config):
    config(workers="many")
    daemon.reload("reload_refused")
    config(workers=1)
    daemon.reload()
    daemon.wait_for_event("drained")
    assert daemon.metrics()["filed_config_last_reload_successful"] == 1
    assert len(daemon.workers()) == 1


@pytest.fixture
def hanging(daemon, config):
    """A daemon whose configuration is never read to its end: a FIFO that nobody writes to."""
    config.path.unlink()
    os.mkfifo(config.path)
    return daemon


def test_a_check_that_hangs_is_given_up_and_hang_ups_by_the_thousand_meanwhile_are_one(
    hanging, config, unchanged
):
    daemon = hanging
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for_event("reload_asked")
    for _ in range(3000):
        daemon.process.send_signal(signal.SIGHUP)
        assert len(daemon.children()) <= 4
    first = daemon.wait_for_event("reload_refused", timeout=60)[0]
    assert first["why"] == "the check of the new configuration takes too long"
    config.path.unlink()
    config(workers="many")
    second = daemon.wait_for_event("reload_refused", 2, timeout=60)[1]
    assert "workers" in second["why"]
    unchanged()
    assert len(daemon.events("reload_asked")) == 2


def test_a_check_does_not_outlive_a_master_that_is_killed(hanging):
    hanging.process.send_signal(signal.SIGHUP)
    hanging.wait_for_event("reload_asked")
    hanging.process.kill()
    hanging.process.wait()
    assert wait_until_gone(hanging.process.pid) == []


@contextmanager
def consented(daemon):
    """The moment between a rehearsal's end and the master's hearing of it."""
    before = set(daemon.workers())
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for_event("reload_asked")
    daemon.process.send_signal(signal.SIGSTOP)
    children = Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children")
    rehearsal = max(map(int, children.read_text().split()))
    assert rehearsal not in before
    wait_until(lambda: "zombie" in status(rehearsal)["State"], "the rehearsal to end")
    yield
    daemon.process.send_signal(signal.SIGCONT)


def test_being_told_to_stop_just_when_all_is_fine_stops_it_at_once(daemon):
    with consented(daemon):
        daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(10) == 0
    assert not daemon.events("taking_over")
    assert not daemon.events("child_died")


def test_a_root_that_goes_just_when_all_is_fine_is_no_wrong_configuration(daemon, config, tmp_path):
    """It may come back, so the service manager shall try again."""
    root = tmp_path / "root"
    root.mkdir()
    config(root=root)
    with consented(daemon):
        root.rmdir()
    assert daemon.process.wait(10) == 1


def test_stopping_calls_a_check_off(hanging):
    hanging.process.send_signal(signal.SIGHUP)
    hanging.wait_for_event("reload_asked")
    assert hanging.stop() == 0
    assert not hanging.events("reload_refused")
