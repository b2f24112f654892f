"""The UDP query: a datagram with a name in, a datagram with a line about the file out."""

import re
import time
from http import HTTPStatus
from typing import Final

from filed.protocols.lines import first_line
from filed.protocols.messages import Protocol, Refusal, Request
from filed.protocols.plain import name_request

_ANSWER: Final = re.compile(rb"[0-9]{3} ")
_LINES: Final = {
    status.value: f"{status.value} {status.phrase.lower()}\n".encode() for status in HTTPStatus
}
# What RFC 3339 can write: the years 0001 to 9999, in seconds since 1970.
_TIMES: Final = range(-62_135_596_800, 253_402_300_800)


def read(datagram: bytes) -> Request | Refusal | None:
    """Read a query.

    Returns:
        None for what looks like an answer. It must not be answered: the sender may be another
        server, and the two would never stop.
    """
    if _ANSWER.match(datagram):
        return None
    return name_request(Protocol.QUERY, first_line(datagram))


def found(size: int, mtime_s: int, etag: bytes | None) -> bytes:
    """Write the answer about a file: `200 SIZE MTIME ETAG`, a line.

    Args:
        size: the file's length in bytes.
        mtime_s: when its contents last changed, seconds since 1970. Written in RFC 3339's form;
            as `-` outside the years that it has.
        etag: as in HTTP, quotes included; None is written as `-`.
    """
    return b"200 %d %b %b\n" % (size, _timestamp(mtime_s), etag or b"-")


def refused(status: int) -> bytes:
    """Write the answer where there is no file to tell of: HTTP's status and its words, a line."""
    return _LINES[status]


def _timestamp(mtime_s: int) -> bytes:
    if mtime_s not in _TIMES:
        return b"-"
    at = time.gmtime(mtime_s)
    return b"%04d-%02d-%02dT%02d:%02d:%02dZ" % at[:6]
