"""A connection's bytes become the same messages however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.http.syntax import Limits, Reader
from filed.protocols.messages import Format, Preferences, Protocol, Refusal, Request
from filed.protocols.stream import Awaits, Stream

GET = b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
EMPTY_LINES = b"\r\n\r\n"
PARTS = [GET % 1, GET % 22, POST, CHUNKED, EMPTY_LINES]


def stream():
    return Stream(Reader(Limits(request_line=8192, request_head=32768)))


def messages(pieces, *, ended=False):
    """All messages of a stream that was fed these pieces, as comparable values."""
    reading, found = stream(), []
    for piece in pieces:
        reading.feed(piece)
        found += drain(reading)
    if ended:
        reading.feed(b"")
        found += drain(reading)
    return found


def drain(reading):
    found = []
    while (message := reading.next()) is not None:
        found.append((type(message), message.protocol, message.method, message.target))
        if message.close:
            break
    return found


@given(st.lists(st.sampled_from(PARTS), max_size=8), st.data())
def test_requests_are_the_same_however_their_bytes_are_cut(parts, data):
    whole = b"".join(parts)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=12)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True) if a < b]
    expected = messages([whole])
    assert len(expected) == sum(part != EMPTY_LINES for part in parts)
    assert messages(pieces) == expected


@given(st.lists(st.sampled_from(PARTS), max_size=4))
def test_requests_are_the_same_byte_by_byte(parts):
    whole = b"".join(parts)
    assert messages([bytes([byte]) for byte in whole]) == messages([whole])


@pytest.mark.parametrize(
    ("data", "awaits"),
    [
        (b"", Awaits.REQUEST),
        (b"\r\n", Awaits.REQUEST),
        (GET % 1, Awaits.REQUEST),
        (b"G", Awaits.PROTOCOL),
        (b"HEAD", Awaits.PROTOCOL),
        (b"GET /x HTTP/1.1\r\n", Awaits.HEAD),
        (GET % 1 + b"\r\nGE", Awaits.HEAD),
        (POST[:-1], Awaits.BODY),
    ],
)
def test_a_stream_says_what_it_awaits(data, awaits):
    reading = stream()
    reading.feed(data)
    drain(reading)
    assert reading.awaits is awaits


def test_a_name_is_what_has_arrived_when_the_connection_turns_out_plain():
    assert messages([b"boot.img"]) == [(Request, Protocol.PLAIN, b"GET", b"boot.img")]


@pytest.mark.parametrize("name", [b"HEAD", b"G", b"GET"])
def test_a_name_that_begins_a_method_is_one_when_nothing_follows(name):
    assert messages([name]) == []
    assert messages([name], ended=True) == [(Request, Protocol.PLAIN, b"GET", name)]
    waiting = stream()
    waiting.feed(name)
    assert waiting.next() is None
    waiting.give_up_waiting()
    assert waiting.next().name == name


def test_a_badly_framed_body_is_refused_and_ends_the_stream():
    head = b"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    reading = stream()
    reading.feed(head + b"nonsense\r\n" + GET % 1)
    refusal = reading.next()
    assert isinstance(refusal, Refusal)
    assert refusal.status == 400
    assert refusal.close
    assert reading.next() is None


@pytest.mark.parametrize(
    ("body", "status"), [(b"nonsense\r\n", 400), (b"ffffff\r\n", 413), (b"5\r\nhelloworld", 400)]
)
def test_the_refusal_of_a_body_has_what_its_head_said(body, status):
    head = b"GET /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nUser-Agent: u\r\n"
    wishes = b"Referer: r\r\nAccept: application/json\r\nAccept-Encoding: br\r\n\r\n"
    reading = stream()
    reading.feed(head + wishes + body)
    refusal = reading.next()
    assert (refusal.status, refusal.target) == (status, b"/x")
    assert (refusal.user_agent, refusal.referer) == (b"u", b"r")
    assert refusal.preferences == Preferences(("br",), Format.JSON, Format.JSON)


def test_a_request_that_takes_too_long_is_refused_with_408():
    reading = stream()
    reading.feed(b"GET / HTTP/1.1\r\nHost:")
    assert reading.next() is None
    refusal = reading.late("too late")
    assert (refusal.status, refusal.reason, refusal.close) == (408, "too late", True)
    assert reading.is_empty
