import pytest
from httptools import HttpParserError, HttpRequestParser
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.http.body import BadBody, Drop
from filed.protocols.http.syntax import CHUNKED

LIMIT = 100
NEXT = b"GET / HTTP/1.1\r\n"


def drop(length, pieces, limit=LIMIT):
    """Feed pieces as they come; return what follows the body, None, or the status."""
    body = Drop(length, limit)
    rest = None
    for number, piece in enumerate(pieces):
        try:
            rest = body.feed(piece)
        except BadBody as error:
            return error.status
        if rest is not None:
            return rest + b"".join(pieces[number + 1 :])
    return rest


def singly(data):
    return [bytes([byte]) for byte in data]


@pytest.mark.parametrize(
    ("length", "data", "rest"),
    [
        (0, b"", b""),
        (0, NEXT, NEXT),
        (3, b"abc", b""),
        (3, b"abc" + NEXT, NEXT),
        (3, b"ab", None),
        (LIMIT, b"x" * LIMIT + NEXT, NEXT),
        (CHUNKED, b"0\r\n\r\n", b""),
        (CHUNKED, b"0\r\n\r\n" + NEXT, NEXT),
        (CHUNKED, b"3\r\nabc\r\n0\r\n\r\n" + NEXT, NEXT),
        (CHUNKED, b"003\r\nabc\r\n000\r\n\r\n" + NEXT, NEXT),
        (CHUNKED, b"a\r\n0123456789\r\nA\r\n0\r\n\r\n56789\r\n0\r\n\r\n" + NEXT, NEXT),
        (CHUNKED, b"3;a=b;c\r\nabc\r\n0;last\r\n\r\n" + NEXT, NEXT),
        (CHUNKED, b'3 ; a="\xff b"\r\nabc\r\n0\r\n\r\n' + NEXT, NEXT),
        (CHUNKED, b"0\r\nDigest: x\r\nEmpty:\r\n\r\n" + NEXT, NEXT),
        (CHUNKED, b"3\r\nabc\r\n0\r\n", None),
        (CHUNKED, b"3\r\nabc", None),
        (CHUNKED, b"64\r\n" + b"x" * LIMIT + b"\r\n0\r\n\r\n" + NEXT, NEXT),
    ],
)
def test_a_body_is_dropped_to_its_end(length, data, rest):
    assert drop(length, [data]) == rest
    assert drop(length, singly(data) or [b""]) == rest


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\r\n", 400),
        (b"x\r\n", 400),
        (b"-1\r\n", 400),
        (b"+1\r\n", 400),
        (b"0x1\r\n", 400),
        (b" 1\r\n", 400),
        (b"1 \r\n", 400),
        (b"1 2\r\n", 400),
        (b"1\n", 400),
        (b"1\ra", 400),
        (b"1;a\x00\r\n", 400),
        (b"1" + b"0" * 16 + b"\r\n", 413),
        (b"1;" + b"x" * 1023, None),
        (b"1;" + b"x" * 1025, 400),
        (b"1\r\nab", 400),
        (b"1\r\na\n", 400),
        (b"1\r\na\r\r", 400),
        (b"0\r\n\n", 400),
        (b"0\r\nName\r\n", 400),
        (b"0\r\nName : x\r\n", 400),
        (b"0\r\n folded\r\n", 400),
        (b"0\r\nName: x\n", 400),
        (b"0\r\nName: \x00\r\n", 400),
        (b"65\r\n", 413),
        (b"ffffffffffffffff\r\n", 413),
        (b"60\r\n" + b"x" * 96 + b"\r\n5\r\n", 413),
        ((b"1;" + b"x" * 900 + b"\r\na\r\n") * 10, 400),
        (b"0\r\n" + (b"Name: " + b"x" * 900 + b"\r\n") * 10, 400),
    ],
)
def test_a_chunked_body_that_is_not_well_framed_or_too_large_is_refused(data, status):
    assert drop(CHUNKED, [data]) == status
    assert drop(CHUNKED, singly(data)) == status


def test_a_length_over_the_limit_is_refused():
    assert drop(LIMIT + 1, [b""]) == 413


def test_a_body_of_64_kib_passes_by_default():
    assert Drop(65536).feed(b"x" * 65536) == b""
    with pytest.raises(BadBody):
        Drop(65537).feed(b"")


class Ends:
    """What llhttp says of a chunked body: the size up to its end, None, or its error."""

    def __init__(self, data):
        self.ended = False
        self.size = None
        parser = HttpRequestParser(self)
        parser.feed_data(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at, byte in enumerate(data):
            parser.feed_data(bytes([byte]))
            if self.ended:
                self.size = at + 1
                return

    def on_message_complete(self):
        self.ended = True


@st.composite
def chunked_bodies(draw):
    text = st.text("abc=;1 ", max_size=5).map(str.encode)
    body = b""
    for chunk in draw(st.lists(st.binary(min_size=1, max_size=20), max_size=4)):
        extension = draw(st.sampled_from([b"", b";a", b";a=b", b';a="b c"']))
        body += b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk)
    trailers = draw(st.lists(text.map(lambda value: b"X: %b\r\n" % value), max_size=2))
    return body + b"0\r\n" + b"".join(trailers) + b"\r\n"


@st.composite
def cuts(draw, data):
    at = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
    return [data[one:other] for one, other in zip([0, *at], [*at, len(data)], strict=True)]


@given(chunked_bodies(), st.binary(max_size=10), st.data())
def test_a_valid_body_ends_where_llhttp_says_however_it_is_cut(body, more, data):
    assert Ends(body + more).size == len(body)
    assert drop(CHUNKED, data.draw(cuts(body + more)), 65536) == more


@given(chunked_bodies(), st.data())
def test_a_spoiled_body_is_refused_or_ends_where_llhttp_says(body, data):
    spoiled = bytearray(body)
    at = data.draw(st.integers(0, len(body) - 1))
    spoiled[at : at + data.draw(st.integers(0, 1))] = data.draw(st.binary(max_size=2))
    body = bytes(spoiled)
    rest = drop(CHUNKED, [body], 65536)
    assert drop(CHUNKED, singly(body) or [b""], 65536) == rest
    if isinstance(rest, bytes):
        try:
            assert Ends(body).size == len(body) - len(rest)
        except HttpParserError:
            # llhttp reads what is in an extension or a trailer, which is dropped here.
            assert b";" in body or b":" in body


@given(st.binary(max_size=200), st.sampled_from([0, 5, CHUNKED]), st.data())
def test_any_bytes_come_to_the_same_however_they_are_cut(body, length, data):
    assert drop(length, data.draw(cuts(body))) == drop(length, [body])
