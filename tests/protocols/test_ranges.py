import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.http.ranges import Span, Unsatisfiable, select

HUGE = b"9" * 10_000


@pytest.mark.parametrize(
    ("value", "span"),
    [
        (b"bytes=0-4", Span(0, 5)),
        (b"bytes=0-0", Span(0, 1)),
        (b"bytes=9-9", Span(9, 1)),
        (b"bytes=3-", Span(3, 7)),
        (b"bytes=-3", Span(7, 3)),
        (b"bytes=-1", Span(9, 1)),
        (b"bytes=-10", Span(0, 10)),
        (b"bytes=-11", Span(0, 10)),
        (b"bytes=5-100", Span(5, 5)),
        (b"bytes=5-" + HUGE, Span(5, 5)),
        (b"bytes=-" + HUGE, Span(0, 10)),
        (b"bytes=" + b"0" * 10_000 + b"1-2", Span(1, 2)),
        (b"Bytes=0-4", Span(0, 5)),
        (b"bytes= 0-4\t", Span(0, 5)),
        (b"bytes=, ,0-4 ,", Span(0, 5)),
    ],
)
def test_one_range_of_ten_bytes(value, span):
    assert select(value, 10) == span


@pytest.mark.parametrize(
    "value",
    [b"bytes=0-1,3-4", b"bytes=0-1, 99-", b"lines=1-2", b"bytes", b"=0-1", b"by tes=0-1", b""],
)
def test_what_is_not_one_range_of_bytes_is_ignored(value):
    assert select(value, 10) is None


@pytest.mark.parametrize("value", [b"bytes=0-0", b"bytes=-5", b"bytes=7-", b"bytes=x", b"bytes="])
def test_an_empty_file_ignores_all_ranges(value):
    assert select(value, 0) is None


@pytest.mark.parametrize(
    "value",
    [
        b"bytes=10-",
        b"bytes=10-11",
        b"bytes=-0",
        b"bytes=" + HUGE + b"-",
        b"bytes=10-,11-",
        b"bytes=",
        b"bytes=,",
        b"bytes=-",
        b"bytes=5",
        b"bytes=4-3",
        b"bytes=a-b",
        b"bytes=+1-2",
        b"bytes=1--2",
        b"bytes=--2",
        b"bytes=1 - 2",
        b"bytes=0-1;2-3",
        b"bytes=0-1,x",
        b"bytes=0-1 2-3",
        b"bytes=0x1-2",
        "bytes=\N{SUPERSCRIPT TWO}-".encode(),
    ],
)
def test_unsatisfiable_and_malformed_ranges_are_refused(value):
    with pytest.raises(Unsatisfiable):
        select(value, 10)


def bytes_asked_for(first, last, size):
    """Return the offsets that RFC 9110 §14.1.2 means, one by one."""
    if first is None:
        return list(range(size))[-last:] if last else []
    return [at for at in range(size) if first <= at and (last is None or at <= last)]


numbers = st.none() | st.integers(0, 30)


@given(numbers, numbers, st.integers(1, 25))
def test_a_range_is_what_a_naive_reading_gives(first, last, size):
    ends = [b"" if end is None else b"%d" % end for end in (first, last)]
    value = b"bytes=" + b"-".join(ends)
    asked = bytes_asked_for(first, last, size) if (first, last) != (None, None) else []
    if not asked:
        with pytest.raises(Unsatisfiable):
            select(value, size)
        return
    assert select(value, size) == Span(asked[0], len(asked))


@given(st.binary() | st.from_regex(rb"bytes=[0-9, \t-]*", fullmatch=True), st.integers(0, 2**63))
def test_any_value_is_a_part_of_the_file_or_none(value, size):
    try:
        span = select(value, size)
    except Unsatisfiable:
        assert re.match(rb"(?i)bytes=", value)
        return
    assert span is None or 0 <= span.offset < span.offset + span.count <= size


def test_thousands_of_ranges_are_read_in_a_moment():
    started_s = time.process_time()
    assert select(b"bytes=" + b",".join([b"0-1"] * 8000), 10) is None
    assert time.process_time() - started_s < 1
