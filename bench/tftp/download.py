"""A file that is received: every block is to come in order, at its exact size."""

import socket
import struct
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from bench.errors import NoFigure
from bench.tftp.inbox import Inbox
from bench.tftp.packets import (
    ACKS,
    DATA_HEADERS,
    HEADER_BYTES,
    block_number,
    granted,
    read_request,
    refuse_error,
)

RESEND_S: Final = 1.0

_PATIENCE_S: Final = 30.0
_MOST_PACKET_BYTES: Final = 65536
# Several windows of the largest kind, whatever the kernel counts for each datagram besides.
_BUFFER_BYTES: Final = 4 * 1024 * 1024
_TIMEVAL: Final = struct.Struct("@ll")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    Attributes:
        port: of the server on 127.0.0.1.
        name: of the file.
        blksize: that the server has to grant.
        windowsize: that it may grant.
        digest: SHA-256 of the file, in hexadecimal; None where contents are not looked at.
    """

    port: int
    name: str
    blksize: int
    windowsize: int = 1
    digest: str | None = None


class Download:
    """One transfer, RFC 1350 and 7440, as the client has it.

    Attributes:
        socket: where it is received.
        window: how many blocks the server sends for one acknowledgement; 0 before its answer.
        received_bytes: of the file, in order.
        is_done: all of it is there and acknowledged.
        stirred_s: the owner's, to note when something last came or was sent again.
        resent: how often nothing came in time and the last packet was sent again.
        duplicates: blocks that came once more.
        gaps: blocks that came before one that is missing.
    """

    __slots__ = (
        "_contents",
        "_due",
        "_fd",
        "_full",
        "_inbox",
        "_last",
        "_last_bytes",
        "_next",
        "_silences",
        "_wanted",
        "duplicates",
        "gaps",
        "is_done",
        "received_bytes",
        "resent",
        "socket",
        "stirred_s",
        "window",
    )

    def __init__(self, wanted: Wanted, inbox: Inbox) -> None:
        """Open a socket. The inbox has a place for each block of a window, and may be shared."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        timeout = _TIMEVAL.pack(int(RESEND_S), int(RESEND_S % 1 * 1e6))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
        self._fd = self.socket.fileno()
        self._wanted = wanted
        self._inbox = inbox
        self._contents = sha256() if wanted.digest else None
        full_bytes = HEADER_BYTES + wanted.blksize
        self._full = memoryview(struct.pack("I", full_bytes) * wanted.windowsize).cast("I")
        self._next = 1  # the block that is to come, and so on without wrapping
        self._due = self._last = self._last_bytes = self._silences = 0
        self.window = self.received_bytes = self.resent = self.duplicates = self.gaps = 0
        self.is_done = False
        self.stirred_s = 0.0

    def __enter__(self) -> Self:
        """Close the socket in the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the socket."""
        self.socket.close()

    def ask(self) -> None:
        """Send the request."""
        wanted = self._wanted
        request = read_request(wanted.name, wanted.blksize, wanted.windowsize)
        self.socket.sendto(request, ("127.0.0.1", wanted.port))

    def step(self, flags: int = 0) -> bool:
        """Receive what is left of a window, and acknowledge it if it is whole.

        Args:
            flags: MSG_DONTWAIT, to take only what is there already.

        Returns:
            Whether anything came.

        Raises:
            NoFigure: the server refused, or what it sent is not the file.
            OSError: it has gone.
        """
        if not self.window:
            return self._receive_answer(flags)
        count = self._inbox.receive(self._fd, self._due, flags)
        if not count:
            return False
        self._silences = 0
        if self._are_in_order(count):
            self._accept(count)
        else:
            self._accept_one_by_one(count)
        return True

    def resend(self) -> None:
        """Send the last packet again, or acknowledge what has come of the window.

        Raises:
            NoFigure: it has been in vain for so long that this client gives up.
        """
        self._silences += 1
        if self._silences * RESEND_S >= _PATIENCE_S:
            where = f"after block {self._next - 1}" if self.window else "before the first answer"
            raise NoFigure(f"the server was silent for {_PATIENCE_S:.0f} s {where}")
        self.resent += 1
        if self.window:
            self._acknowledge()
        else:
            self.ask()

    def _receive_answer(self, flags: int) -> bool:
        try:
            packet, address = self.socket.recvfrom(_MOST_PACKET_BYTES, flags)
        except BlockingIOError:
            return False
        self.socket.connect(address)
        self._agree(granted(packet))
        self._acknowledge()
        return True

    def _agree(self, options: dict[str, int]) -> None:
        wanted = self._wanted
        window = options.get("windowsize", 1)
        if options.get("blksize") != wanted.blksize or not 1 <= window <= wanted.windowsize:
            raise NoFigure(f"{wanted} was answered with {options}")
        if "tsize" not in options:
            raise NoFigure(f"the server did not tell the size of {wanted.name}")
        blocks, last_bytes = divmod(options["tsize"], wanted.blksize)
        self._last, self._last_bytes = blocks + 1, last_bytes
        self.window = window

    def _are_in_order(self, count: int) -> bool:
        at = self._next % 65536
        return (
            self._inbox.headers[:count] == DATA_HEADERS[at : at + count]
            and self._inbox.sizes[:count] == self._full[:count]
            and self._next + count <= self._last
        )

    def _accept(self, count: int) -> None:
        if self._contents:
            for place in range(count):
                self._contents.update(self._inbox.datagram(place)[HEADER_BYTES:])
        self._next += count
        self.received_bytes += count * self._wanted.blksize
        self._due -= count
        if not self._due:
            self._acknowledge()

    def _accept_one_by_one(self, count: int) -> None:
        """Take what is next in line; acknowledge as well where a block is missing or came again.

        Of blocks that came again only the last one that was had is acknowledged anew: the server
        has then repeated a whole window.
        """
        is_due = False
        for place in range(count):
            number = block_number(self._inbox.headers[place])
            if number is None:
                refuse_error(bytes(self._inbox.datagram(place)))
                continue  # another answer to a request that was sent twice
            if number == self._next % 65536:
                self._accept_next(place)
                continue
            behind = (self._next - 1 - number) % 65536
            is_repeated = behind < 32768
            self.duplicates += is_repeated
            self.gaps += not is_repeated
            is_due |= not (is_repeated and behind)
        if is_due or not self._due:
            self._acknowledge()

    def _accept_next(self, place: int) -> None:
        data_bytes = self._inbox.sizes[place] - HEADER_BYTES
        expected_bytes = self._wanted.blksize if self._next < self._last else self._last_bytes
        if data_bytes != expected_bytes:
            raise NoFigure(f"block {self._next} has {data_bytes} bytes, not {expected_bytes}")
        if self._contents:
            self._contents.update(self._inbox.datagram(place)[HEADER_BYTES:])
        self._next += 1
        self._due -= 1
        self.received_bytes += data_bytes

    def _acknowledge(self) -> None:
        self.socket.send(ACKS[(self._next - 1) % 65536])
        self._due = min(self.window, self._last + 1 - self._next)
        if not self._due:
            self._finish()

    def _finish(self) -> None:
        if self._contents and self._contents.hexdigest() != self._wanted.digest:
            raise NoFigure(f"what came of {self._wanted.name} is not its contents")
        self.is_done = True
