"""How much memory is taken by bytes that others hold: clients who take them slowly."""

from typing import Self


class Tally:
    """A count of bytes."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0


class Held(bytes):
    """Bytes that are counted for as long as anyone refers to them.

    Descriptors close with the last reference in the same way (`files.tree.OpenFile`). Only one
    thread may make and drop those of one tally.
    """

    _tally: Tally

    def __new__(cls, content: bytes, tally: Tally) -> Self:
        """Count a copy of `content`."""
        held = super().__new__(cls, content)
        held._tally = tally
        tally.bytes += len(held)
        return held

    def __del__(self) -> None:
        """Count it no more."""
        self._tally.bytes -= len(self)
