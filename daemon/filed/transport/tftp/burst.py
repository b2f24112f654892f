"""DATA packets side by side in memory.

Blocks are read from the file straight into their places between the headers (preadv(2)), and the
kernel cuts what is sent into packets of one size (UDP_SEGMENT of udp(7)).
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
    """Room for the DATA packets of one transfer, or of one after another.

    Attributes:
        packet_bytes: bytes of a full packet.
        capacity: how many packets there is room for; one at least.
        room: all of it.
        packets: the place of each packet in it.
        blocks: the place of each block in it.
    """

    __slots__ = ("_buffer", "blocks", "capacity", "packet_bytes", "packets", "room")

    def __init__(self, blksize: int, most_bytes: int = _MOST_BYTES) -> None:
        """Make room.

        Args:
            blksize: bytes of a full block.
            most_bytes: for the packets, if that is enough for one.
        """
        self.packet_bytes = size = HEADER.size + blksize
        self.capacity = max(1, min(_MOST_PACKETS, most_bytes // size))
        self._buffer = bytearray(self.capacity * size)
        self._buffer[1::size] = bytes([Opcode.DATA]) * self.capacity
        self.room = memoryview(self._buffer)
        self.packets = [self.room[at : at + size] for at in range(0, len(self._buffer), size)]
        self.blocks = [packet[HEADER.size :] for packet in self.packets]

    def number(self, first: int, count: int) -> None:
        """Write the numbers of the blocks from `first` on, which is counted from 1 without end."""
        number, end = first % NUMBERS, count * self.packet_bytes
        self._buffer[2 : end : self.packet_bytes] = _HIGH[number : number + count]
        self._buffer[3 : end : self.packet_bytes] = _LOW[number : number + count]


@lru_cache(_SIZES)
def shared_burst(blksize: int) -> Burst:
    """The one burst of this block size, for what is sent before anything else happens."""
    return Burst(blksize)
