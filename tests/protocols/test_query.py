import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols import query
from filed.protocols.messages import Protocol, Refusal, Request


@pytest.mark.parametrize(
    ("datagram", "name"),
    [
        (b"disk.img", b"disk.img"),
        (b"disk.img\n", b"disk.img"),
        (b"disk.img\r\n", b"disk.img"),
        (b"200", b"200"),
        (b"200\n", b"200"),
        (b"2000 leagues", b"2000 leagues"),
        (b" 200 OK", b" 200 OK"),
    ],
)
def test_a_datagram_is_a_name(datagram, name):
    request = query.read(datagram)
    assert isinstance(request, Request)
    assert (request.protocol, request.name) == (Protocol.QUERY, name)


@pytest.mark.parametrize("datagram", [b"404 not found\n", b"200 1 2 3", b"999 "])
def test_what_looks_like_an_answer_is_dropped(datagram):
    assert query.read(datagram) is None


@pytest.mark.parametrize("datagram", [b"", b"\n", b"\r\n", b"n" * 1025])
def test_no_name_and_a_long_one_are_bad_requests(datagram):
    refusal = query.read(datagram)
    assert isinstance(refusal, Refusal)
    assert (refusal.protocol, refusal.status) == (Protocol.QUERY, 400)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ((5, 784111777, b'"a-5"'), b'200 5 1994-11-06T08:49:37Z "a-5"\n'),
        ((0, 0, None), b"200 0 1970-01-01T00:00:00Z -\n"),
        ((1, -1, None), b"200 1 1969-12-31T23:59:59Z -\n"),
        ((1, 2**62, None), b"200 1 - -\n"),
        ((1, -(2**62), None), b"200 1 - -\n"),
    ],
)
def test_a_file_is_told_of_in_one_line(file, line):
    assert query.found(*file) == line


@given(
    st.integers(0, 2**63 - 1), st.integers(-62_135_596_800, 253_402_300_799), st.integers(0, 2**63)
)
def test_a_line_is_short_and_its_time_can_be_read_back(size, mtime_s, mtime_ns):
    line = query.found(size, mtime_s, b'"%x-%x"' % (mtime_ns, size))
    assert len(line) <= 160
    match = re.fullmatch(rb'200 (\d+) (\S+) "\S+"\n', line)
    assert match is not None
    assert int(match[1]) == size
    assert datetime.fromisoformat(match[2].decode()) == datetime.fromtimestamp(mtime_s, UTC)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (400, b"400 bad request\n"),
        (403, b"403 forbidden\n"),
        (404, b"404 not found\n"),
        (500, b"500 internal server error\n"),
        (503, b"503 service unavailable\n"),
    ],
)
def test_what_cannot_be_told_of_is_a_status_and_its_words(status, line):
    assert query.refused(status) == line


@pytest.mark.parametrize("line", [query.found(1, 2, b'"x"'), *map(query.refused, (400, 403, 404))])
def test_our_own_answers_are_never_answered(line):
    assert query.read(line) is None


@given(st.binary(max_size=1200))
def test_any_datagram_is_read(datagram):
    message = query.read(datagram)
    assert (message is None) == bool(re.match(rb"[0-9]{3} ", datagram))
