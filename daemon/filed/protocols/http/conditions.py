"""Requests that depend on what the client already has (RFC 9110 §13)."""

import re
from enum import Enum, auto
from typing import Final

from filed.protocols.http.dates import parse_date
from filed.protocols.messages import Conditions

# One element of a list of entity-tags, up to its comma; RFC 9110 §5.6.1.2 lets elements be empty.
# Each match takes at least a byte and is never taken back, so a list is read in linear time.
_ELEMENT: Final = re.compile(
    rb"[ \t]*+(?:(?P<weak>W/)?(?P<tag>\"[\x21\x23-\x7e\x80-\xff]*+\"))?[ \t]*+(?:,|\Z)"
)


class Verdict(Enum):
    """What the preconditions come to."""

    PROCEED = auto()
    NOT_MODIFIED = auto()
    FAILED = auto()


def evaluate(
    conditions: Conditions,
    *,
    method: bytes,
    etag: bytes | None,
    mtime_s: int | None,
    now_s: int,
) -> Verdict:
    """Evaluate the preconditions in the order of RFC 9110 §13.2.2.

    A list of entity-tags that is malformed matches nothing; a date that is none is ignored.

    Args:
        conditions: as sent.
        method: the request's; only GET and HEAD can find that nothing was modified.
        etag: the file's entity-tag, None if it has none.
        mtime_s: its own time, seconds since 1970; None if it has no Last-Modified.
        now_s: the present, seconds since 1970.

    Returns:
        PROCEED, NOT_MODIFIED for 304 or FAILED for 412.
    """
    reading = method in (b"GET", b"HEAD")
    if not _is_still_the_one(conditions, etag, mtime_s, now_s):
        return Verdict.FAILED
    if conditions.if_none_match is not None:
        if not _matches(conditions.if_none_match, etag, weakly=True):
            return Verdict.PROCEED
        return Verdict.NOT_MODIFIED if reading else Verdict.FAILED
    since_s = _date(conditions.if_modified_since, now_s)
    if reading and since_s is not None and mtime_s is not None and mtime_s <= since_s:
        return Verdict.NOT_MODIFIED
    return Verdict.PROCEED


def range_applies(
    conditions: Conditions, *, etag: bytes | None, mtime_s: int | None, now_s: int
) -> bool:
    """Say whether If-Range lets a Range through (RFC 9110 §13.1.5).

    An entity-tag has to match strongly. A date has to be exactly the file's, and at least a second
    old: a file can change twice within one.

    Args:
        conditions: as sent.
        etag: the file's entity-tag, None if it has none.
        mtime_s: its own time, seconds since 1970; None if it has no Last-Modified.
        now_s: what the answer's Date will say, seconds since 1970.
    """
    value = conditions.if_range
    if value is None:
        return True
    if value.startswith((b'"', b"W/")):
        return value == etag and not value.startswith(b"W/")
    date_s = _date(value, now_s)
    return date_s is not None and date_s == mtime_s and now_s - date_s >= 1


def _is_still_the_one(
    conditions: Conditions, etag: bytes | None, mtime_s: int | None, now_s: int
) -> bool:
    if conditions.if_match is not None:
        return _matches(conditions.if_match, etag, weakly=False)
    since_s = _date(conditions.if_unmodified_since, now_s)
    return since_s is None or mtime_s is None or mtime_s <= since_s


def _date(value: bytes | None, now_s: int) -> int | None:
    return None if value is None else parse_date(value, now_s=now_s)


def _matches(value: bytes, etag: bytes | None, *, weakly: bool) -> bool:
    """Compare as RFC 9110 §8.8.3.2 has it."""
    if value == b"*":
        return True
    if etag is None:
        return False
    weak, opaque = etag.startswith(b"W/"), etag.removeprefix(b"W/")
    return any(
        tag == opaque and (weakly or not (weak or tag_weak)) for tag_weak, tag in _tags(value)
    )


def _tags(value: bytes) -> list[tuple[bool, bytes]]:
    """Read a list of entity-tags: whether each is weak, and its opaque part. Empty if malformed."""
    tags: list[tuple[bool, bytes]] = []
    at = 0
    while at < len(value):
        element = _ELEMENT.match(value, at)
        if element is None:
            return []
        if element["tag"] is not None:
            tags.append((element["weak"] is not None, element["tag"]))
        at = element.end()
    return tags
