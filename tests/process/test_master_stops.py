"""How the daemon ends: what it lets finish, what it cuts, and with which exit code."""

import os
import pty
import signal
import socket
import time
from contextlib import ExitStack

import pytest

from filed.metrics import catalogue
from support.daemon import running, wait_until
from support.http_wire import HttpClient, request
from support.processes import shared_table
from support.slow import SMALL, SlowClient, large, make_tree

STOP = [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("root"))


def begin_to_stop(daemon, table):
    """Ask the daemon to stop; return when its master has passed that on."""
    daemon.process.send_signal(signal.SIGTERM)
    running_workers = catalogue.WORKERS.slot("running")
    wait_until(lambda: table.total(running_workers) == 0, "the workers to be told")


@pytest.mark.parametrize("number", STOP)
def test_each_of_the_stopping_signals_ends_it_with_0(root, number):
    with running(root) as daemon:
        assert daemon.stop(number) == 0
        assert daemon.events("stopping")[0]["signal"] == number.name
        assert daemon.events("stopped")


@pytest.mark.parametrize("protocol", ["http", "plain"])
def test_a_slow_download_under_way_is_finished_whole(root, protocol):
    with (
        running(root) as daemon,
        shared_table(daemon) as table,
        SlowClient(daemon.port, protocol=protocol) as client,
    ):
        begin_to_stop(daemon, table)
        assert client.finish() == large()
        client.sock.close()
        assert daemon.process.wait(10) == 0


def test_signals_that_keep_coming_do_not_keep_it(root):
    with running(root, "--timeouts.drain=1") as daemon:
        os.kill(daemon.workers()[0], signal.SIGSTOP)
        stopping = 0
        while daemon.process.poll() is None:
            daemon.process.send_signal(signal.SIGTERM)
            stopping += 1
            time.sleep(0.1)  # often enough to put off what would be counted from the last of them
            assert stopping < 150
        assert daemon.process.returncode == 0


@pytest.mark.parametrize("protocol", ["http", "plain"])
def test_a_second_signal_ends_it_at_once_and_cuts_what_is_under_way(root, protocol):
    with (
        running(root, "--timeouts.drain=3600") as daemon,
        shared_table(daemon) as table,
        SlowClient(daemon.port, protocol=protocol) as client,
    ):
        begin_to_stop(daemon, table)
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(5) == 0
        assert daemon.events("stopping_at_once")
        with pytest.raises(ConnectionResetError):
            client.finish()
        assert table.total(catalogue.TRANSFERS_ABORTED.slot(protocol, "drain")) == 1


@pytest.mark.parametrize("protocol", ["http", "plain"])
def test_what_has_not_finished_after_the_drain_is_cut_and_counted(root, protocol):
    with (
        running(root, "--timeouts.drain=0.5") as daemon,
        shared_table(daemon) as table,
        SlowClient(daemon.port, protocol=protocol) as client,
    ):
        assert daemon.stop() == 0
        with pytest.raises(ConnectionResetError):
            client.finish()
        assert table.total(catalogue.TRANSFERS_ABORTED.slot(protocol, "drain")) == 1
        assert table.total(catalogue.TIMEOUTS.slot("drain")) == 1
        (logged,) = daemon.events("request")
        assert logged["outcome"] == "drain"
        assert logged["sent"] < logged["expected"]


def test_a_drain_of_0_waits_for_nobody(root):
    with running(root, "--timeouts.drain=0") as daemon, SlowClient(daemon.port) as client:
        assert daemon.stop() == 0
        with pytest.raises(ConnectionResetError):
            client.finish()


def test_requests_on_a_kept_connection_are_answered_until_one_is_told_to_close(root):
    with (
        running(root) as daemon,
        shared_table(daemon) as table,
        SlowClient(daemon.port),
        HttpClient(daemon.port) as kept,
    ):
        assert kept.get("/small")["connection"] is None
        begin_to_stop(daemon, table)
        last = wait_until(lambda: told_to_close(kept), "an answer that ends the connection")
        assert (last.status, last.body) == (200, SMALL)
        assert kept.is_closed()
        daemon.process.send_signal(signal.SIGTERM)


def told_to_close(client):
    answer = client.get("/small")
    return answer if answer["connection"] == "close" else None


def test_a_request_that_has_only_begun_to_arrive_is_answered(root):
    with (
        running(root) as daemon,
        shared_table(daemon) as table,
        HttpClient(daemon.port) as client,
    ):
        client.get("/small")
        whole = request("/small")
        client.send(whole[:20])
        begin_to_stop(daemon, table)
        assert daemon.process.poll() is None
        client.send(whole[20:])
        answer = client.answer()
        assert (answer.status, answer.body, answer["connection"]) == (200, SMALL, "close")
        client.sock.close()
        assert daemon.process.wait(10) == 0


def test_idle_connections_hold_nothing_up(root):
    with running(root, "--timeouts.drain=3600") as daemon, ExitStack() as clients:
        kept = [clients.enter_context(HttpClient(daemon.port)) for _ in range(8)]
        for client in kept:
            client.get("/small")
        silent = clients.enter_context(socket.create_connection(("127.0.0.1", daemon.port), 10))
        daemon.process.send_signal(signal.SIGTERM)
        assert all(client.is_closed() for client in kept)
        assert silent.recv(1) == b""
        clients.close()
        assert daemon.process.wait(10) == 0


def test_one_that_is_told_to_stop_before_it_is_ready_ends_with_0(root):
    with running(root, wait=False) as daemon:
        daemon.wait_for_event("starting")
        assert daemon.stop() == 0
        assert not daemon.events("child_died")


def test_the_terminal_s_interrupt_reaches_the_whole_group_and_kills_no_worker(root):
    with running(root) as daemon, SlowClient(daemon.port) as client:
        os.killpg(daemon.process.pid, signal.SIGINT)
        daemon.wait_for_event("stopping")
        assert client.finish() == large()
        client.sock.close()
        assert daemon.process.wait(10) == 0
        assert not daemon.events("child_died")


def test_the_hang_up_of_a_terminal_ends_what_runs_on_it(root):
    ours, theirs = pty.openpty()
    with (
        os.fdopen(ours, "rb", buffering=0) as terminal,
        os.fdopen(theirs, "wb") as stderr,
        running(root, stderr=stderr, workers=1) as daemon,
    ):
        shown = b""
        while b"Ctrl-C stops it." not in shown:
            shown += terminal.read(4096)
        assert b"curl -O http://localhost:" in shown
        assert b"curl -O tftp://localhost:" in shown
        assert daemon.stop(signal.SIGHUP) == 0


def test_the_exporter_can_be_scraped_until_the_workers_are_gone(root):
    with (
        running(root) as daemon,
        shared_table(daemon) as table,
        SlowClient(daemon.port) as client,
    ):
        begin_to_stop(daemon, table)
        assert daemon.metrics()['filed_workers{state="running"}'] == 0
        assert client.finish() == large()
