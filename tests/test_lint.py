"""The judge of all answers: what it finds, and what it lets pass."""

import gzip

import pytest

from support import lint
from support.http_wire import request

DATE = b"Date: Tue, 14 Nov 2023 22:13:20 GMT"
LENGTH = b"Content-Length: 5"
PACKED = gzip.compress(b"hello")
PARTS = b"Content-Type: multipart/byteranges; boundary=b"


def _head(status, *fields):
    return b"\r\n".join([b"HTTP/1.1 " + status, DATE, *fields])


@pytest.mark.parametrize(
    ("note", "head", "body"),
    [
        ("CL_INCORRECT", _head(b"200 OK", b"Content-Length: 4"), b"hello"),
        ("BAD_SYNTAX", _head(b"200 OK", b"ETag: abc", LENGTH), b"hello"),
        ("BAD_DATE_SYNTAX", _head(b"200 OK", b"Last-Modified: 0", LENGTH), b"hello"),
        (
            "LM_FUTURE",
            _head(b"200 OK", b"Last-Modified: Tue, 14 Nov 2023 22:13:21 GMT", LENGTH),
            b"hello",
        ),
        ("PARTIAL_WITHOUT_RANGE", _head(b"206 Partial Content", LENGTH), b"hello"),
        ("RANGE_INVALID", _head(b"206 Partial Content", b"Content-Range: bytes 5-9/9"), b"hello"),
        ("REDIRECT_WITHOUT_LOCATION", _head(b"301 Moved Permanently"), b""),
        ("CONTENT_NOT_ALLOWED", _head(b"204 No Content"), b"hello"),
        (
            "BAD_GZIP",
            _head(b"200 OK", b"Content-Encoding: gzip", LENGTH),
            b"hello, this is not compressed",
        ),
        (
            "CHARSET_UNDECODABLE",
            _head(b"200 OK", b"Content-Type: text/plain; charset=utf-8"),
            b"\xff",
        ),
    ],
)
def test_what_breaks_a_rule_is_found_each_time(note, head, body):
    for _ in range(2):
        with pytest.raises(AssertionError, match=rf"(?m)^{note}: "):
            lint.check(head, body)


def test_what_was_not_asked_for_is_found():
    head = _head(b"206 Partial Content", b"Content-Range: bytes 0-4/10", LENGTH)
    lint.check(head, b"hello", asked=request("/", "Range: bytes=0-4"))
    with pytest.raises(AssertionError, match="PARTIAL_NOT_REQUESTED"):
        lint.check(head, b"hello", asked=request("/"))


def test_a_head_that_cannot_be_read_is_found():
    with pytest.raises(AssertionError, match="no head of an answer"):
        lint.check(b"HTTP/1.1 200 OK\r\nno field", b"")


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (_head(b"200 OK", b"Content-Encoding: gzip"), PACKED),
        (
            _head(b"206 Partial Content", b"Content-Encoding: gzip", b"Content-Range: bytes 2-5/9"),
            PACKED[2:6],
        ),
        (_head(b"206 Partial Content", PARTS), b"--b--\r\n"),
        (_head(b"414 URI Too Long", LENGTH), b"hello"),
        (_head(b"505 HTTP Version Not Supported", LENGTH), b"hello"),
    ],
)
def test_what_is_right_passes(head, body):
    lint.check(head, body)


BAD = _head(b"301 Moved Permanently", b"Content-Length: 0") + b"\r\n\r\n"
GOOD = _head(b"200 OK", LENGTH) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("received", "sent"),
    [
        (BAD, b""),
        (GOOD + b"hello" + BAD, b""),
        (GOOD + BAD, b""),
        (GOOD + BAD, request("/", method="HEAD") + request("/")),
        (GOOD + b"hello" + BAD, request("/", LENGTH) + b"\r\n\r\n" + request("/")),
    ],
)
def test_each_answer_of_a_stream_is_judged(received, sent):
    with pytest.raises(AssertionError, match="REDIRECT_WITHOUT_LOCATION"):
        lint.check_stream(received, sent)


@pytest.mark.parametrize("received", [b"", b"no HTTP", BAD[:-1], GOOD + b"hell", GOOD])
def test_what_was_cut_off_is_not_judged(received):
    lint.check_stream(received, request("/"))
