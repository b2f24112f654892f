from datetime import UTC, datetime
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.http.dates import EXPRESSIBLE, format_date, parse_date

NOW_S = 1_700_000_000  # 2023
RFC_EXAMPLE_S = 784_111_777
seconds = st.integers(EXPRESSIBLE.start, EXPRESSIBLE.stop - 1)


@pytest.mark.parametrize(
    "value",
    [
        b"Sun, 06 Nov 1994 08:49:37 GMT",
        b"Sunday, 06-Nov-94 08:49:37 GMT",
        b"Sun Nov  6 08:49:37 1994",
        b"Sun Nov 06 08:49:37 1994",
        b"Mon, 06 Nov 1994 08:49:37 GMT",  # it was a Sunday
    ],
)
def test_each_of_the_three_forms_is_read(value):
    assert parse_date(value, now_s=NOW_S) == RFC_EXAMPLE_S


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"0",
        b"yesterday",
        b"Sun, 6 Nov 1994 08:49:37 GMT",
        b"Sun, 06 Nov 1994 08:49:37",
        b"Sun, 06 Nov 1994 08:49:37 UTC",
        b"Sun, 06 Nov 1994 08:49:37 +0000",
        b"Sun, 06 nov 1994 08:49:37 GMT",
        b"sun, 06 Nov 1994 08:49:37 GMT",
        b"Sun, 06 Nov 1994 24:00:00 GMT",
        b"Sun, 06 Nov 1994 08:60:00 GMT",
        b"Sun, 06 Nov 1994 08:00:61 GMT",
        b"Sun, 31 Feb 1994 08:49:37 GMT",
        b"Sun, 29 Feb 1900 08:49:37 GMT",
        b"Sun, 00 Nov 1994 08:49:37 GMT",
        b"Sun, 06 Nov 0000 08:49:37 GMT",
        b"Sun, 06-Nov-94 08:49:37 GMT",
        b"Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        b" Sun, 06 Nov 1994 08:49:37 GMT",
        b"Sun, 06 Nov 1994 08:49:37 GMT\n",
        b"Sun Nov    08:49:37 1994",
    ],
)
def test_what_is_no_date_is_none(value):
    assert parse_date(value, now_s=NOW_S) is None


def test_a_leap_second_is_the_next_minute():
    assert parse_date(b"Sat, 31 Dec 2016 23:59:60 GMT", now_s=NOW_S) == 1_483_228_800


@pytest.mark.parametrize(
    ("two_digits", "year"),
    [(b"23", 2023), (b"73", 2073), (b"74", 1974), (b"99", 1999), (b"00", 2000)],
)
def test_two_digits_of_a_year_are_at_most_fifty_years_ahead(two_digits, year):
    value = b"Sunday, 06-Nov-%b 08:49:37 GMT" % two_digits
    at = datetime(year, 11, 6, 8, 49, 37, tzinfo=UTC)
    assert parse_date(value, now_s=NOW_S) == int(at.timestamp())


@given(seconds)
def test_what_was_written_is_read_back(at_s):
    assert parse_date(format_date(at_s), now_s=NOW_S) == at_s


@given(st.integers(0, 2**31))
def test_a_date_is_written_as_mail_writes_it(at_s):
    assert format_date(at_s).decode() == formatdate(at_s, usegmt=True)


@given(st.integers(NOW_S - 40 * 31_556_952, NOW_S + 40 * 31_556_952))
def test_the_old_forms_are_read_back_within_forty_years(at_s):
    at = datetime.fromtimestamp(at_s, UTC)
    for form in ("%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"):
        assert parse_date(at.strftime(form).encode(), now_s=NOW_S) == at_s


@given(st.binary(max_size=40))
def test_any_bytes_are_a_date_or_none(value):
    parsed = parse_date(value, now_s=NOW_S)
    assert parsed is None or parsed in EXPRESSIBLE
