import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.site.pages import figures

KIB = 1024


@pytest.mark.parametrize(
    ("size_bytes", "written"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "0.977 KiB"),
        (1023, "0.999 KiB"),
        (1024, "1.00 KiB"),
        (10 * KIB - 1, "10.0 KiB"),
        (100 * KIB - 1, "100 KiB"),
        (999 * KIB, "999 KiB"),
        (1000 * KIB, "0.977 MiB"),
        (KIB**2 - 1, "1.00 MiB"),
        (1_234_567, "1.18 MiB"),
        (700 * KIB**2, "700 MiB"),
        (5 * KIB**3, "5.00 GiB"),
        (KIB**4, "1.00 TiB"),
        (KIB**5, "1.00 PiB"),
        (2**63 - 1, "8.00 EiB"),
        (1000 * (2**63 - 1), "7.81 ZiB"),
    ],
)
def test_a_size_has_three_digits(size_bytes, written):
    assert figures.size(size_bytes) == written


@given(st.integers(0, 2**63 - 1))
def test_a_size_is_true_to_half_a_unit_of_its_last_digit(size_bytes):
    number, unit = figures.size(size_bytes).split()
    assert re.fullmatch(r"0\.[0-9]{3}|[0-9]\.[0-9]{2}|[0-9]{2}\.[0-9]|[0-9]{1,3}", number)
    step = KIB ** ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB").index(unit)
    digits = len(number.partition(".")[2])
    assert abs(float(number) - size_bytes / step) <= 0.5001 * 10**-digits


@pytest.mark.parametrize(
    ("mtime_s", "moment"),
    [
        (0, ("1970-01-01T00:00:00Z", "1970-01-01 00:00", "1970-01-01 00:00:00 UTC")),
        (-1, ("1969-12-31T23:59:59Z", "1969-12-31 23:59", "1969-12-31 23:59:59 UTC")),
        (1_769_862_896, ("2026-01-31T12:34:56Z", "2026-01-31 12:34", "2026-01-31 12:34:56 UTC")),
        (-62_135_596_800, ("0001-01-01T00:00:00Z", "0001-01-01 00:00", "0001-01-01 00:00:00 UTC")),
        (253_402_300_799, ("9999-12-31T23:59:59Z", "9999-12-31 23:59", "9999-12-31 23:59:59 UTC")),
        (-62_135_596_801, None),
        (253_402_300_800, None),
        (2**62, None),
        (-(2**62), None),
    ],
)
def test_a_time_is_in_utc_and_none_where_no_calendar_has_it(mtime_s, moment):
    assert figures.moment(mtime_s) == moment


@pytest.mark.parametrize(
    ("number", "written"),
    [(0, "0 files"), (1, "1 file"), (2, "2 files"), (1_234_567, "1,234,567 files")],
)
def test_a_count_agrees_with_its_noun(number, written):
    assert figures.count(number, "file", "files") == written
