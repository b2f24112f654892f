"""How much memory is taken by bytes that others hold: clients who take them slowly."""

from collections import deque
from typing import Self


class Tally:
    """A count of bytes. Only the loop's thread may ask it or add to it."""

    __slots__ = ("_bytes", "_gone")

    def __init__(self) -> None:
        self._bytes = 0
        self._gone: deque[int] = deque()

    @property
    def bytes(self) -> int:
        """How many there are."""
        while self._gone:
            self._bytes -= self._gone.popleft()
        return self._bytes

    def add(self, count: int) -> None:
        """Count some more."""
        self._bytes += count

    def drop(self, count: int) -> None:
        """Count some no more. Any thread may: it may be the last that refers to them."""
        self._gone.append(count)


class Held(bytes):
    """Bytes that are counted for as long as anyone refers to them.

    Descriptors close with the last reference in the same way (`files.tree.OpenFile`).
    """

    _tally: Tally

    def __new__(cls, content: bytes, tally: Tally) -> Self:
        """Count a copy of `content`."""
        held = super().__new__(cls, content)
        held._tally = tally
        tally.add(len(held))
        return held

    def __del__(self) -> None:
        """Count it no more."""
        self._tally.drop(len(self))
