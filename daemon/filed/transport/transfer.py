"""One reply on its way out: the only place that moves a served file's bytes.

Head and file leave under TCP_CORK, so that the head shares its segment with the first bytes of the
file, and sendfile(2) takes them from the page cache to the socket without a copy here. At most
2 MiB leave in a turn, so that one fast client does not hold up the others.
"""

import fcntl
import os
import socket
import struct
import termios
from typing import Final

from filed.clock import Clock
from filed.protocols.messages import Message
from filed.site.reply import FileSlice, Reply

TURN_BYTES: Final = 2 * 1024 * 1024
_INT: Final = struct.Struct("i")


class Truncated(Exception):
    """The file ended before the bytes that its head has promised."""


class Transfer:
    """What is left of a reply, and how it has fared.

    Attributes:
        message, reply: what is being answered, with what.
        began_s: monotonic seconds when the request was understood.
        sending_s: the same when there was something to be sent.
        first_byte_s: monotonic seconds when the kernel took the first byte; None before.
        sent_bytes: what the kernel has taken.
        counted_bytes: how much of that the metrics show already.
        taken_bytes: how much of that the peer had taken when that was last looked at.
    """

    __slots__ = (
        "_clock",
        "_index",
        "_offset",
        "began_s",
        "counted_bytes",
        "first_byte_s",
        "message",
        "reply",
        "sending_s",
        "sent_bytes",
        "taken_bytes",
    )

    def __init__(
        self, message: Message, reply: Reply, clock: Clock, began_s: float | None = None
    ) -> None:
        """Begin with nothing sent, now unless the answer to `message` was begun before."""
        self._clock = clock
        self.message = message
        self.reply = reply
        self.sending_s = clock.now_s
        self.began_s = self.sending_s if began_s is None else began_s
        self.first_byte_s: float | None = None
        self.sent_bytes = self.counted_bytes = self.taken_bytes = 0
        self._index = -1  # -1 is `reply.start`, the rest counts from 0
        self._offset = 0

    def taken(self, count: int) -> None:
        """Note that the kernel has taken `count` bytes of the segment that is under way."""
        if count and self.first_byte_s is None:
            self.first_byte_s = self._clock.exact_s()
        self.sent_bytes += count
        self._offset += count

    def goes_on(self, sock: socket.socket) -> bool:
        """Say whether the peer has taken anything since this was last asked.

        The socket is writable again only once much of its buffer is free, which is megabytes: who
        takes them slowly is not stalled.

        Raises:
            OSError: the socket has failed.
        """
        before, self.taken_bytes = self.taken_bytes, self.sent_bytes - _unacknowledged(sock)
        return self.taken_bytes > before

    def advance(self, sock: socket.socket) -> bool:
        """Send what the socket takes, a turn's share at most; say whether that was the last.

        Raises:
            Truncated: the file is shorter than it was.
            OSError: the peer is gone, or the file cannot be read.
        """
        segments = self.reply.rest
        if segments and not self.sent_bytes:
            _cork(sock, on=True)
        left = TURN_BYTES
        while self._index < len(segments):
            segment = self.reply.start if self._index < 0 else segments[self._index]
            offset = self._offset
            try:
                if isinstance(segment, FileSlice):
                    size = segment.count
                    share = min(size - offset, left)
                    source = segment.file.fd
                    count = os.sendfile(sock.fileno(), source, segment.offset + offset, share)
                else:
                    size = len(segment)
                    share = min(size - offset, left)
                    count = sock.send(memoryview(segment)[offset : offset + share]) if share else 0
            except BlockingIOError:
                return False
            self.taken(count)
            if self._offset < size:
                if not count and share:
                    raise Truncated
                return False  # the socket is full, or the turn's share is used up
            left -= count
            self._index += 1
            self._offset = 0
        if segments:
            _cork(sock, on=False)
        return True


def _unacknowledged(sock: socket.socket) -> int:
    # SIOCOUTQ of tcp(7), which has the number of this one.
    answer = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(_INT.size))
    count: int = _INT.unpack(answer)[0]
    return count


def _cork(sock: socket.socket, *, on: bool) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, on)
