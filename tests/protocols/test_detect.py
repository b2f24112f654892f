import string

import pytest
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.detect import decide
from filed.protocols.http.request_line import METHODS
from filed.protocols.messages import Protocol

HTTP, PLAIN = Protocol.HTTP, Protocol.PLAIN
LETTERS = (string.ascii_uppercase + "-_").encode()


class Silent:
    pass


def is_taken(data):
    try:
        HttpRequestParser(Silent()).feed_data(data)
    except HttpParserUpgrade:
        return True
    except HttpParserError as error:
        return "HTTP/2 Connection Preface" in str(error)  # PRI, where nothing but that may follow
    return True


def methods_that_llhttp_knows(begun=b""):
    """Ask llhttp letter by letter: it refuses what cannot become a method that it knows."""
    for letter in LETTERS:
        word = begun + bytes([letter])
        if is_taken(word):
            if is_taken(word + b" "):
                yield word
            yield from methods_that_llhttp_knows(word)


def test_the_methods_are_those_that_llhttp_takes_in_an_http_request():
    known = set(methods_that_llhttp_knows())
    target = {b"CONNECT": b"h:1"}
    taken = {m for m in known if is_taken(b"%b %b HTTP/1.1\r\n\r\n" % (m, target.get(m, b"/")))}
    assert taken == METHODS


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_method_and_a_space_are_http_at_once(method):
    assert decide(method + b" ", ended=False) is HTTP
    assert decide(method + b" ", ended=True) is HTTP


@pytest.mark.parametrize("method", sorted(METHODS))
def test_what_may_still_become_a_method_waits_and_is_plain_in_the_end(method):
    for size in range(1, len(method) + 1):
        assert decide(method[:size], ended=False) is None
        assert decide(method[:size], ended=True) is PLAIN


@pytest.mark.parametrize(
    ("data", "protocol"),
    [
        (b"GET /", HTTP),
        (b"\r\nGET /", HTTP),
        (b"\r\n\r\n\r\nHEAD ", HTTP),
        (b"FETCH / HTTP/1.1\r\n", HTTP),
        (b"FETCH / HTTP/1.1\n", HTTP),
        (b"get / HTTP/1.0\r\nHost: a\r\n", HTTP),
        (b"GET\t/ HTTP/9.9\r\n", HTTP),
        (b"PRI * HTTP/2.0\r\n", HTTP),
        (b"FETCH / HTTP/1.1", PLAIN),  # its line is not complete
        (b"FETCH / HTTP/1.1 \r\n", PLAIN),
        (b"FETCH / HTTP/11\r\n", PLAIN),
        (b"FETCH / http/1.1\r\n", PLAIN),
        (b"FETCH\r\nX / HTTP/1.1\r\n", PLAIN),  # not in the first line
        (b"/HTTP/1.1\r\n", PLAIN),
        (b"HEAD\n", PLAIN),
        (b"HEAD\r\n", PLAIN),
        (b"GETS ", PLAIN),
        (b"GET/", PLAIN),
        (b"get ", PLAIN),
        (b"PLAY rtsp://a RTSP/1.0\r\n", PLAIN),
        (b"boot/vmlinuz", PLAIN),
        (b"\r\nboot/vmlinuz", PLAIN),
        (b"\nGET / ", PLAIN),
        (b"\xff\x00", PLAIN),
    ],
)
def test_each_rule_in_turn(data, protocol):
    assert decide(data, ended=False) is protocol
    assert decide(data, ended=True) is protocol


@pytest.mark.parametrize("data", [b"", b"\r", b"\r\n", b"\r\n\r\n\r", b"\r\nG"])
def test_empty_lines_alone_wait(data):
    assert decide(data, ended=False) is None
    assert decide(data, ended=True) is PLAIN


beginnings = st.one_of(
    st.binary(max_size=40),
    st.lists(
        st.sampled_from([b"\r\n", b"G", b"ET", b"HEAD", b" ", b"/", b" HTTP/1.1", b"\r", b"\n"])
    ).map(b"".join),
)


@given(beginnings)
def test_there_is_always_an_answer_at_the_end(data):
    assert decide(data, ended=True) in (HTTP, PLAIN)


@given(beginnings)
def test_who_waits_would_be_plain_and_who_does_not_is_the_same_at_the_end(data):
    now, at_the_end = decide(data, ended=False), decide(data, ended=True)
    assert at_the_end is (PLAIN if now is None else now)


@given(beginnings, st.binary(max_size=20))
def test_http_stays_http_whatever_follows(data, more):
    if decide(data, ended=False) is HTTP:
        assert decide(data + more, ended=False) is HTTP
