"""HTTP's dates (RFC 9110 §5.6.7): one form to write, three to read."""

import re
import time
from datetime import date
from typing import Final

_WEEKDAYS: Final = (b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun")
_MONTHS: Final = (
    *(b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun"),
    *(b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"),
)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY_S: Final = 86_400

# The seconds that HTTP's dates can name: the years 0001 to 9999.
EXPRESSIBLE: Final = range(
    (1 - _EPOCH_DAY) * _DAY_S, (date.max.toordinal() + 1 - _EPOCH_DAY) * _DAY_S
)

_TIME: Final = rb"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
_MONTH: Final = rb"(?P<month>%b)" % b"|".join(_MONTHS)
_DAY: Final = rb"(?:%b)" % b"|".join(_WEEKDAYS)
_LONG_DAY: Final = rb"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        # IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
        rb"%b, (?P<day>[0-9]{2}) %b (?P<year>[0-9]{4}) %b GMT" % (_DAY, _MONTH, _TIME),
        # RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
        rb"%b, (?P<day>[0-9]{2})-%b-(?P<year>[0-9]{2}) %b GMT" % (_LONG_DAY, _MONTH, _TIME),
        # asctime(3): Sun Nov  6 08:49:37 1994
        rb"%b %b (?P<day>[0-9 ][0-9]) %b (?P<year>[0-9]{4})" % (_DAY, _MONTH, _TIME),
    )
)


def format_date(seconds: int) -> bytes:
    """Write a date in the form that HTTP wants sent.

    Args:
        seconds: since 1970, UTC; one of `EXPRESSIBLE`.
    """
    at = time.gmtime(seconds)
    return b"%b, %02d %b %04d %02d:%02d:%02d GMT" % (
        _WEEKDAYS[at.tm_wday],
        at.tm_mday,
        _MONTHS[at.tm_mon - 1],
        at.tm_year,
        *at[3:6],
    )


def parse_date(value: bytes, *, now_s: int) -> int | None:
    """Read a date in any of the three forms.

    The day of the week has to be one, but not the right one: it says nothing that the date does
    not. A leap second is the first second of the next minute.

    Args:
        value: a header field's value.
        now_s: the present, seconds since 1970: a year of two digits is in the century that puts it
            no more than 50 years ahead.

    Returns:
        Seconds since 1970, UTC; None if it is no date.
    """
    for form in _FORMS:
        match = form.fullmatch(value)
        if match is not None:
            return _seconds(match, now_s)
    return None


def _seconds(match: re.Match[bytes], now_s: int) -> int | None:
    year = int(match["year"])
    if len(match["year"]) == 2:
        year = _full_year(year, now_s)
    month = _MONTHS.index(match["month"]) + 1
    try:
        day = date(year, month, int(match["day"])).toordinal() - _EPOCH_DAY
    except ValueError:  # no such day
        return None
    hour, minute, second = (int(match[part]) for part in ("hour", "minute", "second"))
    return day * _DAY_S + hour * 3600 + minute * 60 + second


def _full_year(two_digits: int, now_s: int) -> int:
    present = time.gmtime(now_s).tm_year
    year = present - present % 100 + two_digits
    return year - 100 if year > present + 50 else year
