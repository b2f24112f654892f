"""Sizes, counts and times as people read them, with the exact ones beside."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from filed.protocols.http.dates import EXPRESSIBLE

_UNITS: Final = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB")
# Below each of these, rounding to so many decimals leaves three digits.
_DECIMALS: Final = ((0.9995, 3), (9.995, 2), (99.95, 1), (999.5, 0))
# Short of 1,000 of a unit: from there on three digits of it no longer suffice.
_STEP: Final = 1024
_BYTES_IN_FULL: Final = 1000


class Moment(NamedTuple):
    """A time in UTC: `2026-01-31T12:34:56Z`, `2026-01-31 12:34`, `2026-01-31 12:34:56 UTC`."""

    iso: str
    minute: str
    second: str


def size(size_bytes: int) -> str:
    """Write a size with three digits: `999 B`, `0.98 KiB`, `1.18 MiB`."""
    if size_bytes < _BYTES_IN_FULL:
        return f"{size_bytes} B"
    value = float(size_bytes)
    for unit in _UNITS:
        value /= _STEP
        for limit, decimals in _DECIMALS:
            if value < limit:
                return f"{value:.{decimals}f} {unit}"
    raise AssertionError("no more files of 2**63 bytes are on one page")


def count(number: int, one: str, many: str) -> str:
    """Write how many there are: `1 file`, `1,234 files`."""
    return f"{number:,} {one if number == 1 else many}"


def moment(mtime_s: int) -> Moment | None:
    """Write a time; None where no calendar has it.

    Args:
        mtime_s: seconds since 1970, UTC.
    """
    if mtime_s not in EXPRESSIBLE:
        return None
    iso = datetime.fromtimestamp(mtime_s, UTC).isoformat()[:19]
    day, time = iso[:10], iso[11:]
    return Moment(f"{iso}Z", f"{day} {time[:5]}", f"{day} {time} UTC")
