import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.http.ranges import Span, Unsatisfiable, content_range, select

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
    assert select(value, 10) == (span,)


@pytest.mark.parametrize(
    ("value", "spans"),
    [
        (b"0-1,3-4", [(0, 2), (3, 2)]),
        (b"0-0,2-2,4-4", [(0, 1), (2, 1), (4, 1)]),
        (b"8-,-1,0-0", [(8, 2), (0, 1)]),
        (b"-2, 0-0", [(8, 2), (0, 1)]),
        (b" 0-0 ,\t, 9-", [(0, 1), (9, 1)]),
        (b"5-6,0-1", [(5, 2), (0, 2)]),
        (b"0-3,0-3", [(0, 4)]),
        (b"0-3,3-4", [(0, 5)]),
        (b"0-3,4-5", [(0, 6)]),
        (b"4-5,0-3,8-8", [(0, 6), (8, 1)]),
        (b"0-8,1-2,5-9", [(0, 10)]),
        (b"1-8,2-3", [(1, 8)]),
        (b"0-,0-,-10", [(0, 10)]),
        (b"-1,-2,-3", [(7, 3)]),
        (b"0-1,99-", [(0, 2)]),
        (b"10-,-0,10-11,3-4", [(3, 2)]),
        (b"0-1," + HUGE + b"-" + HUGE, [(0, 2)]),
        (b"0-0,9-" + HUGE + b",-" + HUGE, [(0, 10)]),
    ],
)
def test_several_ranges_of_ten_bytes_come_as_asked_and_do_not_touch(value, spans):
    assert select(b"bytes=" + value, 10) == tuple(Span(*span) for span in spans)


@pytest.mark.parametrize("value", [b"lines=1-2", b"bytes", b"=0-1", b"by tes=0-1", b""])
def test_what_is_no_range_of_bytes_is_ignored(value):
    assert select(value, 10) == ()


@pytest.mark.parametrize(
    "value", [b"bytes=0-0", b"bytes=-5", b"bytes=7-", b"bytes=0-0,2-2", b"bytes=x", b"bytes="]
)
def test_an_empty_file_ignores_all_ranges(value):
    assert select(value, 0) == ()


def field(specs):
    return b"bytes=" + b",".join(specs)


def test_no_more_than_sixteen_parts_are_sent():
    singles = [b"%d-%d" % (at, at) for at in range(0, 1000, 2)]
    assert select(field(singles[:16]), 1000) == tuple(Span(at, 1) for at in range(0, 32, 2))
    assert select(field(singles[:17]), 1000) == ()
    assert len(select(field(singles[:17]), 31)) == 16  # the last one is not there
    assert len(select(field([*singles[:17], b"1-1"]), 1000)) == 16


@pytest.mark.parametrize("spec", [b"0-", b"0-1", b"-1", b"99-", b"", b"rubbish"])
def test_no_more_than_two_hundred_ranges_are_read_whatever_they_come_to(spec):
    assert select(field([b"0-1", *[b"0-0"] * 199]), 10) == (Span(0, 2),)
    assert select(field([b"0-1", *[spec] * 200]), 10) == ()
    assert select(field([spec] * 8000), 10) == ()


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
        b"bytes=0-1,4-3",
        b"bytes=99-,-0,x",
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


ranges = st.tuples(st.none() | st.integers(0, 60), st.none() | st.integers(0, 60)).filter(
    lambda ends: ends != (None, None) and (None in ends or ends[0] <= ends[1])
)


@given(st.lists(ranges, min_size=1, max_size=40), st.integers(1, 50))
def test_ranges_are_what_a_naive_reading_gives(asked, size):
    specs = [b"-".join(b"" if end is None else b"%d" % end for end in ends) for ends in asked]
    offsets = {at for first, last in asked for at in bytes_asked_for(first, last, size)}
    if not offsets:
        with pytest.raises(Unsatisfiable):
            select(field(specs), size)
        return
    starts = sorted(at for at in offsets if at - 1 not in offsets)
    if len(starts) > 16:
        assert select(field(specs), size) == ()
        return
    spans = select(field(specs), size)
    assert [span.offset for span in spans] == starts
    assert [at for span in spans for at in range(span.offset, span.end)] == sorted(offsets)


@given(st.binary() | st.from_regex(rb"bytes=[0-9, \t-]*", fullmatch=True), st.integers(0, 2**63))
def test_any_value_is_parts_of_the_file_or_none(value, size):
    try:
        spans = select(value, size)
    except Unsatisfiable:
        assert re.match(rb"(?i)bytes=", value)
        return
    assert all(0 <= span.offset < span.end <= size for span in spans)
    assert all(span.end < after.offset for span, after in itertools.pairwise(spans))


def test_a_part_says_where_it_belongs():
    assert content_range(Span(0, 1), 10) == b"bytes 0-0/10"
    assert content_range(Span(7, 3), 10) == b"bytes 7-9/10"
