"""Plain TCP: a name in, the bytes out, close."""

import socket
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from support.clients import exchange, receive_all
from support.daemon import running
from support.http_wire import answers, request
from support.served_tree import DIGITS, LARGE

# What the daemon waits for the rest of what may be a method.
DECIDE_S = 0.3

HEAD = b"ref: refs/heads/main\n"


@contextmanager
def connected(daemon):
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield sock


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (b"digits", DIGITS),
        (b"digits\n", DIGITS),
        (b"digits\r\n", DIGITS),
        (b"/digits", DIGITS),
        (b"//digits\n", DIGITS),
        (b"./dir/../digits", DIGITS),
        (b"digits\nand more\n", DIGITS),
        (b"\r\n\r\ndigits\r\n", DIGITS),
        (b"empty", b""),
        (b"large.bin", LARGE),
        (b"dir/file", b"in a directory"),
        (b"dir\\file", b"in a directory"),
        (b"\\dir\\file\r\n", b"in a directory"),
        (b"dir\\..\\digits", DIGITS),
        (b"back\\slash", b"a backslash"),
        (b"a b&c.txt", b"odd name"),
        ("grüße.txt".encode(), b"UTF-8"),
        (b"\xff\xfe.bin", b"not UTF-8"),
        (b".well-known/acme", b"challenge"),
        (b"HEAD\n", HEAD),
        (b"GET\r\n", b"got\n"),
        (b"/GET", b"got\n"),
        (b"/" * 1018 + b"digits", DIGITS),
    ],
)
def test_a_name_brings_its_file(daemon, sent, body):
    assert exchange(daemon.port, sent) == body
    assert exchange(daemon.port, sent, half_close=True) == body


REFUSED = [
    (404, b"missing"),
    (404, b"missing\\file"),
    (404, b"dir"),
    (404, b"dir/"),
    (404, b"/"),
    (404, b"indexed/"),
    (404, b"digits/"),
    (404, b"digits "),
    (404, b"dig%69ts"),
    (404, b"digits\r"),
    (404, b".hidden"),
    (404, b"dir\\.hidden\\file"),
    (404, b"fifo"),
    (404, b"socket"),
    (404, b"n" * 1024),
    (403, b"unreadable"),
    (400, b"digits\0"),
    (400, b"\n"),
    (400, b"\r\n\n"),
    (400, b"n" * 1025),
    (400, b"/" * 1019 + b"digits"),
    (400, b"n" * 100_000),
]


@pytest.mark.parametrize("sent", [sent for _, sent in REFUSED])
def test_what_cannot_be_had_is_no_byte_and_a_close(daemon, sent):
    assert exchange(daemon.port, sent) == b""


def test_the_log_and_the_metrics_say_why_nothing_was_sent(tree, as_nobody):
    with running(tree, *as_nobody) as daemon:
        for _, sent in REFUSED:
            exchange(daemon.port, sent)
        events = daemon.wait_for_event("request", len(REFUSED))
        assert {(event["protocol"], event["sent"]) for event in events} == {("plain", 0)}
        assert Counter(event["status"] for event in events) == _statuses()
        assert _counted(daemon) == _statuses()


def _statuses():
    return Counter(status for status, _ in REFUSED)


def _counted(daemon):
    series = 'filed_requests_total{{code="{}",method="GET",protocol="plain"}}'
    scrape = daemon.metrics()
    return {code: scrape[series.format(code)] for code in (400, 403, 404)}


def test_a_name_in_two_pieces_that_begins_like_a_method_is_one_name(daemon):
    with connected(daemon) as sock:
        sock.sendall(b"G")
        sock.sendall(b"rub.cfg")
        assert receive_all(sock) == b"set timeout=1\n"


@pytest.mark.parametrize(
    "pieces", [[b"HE", b"AD\n"], [b"G", b"E", b"T", b"\n"], [b"HEAD", b"\r\n"]]
)
def test_a_file_that_is_called_like_a_method_may_be_asked_for_in_pieces(daemon, pieces):
    with connected(daemon) as sock:
        for piece in pieces:
            sock.sendall(piece)
        assert receive_all(sock) in (HEAD, b"got\n")


@pytest.mark.parametrize(("name", "body"), [(b"HEAD", HEAD), (b"GET", b"got\n"), (b"G", b"")])
def test_what_may_become_a_method_waits_a_moment_and_is_a_name_then(daemon, name, body):
    with connected(daemon) as sock:
        sock.sendall(name)
        began_s = time.monotonic()
        assert receive_all(sock) == body
        assert DECIDE_S * 0.9 <= time.monotonic() - began_s < 5


@pytest.mark.parametrize(("name", "body"), [(b"HEAD", HEAD), (b"GET", b"got\n"), (b"G", b"")])
def test_what_may_become_a_method_waits_for_nothing_once_the_client_half_closes(daemon, name, body):
    began_s = time.monotonic()
    for _ in range(10):
        assert exchange(daemon.port, name, half_close=True) == body
    assert time.monotonic() - began_s < 10 * DECIDE_S


def test_a_method_that_is_completed_in_time_is_one(daemon):
    whole = request("/digits", "Connection: close")
    with connected(daemon) as sock:
        sock.sendall(whole[:2])
        sock.sendall(whole[2:])
        (answer,) = answers(receive_all(sock), "GET")
        assert answer.body == DIGITS


def test_a_connection_that_brings_nothing_gets_nothing(daemon):
    assert exchange(daemon.port, b"", half_close=True) == b""


def test_what_follows_a_name_is_read_away_and_costs_no_byte_of_the_file(daemon):
    for _ in range(10):
        with connected(daemon) as sock:
            sock.sendall(b"large.bin\n" + b"x" * 200_000)
            assert receive_all(sock) == LARGE


def test_the_protocol_is_decided_once(daemon):
    stream = exchange(daemon.port, b"digits\n" + request("/empty"))
    assert stream == DIGITS
