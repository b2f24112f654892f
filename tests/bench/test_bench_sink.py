"""The receiver that throws bodies away must still see whether they are whole."""

import socket
import threading

import pytest
from bench.errors import NoFigure
from bench.sink import Answer, fetch, request

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n"


def answered_with(data):
    """What `fetch` makes of a server that sends these bytes and closes."""
    client, server = socket.socketpair()

    def serve():
        with server:
            server.recv(65536)
            server.sendall(data)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client:
            return fetch(client, request(80, "name"))
    finally:
        thread.join()


def test_a_whole_answer_is_told_by_its_sizes():
    assert answered_with(HEAD + b"x" * 300_000) == Answer(200, len(HEAD), 300_000)


def test_a_304_has_no_body_whatever_length_it_tells():
    head = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 300000\r\n\r\n"
    assert answered_with(head) == Answer(304, len(head), 0)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (HEAD + b"x" * 299_999, "1 bytes early"),
        (HEAD, "300000 bytes early"),
        (HEAD[:-1], "in the head"),
        (b"", "in the head"),
        (b"HTTP/1.1 200 OK\r\n\r\nbody", "length"),
    ],
)
def test_an_answer_that_is_not_whole_is_no_figure(data, why):
    with pytest.raises(NoFigure, match=why):
        answered_with(data)


def test_the_request_is_written_as_wrk_writes_it():
    assert request(8080, "1k.bin", ("Connection: close",)) == (
        b"GET /1k.bin HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n\r\n"
    )
