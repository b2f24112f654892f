"""Each protocol can be switched off, and says so in its own way or not at all."""

import socket

import pytest

from support.clients import ask, exchange
from support.daemon import running, wait_until
from support.http_wire import HttpClient, get
from support.served_tree import DIGITS
from support.tftp import ERROR, WRQ, Client, Refused, request

PROTOCOLS = ("http", "plain", "tftp", "query")


@pytest.fixture(scope="module")
def none_on(tree, as_nobody):
    off = [f"--{protocol}.enabled=false" for protocol in PROTOCOLS]
    with running(tree, *off, *as_nobody) as daemon:
        yield daemon


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("target", ["/digits", "/missing", "/dir", "/"])
def test_http_that_is_off_answers_403_and_closes(none_on, method, target):
    with HttpClient(none_on.port) as client:
        answer = client.get(target, method=method)
        assert (answer.status, answer["Connection"]) == (403, "close")
        assert client.is_closed()


@pytest.mark.parametrize("sent", [b"digits", b"digits\n", b"missing\n", b"HEAD"])
def test_plain_that_is_off_closes(none_on, sent):
    assert exchange(none_on.port, sent) == b""


def test_a_query_that_is_off_is_dropped(none_on):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", none_on.udp_port))
        sock.send(b"digits")
        wait_until(lambda: _dropped(none_on) == 1, "the query to be counted")
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(1)


def _dropped(daemon):
    return daemon.metrics()['filed_datagrams_dropped_total{reason="disabled"}']


@pytest.mark.parametrize(
    "datagram",
    [
        request(b"digits"),
        request(b"digits", blksize=1428),
        request(b"missing"),
        request(b"digits", b"mail"),
        request(b"digits", opcode=WRQ),
        b"\0\1",
    ],
)
def test_tftp_that_is_off_is_refused(none_on, datagram):
    with Client(none_on) as client:
        client.knock(datagram)
        refusal = client.receive()
    assert refusal[:3] == (ERROR, 2, b"TFTP is switched off here")
    assert refusal.source == client.server


@pytest.mark.parametrize("off", PROTOCOLS)
def test_one_that_is_off_takes_nothing_from_the_others(tree, as_nobody, off):
    with running(tree, f"--{off}.enabled=false", *as_nobody) as daemon:
        works = {
            "http": lambda: get(daemon.port, "/digits").status == 200,
            "plain": lambda: exchange(daemon.port, b"digits\n") == DIGITS,
            "tftp": lambda: _tftp_works(daemon),
            "query": lambda: ask(daemon.udp_port, b"digits", timeout=0.2) is not None,
        }
        assert {protocol: check() for protocol, check in works.items()} == {
            protocol: protocol != off for protocol in PROTOCOLS
        }


def _tftp_works(daemon):
    with Client(daemon) as client:
        try:
            return client.read(b"digits") == DIGITS
        except Refused:
            return False
