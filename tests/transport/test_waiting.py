"""Answers that take long: who asks for one waits, and nobody else does."""

import selectors
import signal
import socket
import struct

import pytest

from support.daemon import running, wait_until
from support.http_wire import HttpClient, get, request
from support.many import MANY, folder_in_memory, make_many
from support.slow import SMALL, make_tree

# By size, all entries have to be looked at; a filter makes each of them another one to make.
LONG = "/many/?sort=size&format=json&filter={}"


@pytest.fixture(scope="module")
def root():
    with folder_in_memory() as folder:
        make_many(make_tree(folder) / "many")
        yield folder


@pytest.fixture(scope="module")
def daemon(root):
    with running(root, workers=1) as daemon:
        yield daemon


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
        waiting.send(request(LONG.format("")))
        answered = 0
        while not is_readable(waiting):
            assert other.get("/small").body == SMALL
            answered += 1
        assert f'"total":{MANY}'.encode() in waiting.answer().body
    assert answered > 10


def test_what_is_pipelined_behind_it_is_answered_after_it(daemon):
    with HttpClient(daemon.port) as client:
        client.send(request("/small") + request(LONG.format("1")) + request("/small") * 2)
        assert client.answer().body == SMALL
        assert client.answer()["Content-Type"] == "application/json"
        assert client.answer().body == client.answer().body == SMALL


def test_who_has_said_all_still_gets_it(daemon):
    with HttpClient(daemon.port) as client:
        client.send(request(LONG.format("2")))
        client.sock.shutdown(socket.SHUT_WR)
        assert client.answer().status == 200
        assert client.is_closed()


def test_who_goes_meanwhile_is_forgotten(daemon):
    wait_until(lambda: sum(connections(daemon).values()) == 0, "nobody to be there")
    with HttpClient(daemon.port) as client:
        client.send(request(LONG.format("3")))
        wait_until(lambda: connections(daemon)["sending"] == 1, "it to wait")
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: sum(connections(daemon).values()) == 0, "it to be forgotten")
    assert get(daemon.port, "/small").body == SMALL


def test_many_who_ask_for_the_same_get_the_same(daemon):
    clients = [HttpClient(daemon.port) for _ in range(20)]
    try:
        for client in clients:
            client.send(request(LONG.format("4")))
        bodies = {client.answer().body for client in clients}
    finally:
        for client in clients:
            client.sock.close()
    assert len(bodies) == 1


def test_its_time_counts_from_the_request(daemon):
    get(daemon.port, LONG.format("5"), "User-Agent: patient")
    (event,) = wait_until(
        lambda: [each for each in daemon.events("request") if each["user_agent"] == "patient"],
        "it to be logged",
    )
    assert event["outcome"] == "done"
    assert 0.01 < event["ttfb"] <= event["seconds"]


def test_a_daemon_that_stops_finishes_it_first(root):
    with running(root, workers=1) as daemon, HttpClient(daemon.port) as client:
        client.send(request(LONG.format("")))
        wait_until(lambda: connections(daemon)["sending"] == 1, "it to wait")
        daemon.process.send_signal(signal.SIGTERM)
        answer = client.answer()
        assert (answer.status, answer["Connection"]) == (200, "close")
        assert daemon.process.wait(10) == 0


def test_what_takes_too_long_is_given_up_in_words(root):
    with running(root, "--timeouts.stall=0.05", workers=1) as daemon:
        with HttpClient(daemon.port) as client:
            client.send(request(LONG.format("")))
            answer = client.answer()
            assert (answer.status, answer["Connection"]) == (503, "close")
            assert client.is_closed()
        assert get(daemon.port, "/small").body == SMALL
