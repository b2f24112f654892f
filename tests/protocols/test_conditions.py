import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.http.conditions import Verdict, evaluate, range_applies
from filed.protocols.http.dates import format_date
from filed.protocols.messages import Conditions

MTIME_S = 784_111_777
NOW_S = 1_700_000_000
TAG = b'"tag"'
AT = format_date(MTIME_S)
BEFORE, AFTER = format_date(MTIME_S - 1), format_date(MTIME_S + 1)
RFC850 = b"Sunday, 06-Nov-94 08:49:37 GMT"
ASCTIME = b"Sun Nov  6 08:49:37 1994"

PROCEED, NOT_MODIFIED, FAILED = Verdict.PROCEED, Verdict.NOT_MODIFIED, Verdict.FAILED


def verdict(method=b"GET", etag=TAG, mtime_s=MTIME_S, **sent):
    return evaluate(Conditions(**sent), method=method, etag=etag, mtime_s=mtime_s, now_s=NOW_S)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'"tag"', PROCEED),
        (b'"other", "tag"', PROCEED),
        (b'"other","tag"', PROCEED),
        (b',,"tag" ,', PROCEED),
        (b"*", PROCEED),
        (b'"other"', FAILED),
        (b'W/"tag"', FAILED),
        (b'"TAG"', FAILED),
        (b"tag", FAILED),
        (b'"tag', FAILED),
        (b'"tag" "tag"', FAILED),
        (b'"tag", rubbish', FAILED),
        (b'w/"tag"', FAILED),
        (b'*, "tag"', FAILED),
        (b"", FAILED),
    ],
)
def test_if_match_compares_strongly(value, expected):
    assert verdict(if_match=value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'"tag"', NOT_MODIFIED),
        (b'W/"tag"', NOT_MODIFIED),
        (b'"other", W/"tag"', NOT_MODIFIED),
        (b"*", NOT_MODIFIED),
        (b'"other"', PROCEED),
        (b'W/"other"', PROCEED),
        (b"tag", PROCEED),
        (b'"tag", rubbish', PROCEED),
        (b"", PROCEED),
    ],
)
def test_if_none_match_compares_weakly(value, expected):
    assert verdict(if_none_match=value) is expected
    assert verdict(method=b"HEAD", if_none_match=value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (AT, NOT_MODIFIED),
        (AFTER, NOT_MODIFIED),
        (RFC850, NOT_MODIFIED),
        (ASCTIME, NOT_MODIFIED),
        (BEFORE, PROCEED),
        (b"rubbish", PROCEED),
        (AT + b", " + AT, PROCEED),
    ],
)
def test_if_modified_since(value, expected):
    assert verdict(if_modified_since=value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (AT, PROCEED),
        (AFTER, PROCEED),
        (RFC850, PROCEED),
        (ASCTIME, PROCEED),
        (BEFORE, FAILED),
        (b"rubbish", PROCEED),
    ],
)
def test_if_unmodified_since(value, expected):
    assert verdict(if_unmodified_since=value) is expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, PROCEED),
        ({"if_match": TAG, "if_unmodified_since": BEFORE}, PROCEED),
        ({"if_match": b'"other"', "if_none_match": TAG}, FAILED),
        ({"if_unmodified_since": BEFORE, "if_none_match": TAG}, FAILED),
        ({"if_match": TAG, "if_none_match": TAG}, NOT_MODIFIED),
        ({"if_none_match": b'"other"', "if_modified_since": AT}, PROCEED),
        ({"if_none_match": TAG, "if_modified_since": BEFORE}, NOT_MODIFIED),
        ({"if_unmodified_since": AT, "if_modified_since": AT}, NOT_MODIFIED),
    ],
)
def test_the_order_is_the_rfcs(sent, expected):
    assert verdict(**sent) is expected


def test_other_methods_fail_where_a_reader_has_it_already():
    assert verdict(method=b"PUT", if_none_match=TAG) is FAILED
    assert verdict(method=b"PUT", if_modified_since=AT) is PROCEED


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"if_match": TAG}, FAILED),
        ({"if_match": b"*"}, PROCEED),
        ({"if_none_match": TAG}, PROCEED),
        ({"if_none_match": b"*"}, NOT_MODIFIED),
        ({"if_modified_since": AFTER}, PROCEED),
        ({"if_unmodified_since": BEFORE}, PROCEED),
    ],
)
def test_a_file_without_validators_matches_nothing_but_the_star(sent, expected):
    assert verdict(etag=None, mtime_s=None, **sent) is expected


TAGS = (b'"tag"', b'"other"', b'W/"tag"', b'W/"other"')


def naive(asked, method):
    """Walk through RFC 9110 §13.2.2 step by step; `asked` holds lists of tags and seconds."""
    match, unmodified_s, none_match, modified_s = asked
    if match is not None and TAG not in match:
        return FAILED
    if match is None and unmodified_s is not None and unmodified_s < MTIME_S:
        return FAILED
    reading = method in (b"GET", b"HEAD")
    if none_match is not None and {TAG, b"W/" + TAG} & set(none_match):
        return NOT_MODIFIED if reading else FAILED
    if none_match is None and reading and modified_s is not None and modified_s >= MTIME_S:
        return NOT_MODIFIED
    return PROCEED


tag_lists = st.none() | st.lists(st.sampled_from(TAGS), min_size=1, max_size=4)
dates_s = st.none() | st.integers(MTIME_S - 2, MTIME_S + 2)


@given(
    st.tuples(tag_lists, dates_s, tag_lists, dates_s),
    st.sampled_from([b"GET", b"HEAD", b"PUT"]),
    st.sampled_from([b",", b", ", b" ,\t,"]),
)
def test_verdicts_are_those_of_a_naive_reading(asked, method, comma):
    match, unmodified_s, none_match, modified_s = asked
    sent = {
        "if_match": None if match is None else comma.join(match),
        "if_none_match": None if none_match is None else comma.join(none_match),
        "if_unmodified_since": None if unmodified_s is None else format_date(unmodified_s),
        "if_modified_since": None if modified_s is None else format_date(modified_s),
    }
    assert verdict(method=method, **sent) is naive(asked, method)


@given(st.binary(), st.binary())
def test_any_values_come_to_a_verdict(one, other):
    assert verdict(if_match=one, if_none_match=other) in Verdict
    assert verdict(if_modified_since=one, if_unmodified_since=other) in Verdict


@pytest.mark.parametrize("element", [b'"a",', b" ,", b'"', b'W/"', b"\t", b'"a" '])
def test_long_lists_are_read_in_linear_time(element):
    started_s = time.process_time()
    verdict(if_none_match=element * (32768 // len(element)) + b"!")
    assert time.process_time() - started_s < 1


def applies(value, etag=TAG, mtime_s=MTIME_S, now_s=NOW_S):
    conditions = Conditions(range=b"bytes=0-1", if_range=value)
    return range_applies(conditions, etag=etag, mtime_s=mtime_s, now_s=now_s)


@pytest.mark.parametrize("value", [None, TAG, AT, RFC850, ASCTIME])
def test_a_range_of_the_same_file_applies(value):
    assert applies(value)


@pytest.mark.parametrize(
    "value", [b'"other"', b'W/"tag"', b'"tag", "tag"', b"*", BEFORE, AFTER, b"rubbish", b""]
)
def test_a_range_of_what_may_be_another_does_not(value):
    assert not applies(value)


def test_a_weak_tag_of_ours_does_not_match_either():
    assert not applies(b'W/"tag"', etag=b'W/"tag"')


@pytest.mark.parametrize(("age_s", "expected"), [(-1, False), (0, False), (1, True), (2, True)])
def test_a_date_has_to_be_a_second_old(age_s, expected):
    assert applies(AT, now_s=MTIME_S + age_s) is expected


@pytest.mark.parametrize("value", [TAG, AT])
def test_a_file_without_validators_is_never_the_same(value):
    assert not applies(value, etag=None, mtime_s=None)
