"""From the bytes of a TCP connection to its requests: which protocol it is, and where each ends.

Bytes go in as they arrive, in whatever pieces; messages come out. It makes no difference to the
messages how the bytes were cut, but for the one rule that is about just that: what has arrived
when a connection turns out to be plain is the name.
"""

from enum import Enum, auto

from filed.protocols import detect, plain
from filed.protocols.http.body import BadBody, Drop
from filed.protocols.http.syntax import Reader
from filed.protocols.messages import Message, Protocol, Refusal


class Awaits(Enum):
    """What a stream needs before it can say more."""

    REQUEST = auto()  # nothing has come since the last one
    PROTOCOL = auto()  # "G" has come, which begins "GET " or is a file's name
    HEAD = auto()  # a part of a head has come
    BODY = auto()  # a head has come, and its body has to be read away


class Stream:
    """What a client sends on one connection.

    Attributes:
        ended: the client sends no more.
    """

    __slots__ = ("_body", "_buffer", "_protocol", "_reader", "ended")

    def __init__(self, reader: Reader) -> None:
        """Begin with no byte. `reader` reads HTTP's heads, for all streams of a process."""
        self.ended = False
        self._reader = reader
        self._buffer = b""
        self._protocol: Protocol | None = None
        self._body: tuple[Message, Drop] | None = None

    def feed(self, data: bytes) -> None:
        """Take what has arrived; no bytes at all mean that the client sends no more."""
        if not data:
            self.ended = True
        elif self._buffer:
            self._buffer += data
        else:
            self._buffer = data

    @property
    def is_empty(self) -> bool:
        """Whether all that has arrived was understood."""
        return not self._buffer

    @property
    def awaits(self) -> Awaits:
        """What `next` needs to say more, once it has returned None."""
        if self._body is not None:
            return Awaits.BODY
        if not self._buffer:
            return Awaits.REQUEST
        return Awaits.HEAD if self._protocol is not None else Awaits.PROTOCOL

    def next(self) -> Message | None:
        """Return the next message, or None as long as it has not arrived whole."""
        if self._body is not None:
            return self._read_body(*self._body)
        if self._protocol is Protocol.HTTP or self._decide(ended=self.ended):
            return self._read()
        self._skip_empty_lines()
        return None

    def give_up_waiting(self) -> None:
        """Take what could still have become HTTP for what it is now: a file's name."""
        self._decide(ended=True)

    def late(self, reason: str) -> Refusal:
        """Give up on a request that takes too long to arrive; nothing after it is understood."""
        self._body, self._buffer = None, b""
        return Refusal(Protocol.HTTP, 408, reason)

    def _decide(self, *, ended: bool) -> bool:
        if self._protocol is None and self._buffer:
            self._protocol = detect.decide(self._buffer, ended=ended)
        return self._protocol is not None and bool(self._buffer)

    def _read(self) -> Message | None:
        if self._protocol is Protocol.PLAIN:
            name, self._buffer = self._buffer, b""
            return plain.read(name)
        head = self._reader.read(self._buffer)
        if head is None:
            self._skip_empty_lines()
            return None
        self._buffer = self._buffer[head.size :]
        if not head.body:
            return head.message
        drop = Drop(head.body)
        self._body = head.message, drop
        return self._read_body(head.message, drop)

    def _read_body(self, message: Message, drop: Drop) -> Message | None:
        try:
            rest = drop.feed(self._buffer)
        except BadBody as error:
            self._body, self._buffer = None, b""
            return Refusal(
                message.protocol,
                error.status,
                error.reason,
                message.method,
                message.target,
                user_agent=message.user_agent,
                referer=message.referer,
                preferences=message.preferences,
            )
        self._buffer = rest or b""
        if rest is None:
            return None
        self._body = None
        return message

    def _skip_empty_lines(self) -> None:
        if not self._buffer.replace(b"\r\n", b""):  # RFC 9112 §2.2: nothing, before a request
            self._buffer = b""
