"""The relay that listens in: the two sides do not notice it, and it notices what is wrong."""

import socket
from contextlib import contextmanager, suppress

import pytest

from support.clients import receive_all
from support.http_wire import request
from support.relay import relayed

BAD = b"HTTP/1.1 301 Moved Permanently\r\nContent-Length: 0\r\n\r\n"
PIECE = bytes(1 << 20)


@contextmanager
def both_sides():
    """A client's socket, and the server's that the relay has connected it to."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        relayed(listener.getsockname()[1]) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as client,
        listener.accept()[0] as server,
    ):
        server.settimeout(10)
        yield client, server


def _fill(sock):
    """Send until no more is taken."""
    sock.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            sock.send(PIECE)


def test_bytes_pass_both_ways():
    with both_sides() as (client, server):
        for _ in range(3):
            client.sendall(b"ask")
            assert server.recv(100) == b"ask"
            server.sendall(b"answer")
            assert client.recv(100) == b"answer"


def test_an_end_passes_and_leaves_the_other_way_open():
    with both_sides() as (client, server):
        client.shutdown(socket.SHUT_WR)
        assert server.recv(1) == b""
        server.sendall(b"answer")
        server.close()
        assert receive_all(client) == b"answer"


@pytest.mark.parametrize("client_goes", [True, False])
def test_a_reset_passes(client_goes):
    with both_sides() as pair:
        going, staying = pair if client_goes else pair[::-1]
        going.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        going.close()
        with pytest.raises(ConnectionResetError):
            staying.recv(1)


def test_who_does_not_read_stops_nobody_else():
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        relayed(listener.getsockname()[1]) as port,
        socket.create_connection(("127.0.0.1", port)) as stuck,
        listener.accept()[0] as sender,
        socket.create_connection(("127.0.0.1", port), timeout=10) as client,
        listener.accept()[0] as server,
    ):
        _fill(sender)
        server.sendall(b"answer")
        assert client.recv(100) == b"answer"
        assert stuck.recv(1) == PIECE[:1]


def test_who_finds_no_server_is_hung_up_on():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with relayed(port) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        assert client.recv(1) == b""


def test_a_bad_answer_is_told_at_the_end():
    with pytest.raises(AssertionError, match="REDIRECT_WITHOUT_LOCATION"):
        _answer_badly()


def _answer_badly():
    with both_sides() as (client, server):
        client.sendall(request("/"))
        server.sendall(BAD)
        assert client.recv(1000) == BAD
