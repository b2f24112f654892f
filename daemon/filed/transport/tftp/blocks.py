"""A file's blocks, put into a burst of packets.

Nothing is kept of a block that was sent: what has to be sent again is read again, and lies in the
page cache.
"""

import os
from abc import ABC, abstractmethod

from filed.protocols.tftp import netascii
from filed.protocols.tftp.packets import HEADER, Mode
from filed.site.reply import FileSlice, Reply
from filed.transport.tftp.burst import Burst
from filed.transport.transfer import Truncated


class Blocks(ABC):
    """The blocks of one file.

    Attributes:
        last: the number of the last one; None until it is known.
    """

    __slots__ = ("last",)

    last: int | None

    @abstractmethod
    def fill(self, burst: Burst, first: int, count: int) -> int:
        """Put blocks with their headers into a burst.

        Args:
            burst: has the block size of this file's transfer.
            first: the first block, counted from 1.
            count: how many; as many as the burst has room for at most.

        Returns:
            How many bytes of packets there are now. Fewer blocks than `count` are among them where
            one of them was the last, which `last` says then.

        Raises:
            Truncated: the file is shorter than it was.
            OSError: the file cannot be read.
        """


def blocks_of(reply: Reply, mode: Mode, blksize: int, windowsize: int) -> Blocks:
    """Make blocks of what is to be sent.

    Args:
        reply: one file, in memory or on disk.
        mode: how it is sent.
        blksize: bytes of each block but the last.
        windowsize: how many blocks may have to be sent again.
    """
    content = _content(reply)
    if mode is Mode.NETASCII:
        return NetasciiBlocks(content, blksize, windowsize)
    return OctetBlocks(content, blksize)


class OctetBlocks(Blocks):
    """The file as it lies there."""

    __slots__ = ("_blksize", "_content")

    def __init__(self, content: "Content", blksize: int) -> None:
        self._content = content
        self._blksize = blksize
        self.last: int | None = content.size_bytes // blksize + 1

    def fill(self, burst: Burst, first: int, count: int) -> int:
        offset = (first - 1) * self._blksize
        expected = min(count * self._blksize, self._content.size_bytes - offset)
        self._content.read_into(burst.blocks[:count], offset, expected)
        burst.number(first, count)
        return count * HEADER.size + expected


class NetasciiBlocks(Blocks):
    """The file as lines of text, whose length shows at the end only."""

    __slots__ = ("_blksize", "_content", "_places", "_windowsize")

    def __init__(self, content: "Content", blksize: int, windowsize: int) -> None:
        self._content = content
        self._blksize = blksize
        self._windowsize = windowsize
        self._places = {1: netascii.Place()}
        self.last = None

    def fill(self, burst: Burst, first: int, count: int) -> int:
        self._forget(first - self._windowsize)
        burst.number(first, count)
        size_bytes = 0
        for number, room in zip(range(first, first + count), burst.blocks, strict=False):
            block = self._block(number)
            room[: len(block)] = block
            size_bytes += HEADER.size + len(block)
            if number == self.last:
                break
        return size_bytes

    def _block(self, number: int) -> bytes:
        place = self._places[number]
        raw = self._content.read(place.offset, self._blksize)
        block, self._places[number + 1] = netascii.block(place, raw, self._blksize)
        if len(block) < self._blksize:
            self.last = number
        return block

    def _forget(self, before: int) -> None:
        for number in [number for number in self._places if number < before]:
            del self._places[number]


class Content(ABC):
    """The bytes of one file.

    Attributes:
        size_bytes: how many there were when it was opened. What is written behind them since is
            not sent.
    """

    __slots__ = ("size_bytes",)

    size_bytes: int

    @abstractmethod
    def read(self, offset: int, count: int) -> bytes:
        """Read up to `count` bytes: fewer at the file's end only. Raises as `Blocks.fill`."""

    @abstractmethod
    def read_into(self, rooms: list[memoryview], offset: int, count: int) -> None:
        """Read `count` bytes into rooms of one size, in order. Raises as `Blocks.fill`."""


class _Memory(Content):
    __slots__ = ("_bytes",)

    def __init__(self, content: bytes) -> None:
        self._bytes = content
        self.size_bytes = len(content)

    def read(self, offset: int, count: int) -> bytes:
        return self._bytes[offset : offset + count]

    def read_into(self, rooms: list[memoryview], offset: int, count: int) -> None:
        end = offset + count
        for room in rooms:
            block = self._bytes[offset : min(offset + len(room), end)]
            room[: len(block)] = block
            offset += len(block)


class _Disk(Content):
    __slots__ = ("_slice",)

    def __init__(self, source: FileSlice) -> None:
        self._slice = source
        self.size_bytes = source.count

    def read(self, offset: int, count: int) -> bytes:
        expected = min(count, self.size_bytes - offset)
        content = os.pread(self._slice.file.fd, expected, self._slice.offset + offset)
        if len(content) < expected:
            raise Truncated
        return content

    def read_into(self, rooms: list[memoryview], offset: int, count: int) -> None:
        if count and os.preadv(self._slice.file.fd, rooms, self._slice.offset + offset) < count:
            raise Truncated


def _content(reply: Reply) -> Content:
    if not reply.rest:
        return _Memory(reply.start)
    (segment,) = reply.rest
    return _Memory(segment) if isinstance(segment, bytes) else _Disk(segment)
