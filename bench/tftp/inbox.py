"""Where datagrams arrive, many with one system call."""

import ctypes
import errno
import os
from typing import Final

from bench.tftp.packets import HEADER_BYTES

_WORD_BYTES: Final = 4
_CACHE_LINE_BYTES: Final = 64


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Msghdr(ctypes.Structure):
    """recvmsg(2); only the buffers are used."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("buffers", ctypes.c_void_p),
        ("buffer_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Mmsghdr(ctypes.Structure):
    """recvmmsg(2): a message, and the size that it had."""

    _fields_ = (("message", _Msghdr), ("size", ctypes.c_uint))


_recvmmsg = ctypes.CDLL(None, use_errno=True).recvmmsg
_recvmmsg.argtypes = (
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_uint,
    ctypes.c_int,
    ctypes.c_void_p,
)


class Inbox:
    """One buffer with a place for each of so many datagrams, at an even stride.

    Attributes:
        headers: the first four bytes of each place, as a number of this machine's.
        sizes: how many bytes the last datagram there had; at least one more than may be if it was
            longer than its place.
    """

    def __init__(self, blksize: int, places: int) -> None:
        """Make room for datagrams of `blksize` bytes of data."""
        place_bytes = HEADER_BYTES + blksize + 1
        self._stride = -(-place_bytes // _CACHE_LINE_BYTES) * _CACHE_LINE_BYTES
        self._data = bytearray(self._stride * places)
        told = bytearray(ctypes.sizeof(_Mmsghdr) * places)
        self._headers = (_Mmsghdr * places).from_buffer(told)
        self._iovecs = (_Iovec * places)()
        self._address = ctypes.addressof(self._headers)
        first = ctypes.addressof(ctypes.c_char.from_buffer(self._data))
        for number, (header, iovec) in enumerate(zip(self._headers, self._iovecs, strict=True)):
            iovec.base, iovec.length = first + number * self._stride, place_bytes
            header.message.buffers, header.message.buffer_count = ctypes.addressof(iovec), 1
        self._bytes = memoryview(self._data)
        self.headers = self._bytes.cast("I")[:: self._stride // _WORD_BYTES]
        every = ctypes.sizeof(_Mmsghdr) // _WORD_BYTES
        self.sizes = memoryview(told).cast("I")[_Mmsghdr.size.offset // _WORD_BYTES :: every]

    def receive(self, fd: int, most: int, flags: int = 0) -> int:
        """Receive into the first places.

        Without MSG_DONTWAIT it waits until so many are there, or the socket's SO_RCVTIMEO has
        passed.

        Args:
            fd: the socket.
            most: how many datagrams to receive at most.
            flags: recv(2).

        Returns:
            How many there were; 0 if none came in time.

        Raises:
            OSError: the kernel has news of the socket, such as that the peer has gone.
        """
        count: int = _recvmmsg(fd, self._address, most, flags, None)
        if count >= 0:
            return count
        if (number := ctypes.get_errno()) == errno.EAGAIN:
            return 0
        raise OSError(number, os.strerror(number))

    def datagram(self, place: int) -> memoryview:
        """Look at what lies in a place, header included."""
        start = place * self._stride
        return self._bytes[start : start + self.sizes[place]]
