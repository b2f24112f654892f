"""What stands around the parts, as Python's own email package understands it."""

import email
import itertools
from email.policy import HTTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.http.multipart import content_type, frame, size_bytes
from filed.protocols.http.ranges import Span

BOUNDARY = b"4d3b9f0c6a7e4e0f"
FILE = bytes(range(256)) * 4


def body(spans, framing, data=FILE):
    """Put the body together as a server sends it."""
    parts = [data[span.offset : span.end] for span in spans]
    pairs = itertools.zip_longest(framing, parts, fillvalue=b"")
    return b"".join(itertools.chain.from_iterable(pairs))


def parsed(sent, boundary=BOUNDARY):
    head = b"Content-Type: %b\r\n\r\n" % content_type(boundary)
    message = email.message_from_bytes(head + sent, policy=HTTP)
    assert message.get_content_type() == "multipart/byteranges"
    assert not message.defects
    assert (message.preamble, message.epilogue) == (None, "")
    return message.get_payload()


EXAMPLE = (  # RFC 9110 §14.6, with its parts left empty
    b"--THIS_STRING_SEPARATES\r\n"
    b"Content-Type: application/pdf\r\n"
    b"Content-Range: bytes 500-999/8000\r\n"
    b"\r\n"
    b"\r\n--THIS_STRING_SEPARATES\r\n"
    b"Content-Type: application/pdf\r\n"
    b"Content-Range: bytes 7000-7999/8000\r\n"
    b"\r\n"
    b"\r\n--THIS_STRING_SEPARATES--\r\n"
)


def test_the_example_of_the_standard():
    spans = Span(500, 500), Span(7000, 1000)
    boundary = b"THIS_STRING_SEPARATES"
    framing = frame(spans, size=8000, media_type=b"application/pdf", boundary=boundary)
    assert len(framing) == 3
    assert b"".join(framing) == EXAMPLE
    assert content_type(boundary) == b"multipart/byteranges; boundary=THIS_STRING_SEPARATES"


@pytest.mark.parametrize("media_type", [None, b""])
def test_where_the_media_type_is_not_known_nothing_is_said_of_it(media_type):
    spans = Span(0, 1), Span(2, 1)
    framing = frame(spans, size=3, media_type=media_type, boundary=b"b")
    assert framing == (
        b"--b\r\nContent-Range: bytes 0-0/3\r\n\r\n",
        b"\r\n--b\r\nContent-Range: bytes 2-2/3\r\n\r\n",
        b"\r\n--b--\r\n",
    )


def test_the_parts_are_found_again():
    spans = Span(0, 1), Span(2, 12), Span(1020, 4)
    framing = frame(spans, size=1024, media_type=b"text/plain; charset=utf-8", boundary=BOUNDARY)
    parts = parsed(body(spans, framing))
    assert [part["Content-Range"] for part in parts] == [
        "bytes 0-0/1024",
        "bytes 2-13/1024",
        "bytes 1020-1023/1024",
    ]
    assert {part.get_content_type() for part in parts} == {"text/plain"}
    assert {part.get_content_charset() for part in parts} == {"utf-8"}


# What a parser might take for lines of its own.
TRICKY = st.sampled_from(
    (b"\r\n", b"\r", b"\n", b"--", b"-", b"\0", b"\xff", b":", BOUNDARY[:-1], BOUNDARY[1:])
)


@given(st.lists(TRICKY, min_size=8, max_size=200).map(b"".join), st.data())
def test_whatever_the_file_holds_the_parts_are_exact(data, draw):
    at = sorted(draw.draw(st.sets(st.integers(0, len(data)), min_size=4, max_size=20)))
    spans = [Span(a, b - a) for a, b in zip(at[::2], at[1::2], strict=False)]
    framing = frame(
        spans, size=len(data), media_type=b"application/octet-stream", boundary=BOUNDARY
    )
    sent = body(spans, framing, data)
    assert size_bytes(spans, framing) == len(sent)
    parts = parsed(sent)
    assert len(parts) == len(spans)
    for part, span in zip(parts, spans, strict=True):
        unit, _, where = part["Content-Range"].partition(" ")
        first, last, size = map(int, where.replace("/", "-").split("-"))
        assert (unit, size) == ("bytes", len(data))
        assert part.get_payload(decode=True) == data[first : last + 1]
        assert (first, last + 1) == (span.offset, span.end)
