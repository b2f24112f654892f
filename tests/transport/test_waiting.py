"""Answers that take long: who asks for one waits, and nobody else does."""

import json
import os
import selectors
import signal
import socket
import struct
import tempfile

import pytest

from support.daemon import running, wait_until
from support.http_wire import HttpClient, get, request
from support.many import MANY, folder_in_memory, make_many
from support.slow import SMALL, make_tree

LONG = "/many/?sort=size&format=json"


@pytest.fixture(scope="module")
def served():
    with folder_in_memory() as folder:
        make_many(make_tree(folder) / "many")
        yield folder


@pytest.fixture
def root(served):
    """A root whose large directory has just changed: nobody may remember it."""
    fd, _ = tempfile.mkstemp(dir=served / "many")
    os.close(fd)
    return served


@pytest.fixture(scope="module")
def serving(served):
    with running(served, workers=1) as daemon:
        yield daemon


@pytest.fixture
def daemon(serving, root):
    """A daemon that takes a while to list the directory."""
    assert root
    return serving


def connections(daemon):
    """How many there are, by their state."""
    found = daemon.metrics()
    return {
        state: found[f'filed_connections{{state="{state}"}}']
        for state in ("reading", "sending", "idle")
    }


def is_readable(client):
    with selectors.DefaultSelector() as selector:
        selector.register(client.sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def test_others_are_answered_while_a_long_listing_is_made(daemon):
    with HttpClient(daemon.port) as waiting, HttpClient(daemon.port) as other:
        waiting.send(request(LONG))
        answered = 0
        while not is_readable(waiting):
            assert other.get("/small").body == SMALL
            answered += 1
        assert json.loads(waiting.answer().body)["total"] > MANY
    assert answered > 10


def test_what_is_pipelined_behind_it_is_answered_after_it(daemon):
    with HttpClient(daemon.port) as client:
        client.send(request("/small") + request(LONG) + request("/small") * 2)
        assert client.answer().body == SMALL
        assert client.answer()["Content-Type"] == "application/json"
        assert client.answer().body == client.answer().body == SMALL


def test_who_has_said_all_still_gets_it(daemon):
    with HttpClient(daemon.port) as client:
        client.send(request(LONG))
        client.sock.shutdown(socket.SHUT_WR)
        assert client.answer().status == 200
        assert client.is_closed()


def test_who_goes_meanwhile_is_forgotten(daemon):
    wait_until(lambda: sum(connections(daemon).values()) == 0, "nobody to be there")
    with HttpClient(daemon.port) as client:
        client.send(request(LONG))
        wait_until(lambda: connections(daemon)["sending"] == 1, "it to wait")
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: sum(connections(daemon).values()) == 0, "it to be forgotten")
    (line,) = wait_until(
        lambda: [each for each in daemon.events("request") if each["outcome"] == "peer"],
        "it to be logged",
    )
    assert (line["name"], line["sent"]) == (LONG, 0)
    assert get(daemon.port, "/small").body == SMALL


def test_many_who_ask_for_the_same_get_the_same(daemon):
    clients = [HttpClient(daemon.port) for _ in range(20)]
    try:
        for client in clients:
            client.send(request(LONG))
        bodies = {client.answer().body for client in clients}
    finally:
        for client in clients:
            client.sock.close()
    assert len(bodies) == 1


def test_who_has_gone_leaves_no_work_behind(daemon):
    for number in range(100):  # all of them together would take longer than a client waits
        with HttpClient(daemon.port) as client:
            client.send(request(f"{LONG}&filter={number}"))
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert get(daemon.port, "/").status == 200


def test_its_time_counts_from_the_request(daemon):
    get(daemon.port, LONG, "User-Agent: patient")
    (event,) = wait_until(
        lambda: [each for each in daemon.events("request") if each["user_agent"] == "patient"],
        "it to be logged",
    )
    assert event["outcome"] == "done"
    assert 0.01 < event["ttfb"] <= event["seconds"]


def test_a_daemon_that_stops_finishes_it_first(root):
    with running(root, workers=1) as daemon, HttpClient(daemon.port) as client:
        client.send(request(LONG))
        wait_until(lambda: connections(daemon)["sending"] == 1, "it to wait")
        daemon.process.send_signal(signal.SIGTERM)
        answer = client.answer()
        assert (answer.status, answer["Connection"]) == (200, "close")
        assert daemon.process.wait(10) == 0


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_takes_too_long_is_given_up_in_words(root, method):
    with running(root, "--timeouts.stall=0.05", workers=1) as daemon:
        with HttpClient(daemon.port) as client:
            client.send(request(LONG, "Accept: application/json", method=method))
            answer = client.answer(method)
            assert (answer.status, answer["Connection"]) == (503, "close")
            assert (answer["Retry-After"], answer["Content-Type"]) == ("1", "application/json")
            assert client.is_closed()
        assert get(daemon.port, "/small").body == SMALL
        (event,) = daemon.wait_for_event("timed_out")
        assert event["setting"] == "timeouts.stall = 0.05"
        line = daemon.wait_for_event("request")[0]
        assert (line["method"], line["name"], line["status"]) == (method, LONG, 503)
        assert line["seconds"] >= 0.05
        assert daemon.metrics()['filed_timeouts_total{phase="answer"}'] == 1
