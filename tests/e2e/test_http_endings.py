"""How connections end: nobody loses a reply, and nobody takes a part for the whole."""

import os
import socket
import threading
from contextlib import suppress

import pytest

from support.clients import exchange, receive_all
from support.daemon import running
from support.http_wire import HttpClient, answers, request
from support.served_tree import DIGITS, LARGE

HUGE_BYTES = 256 * 1024 * 1024


def test_a_client_that_half_closes_gets_the_whole_reply(daemon):
    for target, body in (("/large.bin", LARGE), ("/digits", DIGITS)):
        stream = exchange(daemon.port, request(target), half_close=True)
        (answer,) = answers(stream, "GET")
        assert answer.body == body


def test_a_client_that_half_closes_gets_the_replies_to_all_that_it_asked(daemon):
    targets = ["/digits", "/large.bin", "/empty"] * 3 + ["/digits"] * 200
    stream = b"".join(map(request, targets))
    found = answers(exchange(daemon.port, stream, half_close=True), *["GET"] * len(targets))
    assert [answer.status for answer in found] == [200] * len(targets)
    assert found[1].body == found[4].body == LARGE


class Flood(threading.Thread):
    """Sends junk while a `with` block runs, or until the server has cut the connection."""

    def __init__(self, sock):
        super().__init__()
        self.cut = threading.Event()
        self._sock = sock
        self._enough = threading.Event()

    def run(self):
        try:
            while not self._enough.is_set():
                self._sock.send(b"x" * 65536)
        except (ConnectionError, TimeoutError):
            self.cut.set()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self._enough.set()
        with suppress(OSError):  # it is cut: nobody waits in `send`
            self._sock.shutdown(socket.SHUT_WR)
        self.join()


@pytest.mark.parametrize("target", ["/digits", "/large.bin", "/missing"])
def test_a_reply_that_closes_is_not_lost_while_the_client_still_sends(daemon, target):
    for _ in range(5):
        with HttpClient(daemon.port) as client:
            client.send(request(target, "Connection: close") + b"x" * 100_000)
            with Flood(client.sock):
                answers(receive_all(client.sock), "GET")


@pytest.mark.parametrize(
    ("status", "head"),
    [
        (413, request("/digits", "Content-Length: 8388608", method="POST")),
        (405, request("/digits", "Content-Length: 8388608", "Expect: 100-continue", method="PUT")),
        (400, b"GET  /digits HTTP/1.1\r\n"),
        (414, b"GET /" + b"n" * 8192),
    ],
)
def test_a_refusal_is_not_lost_while_the_client_still_sends(daemon, status, head):
    for _ in range(5):
        with HttpClient(daemon.port) as client:
            client.send(head)
            with Flood(client.sock):
                (answer,) = answers(receive_all(client.sock), "GET")
            assert answer.status == status


def test_a_connection_is_closed_for_good_though_the_client_never_stops(daemon):
    with HttpClient(daemon.port) as client:
        client.send(request("/digits", "Connection: close"))
        with Flood(client.sock) as flood:
            answers(receive_all(client.sock), "GET")
            assert flood.cut.wait(10)


@pytest.fixture
def huge(tmp_path, as_nobody):
    """A daemon, and a file of zeros that no socket's buffers hold."""
    tmp_path.chmod(0o755)
    path = tmp_path / "huge"
    path.touch()
    os.truncate(path, HUGE_BYTES)
    with running(tmp_path, *as_nobody) as daemon:
        yield daemon, path


@pytest.mark.parametrize("asked", [request("/huge"), b"huge\n"], ids=["http", "plain"])
def test_a_file_that_is_truncated_while_it_is_sent_ends_in_a_reset(huge, asked):
    daemon, path = huge
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as sock:
        sock.sendall(asked)
        assert sock.recv(1000)
        os.truncate(path, 1000)
        with pytest.raises(ConnectionResetError):
            receive_all(sock)
    assert daemon.wait_for_event("request")[0]["outcome"] == "truncated"


@pytest.mark.parametrize("asked", [request("/huge"), b"huge\n"], ids=["http", "plain"])
def test_a_file_that_grows_while_it_is_sent_is_sent_as_long_as_was_promised(huge, asked):
    daemon, path = huge
    os.truncate(path, 32 * 1024 * 1024)
    with HttpClient(daemon.port) as client:
        client.send(asked)
        begun = client.sock.recv(1000)
        os.truncate(path, HUGE_BYTES)
        client.sock.shutdown(socket.SHUT_WR)
        whole = begun + receive_all(client.sock)
    body = whole.partition(b"\r\n\r\n")[2] if asked.startswith(b"GET") else whole
    assert len(body) == 32 * 1024 * 1024


@pytest.mark.parametrize("asked", [request("/huge"), b"huge\n"], ids=["http", "plain"])
def test_a_file_that_is_replaced_while_it_is_sent_goes_out_as_it_was(huge, asked):
    daemon, path = huge
    os.truncate(path, 32 * 1024 * 1024)
    with HttpClient(daemon.port) as client:
        client.send(asked)
        begun = client.sock.recv(1000)
        replacement = path.with_name("new")
        replacement.write_bytes(b"x" * 1000)
        replacement.replace(path)
        client.sock.shutdown(socket.SHUT_WR)
        whole = begun + receive_all(client.sock)
    body = whole.partition(b"\r\n\r\n")[2] if asked.startswith(b"GET") else whole
    assert body == bytes(32 * 1024 * 1024)


def test_a_client_that_goes_away_costs_the_others_nothing(huge):
    daemon, _ = huge
    for _ in range(20):
        with HttpClient(daemon.port) as client:
            client.send(request("/huge") * 3)
            client.sock.recv(1)
    assert all(event["outcome"] == "peer" for event in daemon.wait_for_event("request", 20))
    with HttpClient(daemon.port) as client:
        assert client.get("/missing").status == 404
    assert not daemon.events("connection_failed")
