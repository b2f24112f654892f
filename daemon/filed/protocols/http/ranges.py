"""Parts of a file (RFC 9110 §14)."""

import re
from dataclasses import dataclass
from typing import Final

_UNIT: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]++)=(.*)", re.DOTALL)
_SPEC: Final = re.compile(rb"(?P<first>[0-9]++)-(?P<last>[0-9]*+)|-(?P<suffix>[0-9]++)")

# Beyond every file's size; a number of more digits than this need not be read to say so.
_HUGE: Final = 10**19
_HUGE_DIGITS: Final = 19


class Unsatisfiable(ValueError):
    """The field asks for nothing that the file has, or is malformed."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file: `count` bytes from `offset` on, at least one."""

    offset: int
    count: int


def select(value: bytes, size: int) -> Span | None:
    """Read a Range field.

    Args:
        value: the field's value.
        size: the file's length in bytes.

    Returns:
        The part to send; None where the field is ignored and the whole file sent: for another unit
        than bytes, for several ranges and for an empty file.

    Raises:
        Unsatisfiable: none of the ranges begins within the file, or the field is malformed.
    """
    match = _UNIT.fullmatch(value)
    if match is None or match[1].lower() != b"bytes" or size == 0:
        return None
    specs = [spec for spec in (part.strip(b" \t") for part in match[2].split(b",")) if spec]
    spans = _spans(specs, size)
    if not spans:
        raise Unsatisfiable(f"no part of the field lies within {size} bytes")
    return spans[0] if len(specs) == 1 else None


def _spans(specs: list[bytes], size: int) -> list[Span]:
    """Read the ranges that a file of `size` bytes can satisfy, in their order."""
    spans = (_span(spec, size) for spec in specs)
    return [span for span in spans if span is not None]


def _span(spec: bytes, size: int) -> Span | None:
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise Unsatisfiable("a range is two numbers with a dash between, of which one may miss")
    if match["suffix"] is not None:
        count = min(_number(match["suffix"]), size)
        return Span(size - count, count) if count else None
    first, last = _number(match["first"]), size - 1
    if match["last"]:
        asked = _number(match["last"])
        if asked < first:
            raise Unsatisfiable("a range ends before it begins")
        last = min(asked, last)
    return Span(first, last - first + 1) if first < size else None


def _number(digits: bytes) -> int:
    digits = digits.lstrip(b"0")
    return int(digits or b"0") if len(digits) <= _HUGE_DIGITS else _HUGE
