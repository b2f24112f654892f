"""Many names in little memory: 1.2 bytes more than they have themselves, where objects take 41."""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

# Names that are packed together, and unpacked whichever of them is wanted. That bounds both how
# long the interpreter lock is held and what a page takes whose names lie in as many blocks.
_BLOCK_NAMES: Final = 256
# The one byte besides the slash that is in no name.
_NUL: Final = b"\0"


class PackedNames:
    """Names of a directory's entries, each known by its position. It never changes.

    Attributes:
        size_bytes: what they take in memory.
    """

    __slots__ = ("_blocks", "_count", "size_bytes")

    def __init__(self, names: Iterable[bytes]) -> None:
        """Pack names, which are taken one by one, in the order in which they come."""
        self._count = 0
        self._blocks = tuple(self._pack(iter(names)))
        self.size_bytes = sys.getsizeof(self._blocks) + sum(map(sys.getsizeof, self._blocks))

    def __len__(self) -> int:
        return self._count

    def at(self, positions: Iterable[int]) -> Iterator[bytes]:
        """Yield the names at positions. It is quick where these are neighbours."""
        unpacked, names = -1, [b""]
        for position in positions:
            block, index = divmod(position, _BLOCK_NAMES)
            if block != unpacked:
                unpacked, names = block, self._blocks[block].split(_NUL)
            yield names[index]

    def containing(self, text: str) -> bytearray:
        """Find the names that contain a text, in whatever case.

        A name is compared as UTF-8, with U+FFFD for what is none.

        Returns:
            For each position 1 or 0.
        """
        wanted = text.casefold()
        found = bytearray(self._count)
        for block, packed in enumerate(self._blocks):
            folded = packed.decode("utf-8", "replace").casefold()
            if wanted in folded:  # most blocks need not be taken apart
                for position, name in enumerate(folded.split("\0"), block * _BLOCK_NAMES):
                    found[position] = wanted in name
        return found

    def _pack(self, names: Iterator[bytes]) -> Iterator[bytes]:
        while block := list(islice(names, _BLOCK_NAMES)):
            self._count += len(block)
            yield _NUL.join(block)
