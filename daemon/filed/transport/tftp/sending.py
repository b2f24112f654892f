"""The DATA packets of one transfer, made from its blocks and sent.

In lockstep each packet leaves by itself, and what costs is every step on its way: so some are made
at a time, and kept for the ACKs to come. A window leaves as a whole. It is made in a place that all
transfers of its block size use in turn; what has to be sent again is read again, and lies in the
page cache.
"""

from abc import ABC, abstractmethod
from typing import Final

from filed.protocols.tftp.options import Terms
from filed.protocols.tftp.transfer import Window
from filed.transport.tftp.blocks import Blocks
from filed.transport.tftp.burst import Burst, shared_burst
from filed.transport.tftp.endpoint import Endpoint
from filed.transport.transfer import TURN_BYTES

# Of packets made ahead: some dozens of the shortest, one of those that are as long.
_AHEAD_BYTES: Final = 16 * 1024


class Packets(ABC):
    """Sends blocks as packets."""

    __slots__ = ()

    @abstractmethod
    def send(self, window: Window) -> tuple[int, Window | None]:
        """Send blocks.

        Args:
            window: which.

        Returns:
            How many bytes of packets the socket took, and which blocks it had no room for, or
            there was none in this turn.

        Raises:
            ConnectionRefusedError: the client is gone.
            Truncated: the file is shorter than it was.
            OSError: the file cannot be read.
        """


def packets_of(blocks: Blocks, terms: Terms, endpoint: Endpoint) -> Packets:
    """Say how the packets of a transfer are made and sent.

    Args:
        blocks: the file's.
        terms: what was agreed on.
        endpoint: where they leave.
    """
    if terms.windowsize == 1:
        return Lockstep(blocks, terms.blksize, endpoint)
    return Windows(blocks, terms.blksize, endpoint)


class Lockstep(Packets):
    """One packet at a time."""

    __slots__ = ("_blksize", "_blocks", "_burst", "_endpoint", "_first", "_made")

    def __init__(self, blocks: Blocks, blksize: int, endpoint: Endpoint) -> None:
        self._blocks = blocks
        self._blksize = blksize
        self._burst: Burst | None = None  # who has not answered yet gets no memory for blocks
        self._endpoint = endpoint
        self._first = 1
        self._made: list[memoryview] = []

    def send(self, window: Window) -> tuple[int, Window | None]:
        index = window.first - self._first
        if not 0 <= index < len(self._made):
            self._make(window.first)
            index = 0
        packet = self._made[index]
        if self._endpoint.send(packet):
            return len(packet), None
        return 0, window

    def _make(self, first: int) -> None:
        if self._burst is None:
            self._burst = Burst(self._blksize, _AHEAD_BYTES)
        burst, blocks = self._burst, self._blocks
        count = burst.capacity
        if blocks.last is not None:
            count = min(count, blocks.last - first + 1)
        whole, part = divmod(blocks.fill(burst, first, count), burst.packet_bytes)
        self._made = burst.packets[:whole]
        if part:
            self._made.append(burst.packets[whole][:part])
        self._first = first


class Windows(Packets):
    """As many packets at a time as leave in one system call."""

    __slots__ = ("_blocks", "_burst", "_endpoint")

    def __init__(self, blocks: Blocks, blksize: int, endpoint: Endpoint) -> None:
        self._blocks = blocks
        self._burst = shared_burst(blksize)
        self._endpoint = endpoint
        endpoint.cut(self._burst.packet_bytes)

    def send(self, window: Window) -> tuple[int, Window | None]:
        burst, blocks = self._burst, self._blocks
        first, left = window
        taken_bytes = 0
        while left and (blocks.last is None or first <= blocks.last):
            if taken_bytes >= TURN_BYTES:
                return taken_bytes, Window(first, left)
            count = min(left, burst.capacity)
            size_bytes = blocks.fill(burst, first, count)
            room_bytes = self._endpoint.send_burst(burst, size_bytes)
            taken_bytes += room_bytes
            if room_bytes < size_bytes:
                taken = room_bytes // burst.packet_bytes
                return taken_bytes, Window(first + taken, left - taken)
            first += count
            left -= count
        return taken_bytes, None
