"""DATA packets side by side in memory, as they leave in one system call.

Blocks are read from the file straight into their places between the headers (preadv(2)), and the
kernel cuts what is sent into packets of one size (UDP_SEGMENT of udp(7)). What lies here is sent
before anything else happens, so one burst for each block size serves all transfers of a worker.
"""

from functools import lru_cache
from typing import Final

from filed.protocols.tftp.packets import HEADER, NUMBERS, Opcode

# linux/udp.h: UDP_MAX_SEGMENTS, 128 in newer kernels.
_MOST_PACKETS: Final = 64
# What an IPv4 datagram may have besides the headers of IP and UDP; here it bounds all packets.
_MOST_BYTES: Final = 65_507
# How many block sizes are met with at a time; each takes up to 64 KiB.
_SIZES: Final = 32

# The two bytes of each block's number, and those of as many more as a burst has.
_HIGH: Final = bytes(number >> 8 & 0xFF for number in range(NUMBERS + _MOST_PACKETS))
_LOW: Final = bytes(number & 0xFF for number in range(NUMBERS + _MOST_PACKETS))


class Burst:
    """Room for DATA packets.

    Attributes:
        blksize: bytes of a full block.
        packet_bytes: bytes of a full packet.
        capacity: how many packets there is room for.
        packets: all of it.
        blocks: the place of each block in it.
    """

    __slots__ = ("_buffer", "blksize", "blocks", "capacity", "packet_bytes", "packets")

    def __init__(self, blksize: int) -> None:
        self.blksize = blksize
        self.packet_bytes = size = HEADER.size + blksize
        self.capacity = min(_MOST_PACKETS, _MOST_BYTES // size)
        self._buffer = bytearray(self.capacity * size)
        self._buffer[1::size] = bytes([Opcode.DATA]) * self.capacity
        self.packets = memoryview(self._buffer)
        self.blocks = [
            self.packets[at + HEADER.size : at + size] for at in range(0, len(self._buffer), size)
        ]

    def number(self, first: int, count: int) -> None:
        """Write the numbers of the blocks from `first` on, which is counted from 1 without end."""
        number, end = first % NUMBERS, count * self.packet_bytes
        self._buffer[2 : end : self.packet_bytes] = _HIGH[number : number + count]
        self._buffer[3 : end : self.packet_bytes] = _LOW[number : number + count]


burst_of = lru_cache(_SIZES)(Burst)
"""The burst for a block size."""
