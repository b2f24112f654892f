"""Parts of a file (RFC 9110 §14).

A short field can ask for much: for the whole file a hundred times over, or for thousands of parts
of a byte each. So parts that overlap or touch become one, and a field that asks for many is ignored
(RFC 9110 §14.2 leaves that to the server, §17.15 tells it to).
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

_UNIT: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]++)=(.*)", re.DOTALL)
_SPEC: Final = re.compile(rb"(?P<first>[0-9]++)-(?P<last>[0-9]*+)|-(?P<suffix>[0-9]++)")

# Beyond every file's size; a number of more digits than this need not be read to say so.
_HUGE: Final = 10**19
_HUGE_DIGITS: Final = 19

# Ranges that are read, empty ones between two commas among them, and parts that are sent.
_READ: Final = 200
_SENT: Final = 16


class Unsatisfiable(ValueError):
    """The field asks for nothing that the file has, or is malformed. The text is for the client."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file: `count` bytes from `offset` on, at least one."""

    offset: int
    count: int

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.offset + self.count


def select(value: bytes, size: int) -> tuple[Span, ...]:
    """Read a Range field.

    Args:
        value: the field's value.
        size: the file's length in bytes.

    Returns:
        The parts to send, in the order in which they were asked for, with bytes between any two.
        None at all where the field is ignored and the whole file sent: for another unit than bytes,
        for an empty file and for too many ranges.

    Raises:
        Unsatisfiable: none of the ranges begins within the file, or the field is malformed.
    """
    match = _UNIT.fullmatch(value)
    if match is None or match[1].lower() != b"bytes" or size == 0:
        return ()
    if match[2].count(b",") >= _READ:
        return ()
    specs = [spec for spec in (part.strip(b" \t") for part in match[2].split(b",")) if spec]
    spans = _spans(specs, size)
    if not spans:
        raise Unsatisfiable(f"The file has {size} bytes, and none of them was asked for.")
    merged = _merged(spans)
    return _as_asked(merged, spans) if len(merged) <= _SENT else ()


def content_range(span: Span, size: int) -> bytes:
    """Write the value of Content-Range for a part of a file of `size` bytes (RFC 9110 §14.4)."""
    return b"bytes %d-%d/%d" % (span.offset, span.end - 1, size)


def _spans(specs: list[bytes], size: int) -> list[Span]:
    """Read the ranges that a file of `size` bytes can satisfy, in their order."""
    spans = (_span(spec, size) for spec in specs)
    return [span for span in spans if span is not None]


def _span(spec: bytes, size: int) -> Span | None:
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise Unsatisfiable("A range has to be two numbers with a dash between; one may miss.")
    if match["suffix"] is not None:
        count = min(_number(match["suffix"]), size)
        return Span(size - count, count) if count else None
    first, last = _number(match["first"]), size - 1
    if match["last"]:
        asked = _number(match["last"])
        if asked < first:
            raise Unsatisfiable("A range may not end before it begins.")
        last = min(asked, last)
    return Span(first, last - first + 1) if first < size else None


def _merged(spans: list[Span]) -> list[Span]:
    """Put what overlaps or touches into one span. They ascend."""
    merged: list[Span] = []
    for span in sorted(spans, key=attrgetter("offset")):
        last = merged[-1] if merged else None
        if last is None or last.end < span.offset:
            merged.append(span)
        elif last.end < span.end:
            merged[-1] = Span(last.offset, span.end - last.offset)
    return merged


def _as_asked(merged: list[Span], spans: list[Span]) -> tuple[Span, ...]:
    """Order parts by the first range that each of them holds (RFC 9110 §15.3.7.2)."""
    offsets = [part.offset for part in merged]
    indexes = dict.fromkeys(bisect_right(offsets, span.offset) - 1 for span in spans)
    return tuple(merged[index] for index in indexes)


def _number(digits: bytes) -> int:
    digits = digits.lstrip(b"0")
    return int(digits or b"0") if len(digits) <= _HUGE_DIGITS else _HUGE
