"""A reload: what goes on, and what takes effect."""

import os
import signal
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from support.daemon import free_port, running, title, wait_until
from support.http_wire import HttpClient, get, request
from support.processes import status
from support.slow import SMALL, SlowClient, large


def is_refused(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), 10).close()
    except ConnectionRefusedError:
        return True
    return False


def wait_until_drained(daemon, count=1):
    daemon.wait_for_event("drained", count)


def requests_200(daemon):
    return daemon.metrics()['filed_requests_total{code="200",method="GET",protocol="http"}']


ACCEPTED = "filed_connections_accepted_total"


# What goes on.


def test_the_process_its_ports_and_its_numbers_stay_and_the_workers_are_new(daemon):
    before, ready = daemon.workers(), daemon.ready
    for _ in range(5):
        assert get(daemon.port, "/small").body == SMALL
    assert daemon.reload() == daemon.events("reloaded")[0]
    wait_until_drained(daemon)
    assert {key: daemon.ready[key] for key in ("pid", "tcp", "udp", "metrics")} == {
        key: ready[key] for key in ("pid", "tcp", "udp", "metrics")
    }
    assert not set(before) & set(daemon.workers())
    assert len(daemon.workers()) == 2
    for _ in range(5):
        assert get(daemon.port, "/small").body == SMALL
    wait_until(lambda: requests_200(daemon) == 10, "ten requests to be counted")
    assert title(daemon.process.pid) == "filed: master"


def test_reload_after_reload_nothing_is_left_open(daemon):
    def descriptors():
        return sorted(os.listdir(f"/proc/{daemon.process.pid}/fd"))  # noqa: PTH208 - numbers

    daemon.reload()
    wait_until_drained(daemon)
    before = descriptors()
    for count in (2, 3, 4):
        daemon.reload()
        wait_until_drained(daemon, count)
    assert descriptors() == before


def test_the_master_s_cpu_time_is_counted_once(daemon):
    series = 'filed_process_cpu_seconds_total{role="master"}'
    daemon.reload()
    first = wait_until(lambda: daemon.metrics()[series], "the master's CPU time")
    daemon.reload()
    ticks = sum(map(int, stat(daemon.process.pid)[11:13]))
    counted = daemon.metrics()[series]
    assert first < counted <= ticks / os.sysconf("SC_CLK_TCK") + 0.1


def stat(pid):
    """The fields of proc_pid_stat(5) behind the name."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


@pytest.mark.parametrize("protocol", ["http", "plain"])
def test_a_slow_download_goes_on_in_the_old_worker_and_ends_whole(daemon, protocol):
    with SlowClient(daemon.port, protocol=protocol) as client:
        daemon.reload()
        wait_until(lambda: daemon.metrics()['filed_workers{state="draining"}'] == 1, "one to drain")
        assert daemon.metrics()['filed_workers{state="running"}'] == 2
        (draining,) = [pid for name, pid in daemon.children().items() if "(draining)" in name]
        assert daemon.events("draining")[-1]["connections"] == 1
        assert client.finish() == large()
    wait_until_drained(daemon)
    assert daemon.metrics()['filed_workers{state="draining"}'] == 0
    ended = [event for event in daemon.events("child_ended") if event["pid"] == draining]
    assert ended[0]["cause"] == "exited with 0"


def test_an_idle_connection_has_its_next_request_answered_and_is_closed_with_it(daemon):
    with HttpClient(daemon.port) as client:
        assert client.get("/small")["connection"] is None
        daemon.reload()
        answer = client.get("/small")
        assert (answer.body, answer["connection"]) == (SMALL, "close")
        assert client.is_closed()
    wait_until_drained(daemon)


def test_an_idle_connection_that_asks_nothing_more_ends_cleanly_after_its_time(daemon, config):
    config(timeouts={"idle": 2})
    daemon.reload()
    wait_until_drained(daemon)
    with HttpClient(daemon.port) as client:
        client.get("/small")
        daemon.reload()
        assert client.is_closed()
    wait_until_drained(daemon, 2)
    assert daemon.metrics()['filed_timeouts_total{phase="idle"}'] == 1


def test_who_takes_longer_than_reload_drain_is_cut_by_a_reset(daemon, config):
    config(timeouts={"reload_drain": 1})
    with SlowClient(daemon.port, protocol="plain") as client:
        daemon.reload()
        wait_until_drained(daemon)
        with pytest.raises(ConnectionResetError):
            client.finish()
    aborted = 'filed_transfers_aborted_total{protocol="plain",reason="drain"}'
    assert daemon.metrics()[aborted] == 1


def test_stopping_ends_the_draining_workers_too(daemon, config):
    config(timeouts={"drain": 0})
    with SlowClient(daemon.port) as client:
        daemon.reload()
        assert daemon.stop() == 0
        assert len(client.finish()) < len(large())


def test_children_of_every_generation_go_when_the_master_is_killed(daemon):
    with SlowClient(daemon.port) as client:
        daemon.reload()
        daemon.process.kill()
        assert client.finish() == large()


# What takes effect.


def test_the_number_of_workers(daemon, config):
    config(workers=3)
    daemon.reload()
    wait_until_drained(daemon)
    assert len(daemon.workers()) == 3
    assert daemon.events("taking_over")[0]["workers"] == 3


def test_another_root(daemon, config, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "small").write_bytes(b"another\n")
    config(root=other)
    daemon.reload()
    assert get(daemon.port, "/small").body == b"another\n"


def test_the_same_root_that_leads_elsewhere_now(daemon, config, root, tmp_path):
    link, other = tmp_path / "link", tmp_path / "other"
    other.mkdir()
    (other / "small").write_bytes(b"another\n")
    link.symlink_to(root)
    config(root=link)
    daemon.reload()
    link.unlink()
    link.symlink_to(other)
    assert get(daemon.port, "/small").body == SMALL
    daemon.reload()
    assert get(daemon.port, "/small").body == b"another\n"


def test_an_address_that_is_new_and_one_that_is_given_up(daemon, config):
    first, port = daemon.port, free_port()
    config(listen={"tcp": [f"127.0.0.1:{port}"], "udp": []})
    daemon.reload()
    wait_until_drained(daemon)
    assert (daemon.ready["tcp"], daemon.ready["udp"]) == ([f"127.0.0.1:{port}"], [])
    assert get(port, "/small").body == SMALL
    assert is_refused(first)


@pytest.mark.parametrize(
    ("before", "after"),
    [("[::]", "127.0.0.1"), ("127.0.0.1", "[::]"), ("0.0.0.0", "[::]"), ("[::]", "0.0.0.0")],
)
def test_an_address_that_overlaps_with_the_one_it_takes_the_place_of(root, config, before, after):
    port = free_port()
    config(listen={"tcp": [f"{before}:{port}"], "udp": [f"{before}:{port}"]})
    with running(root, config=config.path) as daemon:
        config(listen={"tcp": [f"{after}:{port}"], "udp": [f"{after}:{port}"]})
        daemon.reload()
        wait_until_drained(daemon)
        assert daemon.ready["tcp"] == daemon.ready["udp"] == [f"{after}:{port}"]
        assert get(port, "/small").body == SMALL


def test_who_waits_at_an_address_that_is_given_up_is_still_let_in(daemon, config):
    first = daemon.port
    config(listen={"tcp": ["127.0.0.1:0"]})
    old = daemon.workers()
    for pid in old:
        os.kill(pid, signal.SIGSTOP)
    with ExitStack() as clients:
        waiting = [clients.enter_context(HttpClient(first)) for _ in range(20)]
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for_event("reloaded")
        for pid in old:
            os.kill(pid, signal.SIGCONT)
        assert [client.get("/small").body for client in waiting] == [SMALL] * 20
    wait_until_drained(daemon)
    assert is_refused(first)


def test_who_waits_there_is_let_in_though_all_workers_are_full(root, config):
    full = {"limits": {"connections": 2}, "workers": 1}
    ports = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    config(**full, listen={"tcp": ports, "backlog": 4})
    with running(root, config=config.path) as daemon, ExitStack() as clients:
        every = [int(address.rpartition(":")[2]) for address in daemon.ready["tcp"]]
        inside = [clients.enter_context(HttpClient(every[0])) for _ in range(2)]
        wait_until(lambda: daemon.metrics()[ACCEPTED] == 2, "the worker to be full")
        waiting = [clients.enter_context(HttpClient(port)) for port in every for _ in range(4)]
        config(**full, listen={"tcp": ["127.0.0.1:0"], "backlog": 4})
        daemon.reload()
        for client in inside + waiting:
            assert client.get("/small").body == SMALL


def test_metrics_elsewhere_nowhere_and_back(daemon, config):
    first = daemon.ready["metrics"]
    config(metrics={"listen": f"127.0.0.1:{free_port()}"})
    daemon.reload()
    assert daemon.metrics()["filed_config_last_reload_successful"] == 1
    with pytest.raises(URLError):
        urlopen(f"http://{first}/metrics", timeout=10)
    config(metrics={"listen": "off"})
    assert daemon.reload()["metrics"] is None
    wait_until(lambda: "filed: exporter" not in daemon.children(), "the exporter to go")
    config()
    daemon.reload()
    assert daemon.metrics()["filed_connections_accepted_total"] == 0


def test_the_log_s_settings(daemon, config):
    config(log={"access": False, "level": "debug"})
    daemon.reload()
    get(daemon.port, "/small")
    wait_until(lambda: requests_200(daemon) == 1, "the request to be counted")
    daemon.reload()
    wait_until_drained(daemon, 2)
    assert daemon.events("child_started")
    assert not daemon.events("request")


def test_the_rate_of_connections_to_a_socket_that_stays(daemon, config):
    config(limits={"rate": 100_000})
    daemon.reload()
    with HttpClient(daemon.port) as slow:
        slow.send(request("/large"))
        slow.sock.recv(1)
        config()
        daemon.reload()
        assert get(daemon.port, "/large").body == large()
        slow.sock.setblocking(False)
        assert len(received_so_far(slow.sock)) < len(large()) / 2


def received_so_far(sock):
    received = bytearray()
    with suppress(BlockingIOError):
        while piece := sock.recv(1 << 20):
            received += piece
    return received


def test_no_signal_is_blocked_after_it(daemon):
    daemon.reload()
    assert int(status(daemon.process.pid)["SigBlk"], 16) == 0
    assert all(int(status(pid)["SigBlk"], 16) == 0 for pid in daemon.workers())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user(daemon, config):
    assert status(daemon.workers()[0])["Uid"].split()[0] == "0"
    config(security={"user": "nobody"})
    daemon.reload()
    wait_until_drained(daemon)
    assert status(daemon.workers()[0])["Uid"].split()[0] != "0"
    assert status(daemon.process.pid)["Uid"].split()[0] == "0"
    assert get(daemon.port, "/small").body == SMALL
