"""A request's body, read away: no request that this server answers needs one.

What matters is its end, for the next request begins there. So the chunked coding (RFC 9112 §7.1)
is read strictly: two readers that disagree on where a body ends disagree on what is a request.
"""

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import ClassVar, Final

from filed.protocols.http.errors import RefusedError
from filed.protocols.http.fields import CHUNKED
from filed.protocols.http.request_line import TOKEN
from filed.protocols.lines import BARE_REASON, has_bare

# One line of framing, and all that chunk extensions and trailers may come to: both are dropped
# unread, and a body of one-byte chunks with long extensions is much work for nothing.
_LINE_BYTES: Final = 1024
_EXTRA_BYTES: Final = 8192

_TEXT: Final = rb"[^\x00-\x08\x0a-\x1f\x7f]*+"
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]++)([ \t]*+;%b)?" % _TEXT)
_TRAILER: Final = re.compile(rb"%b:%b" % (TOKEN, _TEXT))

_CHUNK: Final = "A chunk has to be its size in hexadecimal, CR LF, as many bytes, and CR LF."
_EXTRA: Final = "The body's chunk extensions and trailers are longer than this server reads."
_TRAILER_SYNTAX: Final = (
    "Each trailer field has to be a name, a colon directly after it and a value."
)
_TOO_LARGE: Final = "The body is larger than this server reads away."


class BadBody(RefusedError):
    """A body that cannot be read to its end: too large (413) or badly framed (400)."""


class _State(Enum):
    SIZE = auto()  # the line before a chunk
    CHUNK = auto()
    CHUNK_END = auto()  # the CR LF behind it
    TRAILERS = auto()
    BODY = auto()  # of known length
    END = auto()


class Drop:
    """Reads one body away, in whatever pieces it comes."""

    def __init__(self, length: int, limit: int = 65536) -> None:
        """Expect a body.

        Args:
            length: its bytes, or `CHUNKED`.
            limit: how many bytes of content are read away.
        """
        self._state = _State.SIZE if length == CHUNKED else _State.BODY
        self._left = max(length, 0)  # of the chunk, or of the body
        self._limit = limit
        self._extra = _EXTRA_BYTES
        self._pending = b""

    def feed(self, data: bytes) -> bytes | None:
        """Read on.

        Args:
            data: what has arrived behind what was fed before.

        Returns:
            What follows the body; None as long as its end is not there.

        Raises:
            BadBody: it has no end that can be read to. No more may be fed.
        """
        data = self._pending + data
        at = 0
        while self._state is not _State.END:
            after = self._STEPS[self._state](self, data, at)
            if after is None:
                self._pending = data[at:]
                return None
            at = after
        return data[at:]

    # Each step reads one thing at `at` and says where the next one begins, or None if what has
    # arrived does not reach.

    def _size(self, data: bytes, at: int) -> int | None:
        line = _line(data, at)
        if line is None:
            return None
        match = _SIZE.fullmatch(line)
        if match is None:
            raise BadBody(400, _CHUNK)
        self._spend(len(match[2] or b""))
        self._left = int(match[1], 16)
        self._charge(self._left)
        self._state = _State.CHUNK if self._left else _State.TRAILERS
        return at + len(line) + 2

    def _chunk(self, data: bytes, at: int) -> int | None:
        return self._skip(data, at, _State.CHUNK_END)

    def _chunk_end(self, data: bytes, at: int) -> int | None:
        end = data[at : at + 2]
        if not b"\r\n".startswith(end):
            raise BadBody(400, _CHUNK)
        if len(end) < 2:
            return None
        self._state = _State.SIZE
        return at + 2

    def _trailers(self, data: bytes, at: int) -> int | None:
        line = _line(data, at)
        if line is None:
            return None
        if not line:
            self._state = _State.END
        elif not _TRAILER.fullmatch(line):
            raise BadBody(400, _TRAILER_SYNTAX)
        self._spend(len(line))
        return at + len(line) + 2

    def _body(self, data: bytes, at: int) -> int | None:
        if self._left > self._limit:
            raise BadBody(413, _TOO_LARGE)
        return self._skip(data, at, _State.END)

    _STEPS: ClassVar[dict[_State, Callable[["Drop", bytes, int], int | None]]] = {
        _State.SIZE: _size,
        _State.CHUNK: _chunk,
        _State.CHUNK_END: _chunk_end,
        _State.TRAILERS: _trailers,
        _State.BODY: _body,
    }

    def _skip(self, data: bytes, at: int, then: _State) -> int | None:
        available = len(data) - at
        if available >= self._left:
            self._state = then
            return at + self._left
        self._left -= available
        return len(data) if available else None

    def _charge(self, size: int) -> None:
        self._limit -= size
        if self._limit < 0:
            raise BadBody(413, _TOO_LARGE)

    def _spend(self, size: int) -> None:
        self._extra -= size
        if self._extra < 0:
            raise BadBody(400, _EXTRA)


def _line(data: bytes, at: int) -> bytes | None:
    """Return the line at `at` without its CR LF, None if it has not ended."""
    stop = at + _LINE_BYTES + 2
    end = data.find(b"\r\n", at, stop)
    begun = data[at : end + 2 if end >= 0 else stop]
    if has_bare(begun):
        raise BadBody(400, BARE_REASON)
    if end >= 0:
        return data[at:end]
    if len(begun) == _LINE_BYTES + 2:
        raise BadBody(400, _EXTRA)
    return None
