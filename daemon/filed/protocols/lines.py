"""Where lines end, and which bytes before a request are none of it.

RFC 9112 §2.2 lets a server take a lone LF for the end of a line. In HTTP this one does not: where
two readers of one stream may disagree on where a line ends, one of them can be made to see a
request that the other does not.
"""

import re
from typing import Final

BARE_REASON: Final = "Every line has to end in CR LF, and neither may stand anywhere else."

_EMPTY_LINES: Final = re.compile(rb"(?:\r\n)*+")


def has_bare(data: bytes) -> bool:
    """Say whether `data` holds an LF without a CR before it, or a CR without an LF after it.

    A CR at the very end is not one yet: its LF may be on its way.
    """
    rest = data.removesuffix(b"\r").replace(b"\r\n", b"")
    return b"\r" in rest or b"\n" in rest


def empty_lines_size(data: bytes) -> int:
    """Return how many bytes of empty lines (CR LF) `data` begins with.

    Some clients send one too many after a body; they are skipped (RFC 9112 §2.2).
    """
    match = _EMPTY_LINES.match(data)
    assert match is not None  # it matches nothing, too
    return match.end()


def first_line(data: bytes) -> bytes:
    """Return `data` up to its first LF, without a CR before that; all of it if it has no LF."""
    line, newline, _ = data.partition(b"\n")
    return line.removesuffix(b"\r") if newline else line
