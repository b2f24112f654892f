"""Every way in which a request can be wrong, and what it is answered with."""

import itertools

import pytest

from filed.protocols import detect
from filed.protocols.messages import Protocol
from support.clients import exchange, receive_all
from support.http_wire import HttpClient, answers, request

HOST = b"Host: a\r\n"
OLD = b"GET /digits HTTP/1.0\r\n"
LINE = b"GET /digits HTTP/1.1\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"

REFUSED = {
    "no Host": (400, LINE + b"\r\n"),
    "two Hosts": (400, LINE + HOST + HOST + b"\r\n"),
    "a Host that is none": (400, LINE + b"Host: a b\r\n\r\n"),
    "a Host with a path": (400, LINE + b"Host: a/b\r\n\r\n"),
    "no version": (400, b"GET /digits\r\n" + HOST + b"\r\n"),
    "two spaces before the target": (400, b"GET  /digits HTTP/1.1\r\n" + HOST + b"\r\n"),
    "two spaces before the version": (400, b"GET /digits  HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a space in the target": (400, b"GET /digits x HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a tab for a space": (400, b"GET /digits\tHTTP/1.1\r\n" + HOST + b"\r\n"),
    "a space behind the version": (400, b"GET /digits HTTP/1.1 \r\n" + HOST + b"\r\n"),
    "a control in the target": (400, b"GET /dig\x01its HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a NUL in the target": (400, b"GET /digits\x00 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a version in lower case": (400, b"GET /digits http/1.1\r\n" + HOST + b"\r\n"),
    "a version without a dot": (400, b"GET /digits HTTP/11\r\n" + HOST + b"\r\n"),
    "a version of two digits": (400, b"GET /digits HTTP/1.10\r\n" + HOST + b"\r\n"),
    "another protocol": (400, b"GET /digits RTSP/1.0\r\n" + HOST + b"\r\n"),
    "a coffee pot": (400, b"GET /digits HTCPCP/1.0\r\n" + HOST + b"\r\n"),
    "a target that is no path": (400, b"GET digits HTTP/1.1\r\n" + HOST + b"\r\n"),
    "an asterisk to get": (400, b"GET * HTTP/1.1\r\n" + HOST + b"\r\n"),
    "another scheme": (400, b"GET ftp://a/digits HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a fragment": (400, b"GET /digits#top HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a percent sign alone": (400, b"GET /digits% HTTP/1.1\r\n" + HOST + b"\r\n"),
    "an escape that is none": (400, b"GET /digits%zz HTTP/1.1\r\n" + HOST + b"\r\n"),
    "bare LF": (400, b"GET /digits HTTP/1.1\nHost: a\n\n"),
    "bare LF after the first line": (400, LINE + b"Host: a\n\r\n"),
    "bare LF at the end": (400, LINE + HOST + b"\n"),
    "bare LF in a value": (400, LINE + HOST + b"X: a\nY: b\r\n\r\n"),
    "bare CR in the first line": (400, b"GET /digits\r HTTP/1.1\r\n" + HOST + b"\r\n"),
    "bare CR in a value": (400, LINE + HOST + b"X: a\rY: b\r\n\r\n"),
    "bare CR at the end": (400, LINE + HOST + b"\r\r\n\r\n"),
    "CR CR LF": (400, LINE + b"Host: a\r\r\n\r\n"),
    "a NUL in a value": (400, LINE + HOST + b"X: a\x00b\r\n\r\n"),
    "whitespace before a colon": (400, LINE + b"Host : a\r\n\r\n"),
    "a tab before a colon": (400, LINE + HOST + b"X\t: a\r\n\r\n"),
    "a folded field": (400, LINE + HOST + b"X: a\r\n b\r\n\r\n"),
    "a fold after the first line": (400, LINE + b" X: a\r\n" + HOST + b"\r\n"),
    "a field without a colon": (400, LINE + HOST + b"X\r\n\r\n"),
    "a field without a name": (400, LINE + HOST + b": a\r\n\r\n"),
    "a name that is no token": (400, LINE + HOST + b"X(y): a\r\n\r\n"),
    "two lengths that differ": (
        400,
        LINE + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ),
    "a list of lengths": (400, LINE + HOST + b"Content-Length: 1, 2\r\n\r\nab"),
    "a length with a sign": (400, LINE + HOST + b"Content-Length: +1\r\n\r\na"),
    "a negative length": (400, LINE + HOST + b"Content-Length: -1\r\n\r\na"),
    "a length in hexadecimal": (400, LINE + HOST + b"Content-Length: 0x1\r\n\r\na"),
    "no length": (400, LINE + HOST + b"Content-Length:\r\n\r\n"),
    "length and coding": (400, LINE + HOST + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n"),
    "coding and length": (400, LINE + HOST + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n"),
    "a coding that is not chunked": (400, LINE + HOST + b"Transfer-Encoding: gzip\r\n\r\n"),
    "chunked not last": (400, LINE + HOST + b"Transfer-Encoding: chunked, gzip\r\n\r\n"),
    "chunked twice": (400, LINE + HOST + b"Transfer-Encoding: chunked, chunked\r\n\r\n"),
    "almost chunked": (400, LINE + HOST + b"Transfer-Encoding: xchunked\r\n\r\n"),
    "a coding in HTTP/1.0": (400, OLD + HOST + CHUNKED + b"\r\n0\r\n\r\n"),
    "an unknown method": (501, b"BREW /digits HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a method in lower case": (501, b"get /digits HTTP/1.1\r\n" + HOST + b"\r\n"),
    "version 0.9": (505, b"GET /digits HTTP/0.9\r\n" + HOST + b"\r\n"),
    "version 2.0": (505, b"GET /digits HTTP/2.0\r\n" + HOST + b"\r\n"),
    "version 3.0": (505, b"GET /digits HTTP/3.0\r\n" + HOST + b"\r\n"),
    "the preface of HTTP/2": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "a long line": (414, b"GET /" + b"n" * 8192 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a long line without an end": (414, b"GET /" + b"n" * 10_000),
    "a long head": (431, LINE + HOST + b"X: " + b"v" * 32768 + b"\r\n\r\n"),
    "a long head without an end": (431, LINE + HOST + b"X: v\r\n" * 98 + b"Y: " + b"v" * 33_000),
    "many fields": (431, LINE + HOST + b"X: v\r\n" * 100 + b"\r\n"),
    "a large body": (413, LINE + HOST + b"Content-Length: 65537\r\n\r\n"),
    "a body beyond counting": (413, LINE + HOST + b"Content-Length: %d\r\n\r\n" % 10**30),
    "a large chunk": (413, LINE + HOST + CHUNKED + b"\r\n10001\r\n"),
    "large chunks together": (
        413,
        LINE + HOST + CHUNKED + b"\r\n8000\r\n" + b"x" * 32768 + b"\r\n8001\r\n",
    ),
    "a chunk's size that is none": (400, LINE + HOST + CHUNKED + b"\r\nx\r\n"),
    "a chunk that is longer than its size": (400, LINE + HOST + CHUNKED + b"\r\n1\r\nab\r\n"),
    "a chunk's size with a sign": (400, LINE + HOST + CHUNKED + b"\r\n+1\r\na\r\n0\r\n\r\n"),
    "a chunk's line that ends in LF": (400, LINE + HOST + CHUNKED + b"\r\n1\na\n0\n\n"),
    "a trailer that is none": (400, LINE + HOST + CHUNKED + b"\r\n0\r\nx\r\n\r\n"),
}
TABLE = pytest.mark.parametrize(("status", "data"), REFUSED.values(), ids=REFUSED)


@TABLE
def test_a_wrong_request_is_refused_and_the_connection_closes(daemon, status, data):
    _assert_refused(exchange(daemon.port, data), status)


@TABLE
def test_a_wrong_request_that_comes_in_pieces_is_refused_just_the_same(daemon, status, data):
    with HttpClient(daemon.port) as client:
        for piece in _pieces(data):
            client.send(piece)
        _assert_refused(receive_all(client.sock), status)


@TABLE
def test_a_wrong_request_behind_a_right_one_is_refused_after_its_answer(daemon, status, data):
    found = exchange(daemon.port, request("/digits") + data)
    head, _, rest = found.partition(b"0123456789")
    assert head.startswith(b"HTTP/1.1 200 ")
    _assert_refused(rest, status)


@TABLE
def test_nothing_that_follows_a_wrong_request_is_taken_for_one(daemon, status, data):
    _assert_refused(exchange(daemon.port, data + request("/digits")), status)


def test_what_is_refused_is_answered_in_words_that_quote_nothing(daemon):
    for _, data in REFUSED.values():
        (answer,) = answers(exchange(daemon.port, data), "GET")
        assert answer.body.startswith(b"%d " % answer.status)
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert b"/digits" not in answer.body


@pytest.mark.parametrize(
    ("status", "data"),
    [
        (400, b"GET /digits\r\n"),
        (505, b"GET /digits HTTP/2.0\r\n"),
        (501, b"BREW /digits HTTP/1.1\r\n"),
        (400, LINE + b"Host: a\n"),
        (414, b"GET /" + b"n" * 8192),
        (413, LINE + HOST + CHUNKED + b"\r\nfffff\r\n"),
    ],
)
def test_what_cannot_become_right_any_more_is_refused_at_once(daemon, status, data):
    """`exchange` neither ends the request nor half-closes, and is answered all the same."""
    _assert_refused(exchange(daemon.port, data, timeout=5), status)


def test_a_head_just_within_its_limits_is_read(daemon):
    with HttpClient(daemon.port) as client:
        line = b"GET /" + b"n" * (8192 - len("GET / HTTP/1.1")) + b" HTTP/1.1\r\n"
        for head in (
            line + HOST + b"\r\n",
            LINE + HOST + b"X: v\r\n" * 99 + b"\r\n",
            LINE + HOST + b"X: " + b"v" * (32768 - len(LINE + HOST + b"X: \r\n\r\n")) + b"\r\n\r\n",
        ):
            client.send(head)
            assert client.answer().status in (200, 404)


def _pieces(data):
    """Split what decides the protocol from the rest, and that into bytes (or 2,000 pieces)."""
    sizes = range(1, len(data) + 1)
    decided = next(
        size for size in sizes if detect.decide(data[:size], ended=False) is Protocol.HTTP
    )
    step = max(1, len(data) // 2000)
    return [data[:decided], *itertools.starmap(bytes, _cut(data[decided:], step))]


def _cut(data, step):
    return ((data[at : at + step],) for at in range(0, len(data), step))


def _assert_refused(stream, status):
    (answer,) = answers(stream, "GET")
    assert (answer.status, answer["Connection"]) == (status, "close")
