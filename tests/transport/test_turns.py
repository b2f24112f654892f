"""Whose turn it is, and whose time runs: what one client asks costs the others nothing."""

import os
import signal
import socket
import time
from contextlib import ExitStack

import pytest

from support.daemon import running, wait_until
from support.http_wire import HttpClient, get, request
from support.slow import SMALL, SlowClient, large, make_tree

ENTRIES = 2000


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = make_tree(tmp_path_factory.mktemp("root"))
    many = folder / "many"
    many.mkdir()
    for number in range(ENTRIES):
        (many / f"{number:05}").touch()
    (folder / "medium").write_bytes(bytes(200_000))
    return folder


def test_listings_asked_for_by_the_hundred_leave_others_their_turn(root):
    with running(root, workers=1) as daemon, ExitStack() as clients:
        for _ in range(20):
            client = clients.enter_context(HttpClient(daemon.port))
            client.send(request("/many/", method="HEAD") * 100)
        for _ in range(20):  # 2,000 listings take many times longer than a client waits
            assert get(daemon.port, "/small").body == SMALL
        assert not daemon.events("child_stuck")


def test_a_client_that_pipelines_for_long_is_not_taken_for_one_slow_request(root):
    whole = request("/small")
    begun, rest = whole[:10], whole[10:]
    with running(root, "--timeouts.head=1", workers=1) as daemon:
        with HttpClient(daemon.port) as client:
            client.send(begun)
            end = time.monotonic() + 1.6
            while time.monotonic() < end:
                client.send(rest + begun)
                assert client.answer().status == 200
        assert daemon.metrics()['filed_timeouts_total{phase="head"}'] == 0


def test_an_empty_line_after_the_first_request_leaves_the_connection_idle(root):
    with running(root, workers=1) as daemon, HttpClient(daemon.port) as client:
        client.send(request("/small") + b"\r\n")
        assert client.answer().body == SMALL
        wait_until(
            lambda: daemon.metrics()['filed_connections{state="idle"}'] == 1, "it to be idle"
        )


def test_a_transfer_that_ends_in_its_first_turn_has_taken_some_time(root):
    with running(root, workers=1) as daemon:
        assert len(get(daemon.port, "/medium").body) == 200_000
        (event,) = daemon.wait_for_event("request")
        assert 0 < event["ttfb"] <= event["seconds"]


def test_who_comes_while_the_daemon_stops_is_refused_at_once(root):
    with running(root) as daemon, SlowClient(daemon.port) as client:
        daemon.process.send_signal(signal.SIGTERM)
        wait_until(lambda: is_refused(daemon.port), "new connections to be refused")
        assert client.finish() == large()


def is_refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_to_the_whole_group_stops_it_as_one_to_the_master_does(root, number):
    with running(root) as daemon, SlowClient(daemon.port) as client:
        os.killpg(daemon.process.pid, number)
        assert client.finish() == large()
        client.sock.close()
        assert daemon.process.wait(10) == 0
        assert not daemon.events("child_died")
