"""What a service manager hears of the daemon, and what it can hand over to it."""

import signal
import socket
import sys
from contextlib import closing

import pytest

from support import configuration, socket_unit
from support.daemon import running, wait_until
from support.http_wire import HttpClient, get
from support.service_manager import Manager
from support.slow import SMALL, SlowClient, large, make_tree
from support.tftp import Client


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("root"))


class Heard:
    """All that the daemon has said, in order."""

    def __init__(self, path):
        self.path = path
        self.messages = []
        self._manager = Manager(str(path))

    def close(self):
        self._manager.socket.close()

    def wait_for(self, beginning, count=1):
        """Return the first `count` messages that begin so, once they are there."""
        return wait_until(
            lambda: found[:count] if len(found := self.all(beginning)) >= count else None,
            f"{count} messages {beginning!r}",
        )

    def all(self, beginning):
        self.messages += self._manager.heard()
        return [message for message in self.messages if message.startswith(beginning)]


@pytest.fixture
def heard(tmp_path):
    with closing(Heard(tmp_path / "notify")) as heard:
        yield heard


@pytest.fixture
def config(root, tmp_path):
    path = tmp_path / "filed.toml"
    configuration.write(path, root)
    return path


@pytest.fixture
def daemon(root, config, heard):
    env = {"NOTIFY_SOCKET": str(heard.path), "WATCHDOG_USEC": "1000000"}
    with running(root, config=config, env=env) as daemon:
        yield daemon


@pytest.mark.usefixtures("daemon")
def test_it_is_told_when_everyone_can_accept_and_how_things_stand(heard):
    assert heard.wait_for("READY=1") == ["READY=1\nSTATUS=2 workers, 0 connections, 0 B/s"]


@pytest.mark.usefixtures("daemon")
def test_it_is_told_again_and_again_that_all_is_well(heard):
    heard.wait_for("WATCHDOG=1", 3)


def test_reloads_do_not_keep_it_from_hearing_that_all_is_well(root, config, heard):
    a_minute = {"NOTIFY_SOCKET": str(heard.path), "WATCHDOG_USEC": "60000000"}
    with running(root, config=config, env=a_minute) as daemon:
        for count in range(1, 4):
            daemon.reload()
            heard.wait_for("WATCHDOG=1", count)


def test_it_is_told_of_a_reload_and_of_its_end(daemon, heard):
    daemon.reload()
    heard.wait_for("READY=1", 2)
    steps = [message.partition("=")[0] for message in heard.all(("READY=", "RELOADING="))]
    assert steps == ["READY", "RELOADING", "READY"]


def test_a_reload_that_is_refused_shows_in_the_status_until_one_succeeds(
    daemon, heard, config, root
):
    config.write_text("workers = 0\n")
    daemon.reload("reload_refused")
    ready = heard.wait_for("READY=1", 2)[1]
    assert "; the last reload was refused: " in ready
    assert "workers: 0: expected" in ready
    configuration.write(config, root)
    daemon.reload()
    assert "refused" not in heard.wait_for("READY=1", 3)[2]


def test_it_is_asked_for_time_while_a_drain_gets_on(daemon, heard):
    with SlowClient(daemon.port) as client:
        daemon.process.send_signal(signal.SIGTERM)
        heard.wait_for("STOPPING=1")
        heard.wait_for("EXTEND_TIMEOUT_USEC=", 2)
        assert client.finish() == large()
    assert daemon.process.wait(10) == 0


def test_it_is_told_of_tftp_transfers_and_asked_for_time_while_they_are_finished(daemon, heard):
    with Client(daemon) as client:
        client.begin(b"large", blksize=8192)
        client.ack(0)
        first = client.receive()
        daemon.reload()
        assert ", 0 connections, 1 TFTP transfer, " in heard.wait_for("READY=1", 2)[1]
        daemon.process.send_signal(signal.SIGTERM)
        heard.wait_for("EXTEND_TIMEOUT_USEC=", 2)
        assert client.finish(first) == large()
    assert daemon.process.wait(10) == 0


def test_sockets_that_are_handed_over_take_the_place_of_listen_and_stay(root, config):
    by_unit = [sys.executable, socket_unit.__file__, "tcp", "tcp6", "udp", "--"]
    configuration.write(config, root, listen={"tcp": ["127.0.0.1:1"], "udp": ["127.0.0.1:1"]})
    with running(root, config=config, wrap=by_unit) as daemon:
        addresses = daemon.ready["tcp"], daemon.ready["udp"]
        assert [len(each) for each in addresses] == [2, 1]
        with HttpClient(daemon.port) as client:
            assert client.get("/small").body == SMALL
            daemon.reload()
            assert client.get("/small").body == SMALL
        assert (daemon.ready["tcp"], daemon.ready["udp"]) == addresses
        for address in addresses[0]:
            assert get(int(address.rpartition(":")[2]), "/small").body == SMALL
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(10)
            sock.sendto(b"small", ("127.0.0.1", daemon.udp_port))
            assert sock.recv(1000).startswith(b"200 ")


def test_a_descriptor_that_is_no_use_ends_the_start_and_is_named(root, config):
    by_unit = [sys.executable, socket_unit.__file__, "tcp", "unix", "--"]
    with running(root, config=config, wrap=by_unit, wait=False) as daemon:
        assert daemon.process.wait(20) == 1
        assert daemon.log_path.read_text().startswith("descriptor 4 (unix): ")
