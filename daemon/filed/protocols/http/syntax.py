"""Where one request ends and the next begins: the reader of HTTP/1 heads (RFC 9112).

A head is judged in the order of its bytes, and every fault is decided by the shortest beginning of
the stream that shows it. So it makes no difference in which pieces the bytes arrive: what a reader
says of some bytes it says of any longer ones too. That is also what makes heads safe to remember.
"""

from typing import Final, NamedTuple

from filed.protocols.http import fields as header
from filed.protocols.http import request_line
from filed.protocols.http.errors import RefusedError
from filed.protocols.http.fields import CHUNKED, NOTHING_ASKED, Asked, Fields
from filed.protocols.http.memory import KEY_BYTES, Memory
from filed.protocols.http.request_line import SERVED, RequestLine
from filed.protocols.lines import BARE_REASON, empty_lines_size, has_bare
from filed.protocols.messages import Protocol, Refusal, Request

__all__ = ["CHUNKED", "Head", "Limits", "Reader"]

_REMEMBERED: Final = 1024
_END: Final = b"\r\n\r\n"

_LONG_LINE: Final = "The request line is longer than this server reads."
_LONG_HEAD: Final = "The request's head is longer than this server reads."
_NO_HOST: Final = "An HTTP/1.1 request has to have a Host field."
_OLD_CODING: Final = "HTTP/1.0 has no Transfer-Encoding."
_LARGE_BODY: Final = "The body is larger than this server reads away."
_NOT_ALLOWED: Final = "This server only hands out files: it has GET, HEAD and OPTIONS."

# The variants of requests without conditions: by far the most, so they share these.
_VARIANTS: Final = {
    (method, close, old): method + b" close" * close + b" old" * old
    for method in SERVED
    for close in (False, True)
    for old in (False, True)
}


class Limits(NamedTuple):
    """How much of a request is read.

    Attributes:
        request_line: bytes, without its CR LF.
        request_head: bytes, with empty lines before it and the one at its end.
        fields: header fields.
        body: bytes of a body that is read away.
    """

    request_line: int
    request_head: int
    fields: int = 100
    body: int = 65536


class Head(NamedTuple):
    """A head that was read.

    Attributes:
        message: what it asks for, or why it cannot be answered.
        size: the bytes that it took, empty lines before it included. 0 for a refusal that did not
            wait for the head's end: the connection closes, and what follows means nothing.
        body: bytes of the body to read away before the answer, or `CHUNKED`.
    """

    message: Request | Refusal
    size: int
    body: int


class Reader:
    """Reads heads. It remembers what it has read, so one serves all connections of a process."""

    def __init__(self, limits: Limits) -> None:
        """Read within `limits`."""
        self._limits = limits
        self._line_stop = min(limits.request_line + 2, limits.request_head)
        self._heads: Memory[Head] = Memory(_REMEMBERED)
        self._blocks: Memory[Fields] = Memory(_REMEMBERED)

    def read(self, data: bytes) -> Head | None:
        """Read the head that `data` begins with.

        Args:
            data: all that has arrived since the last request and its body.

        Returns:
            None as long as nothing can be said; call again with more behind the same bytes.
        """
        if len(data) <= KEY_BYTES:
            head = self._heads[data]
            if head is not None:
                return head
        end = data.find(_END) + len(_END)
        if end < len(_END):
            return self._judge(data)
        return self._first(data, end)

    def _first(self, data: bytes, end: int) -> Head | None:
        """Read a whole head, of which more bytes may follow."""
        key = data if end == len(data) else data[:end]
        head = self._heads[key] if end < len(data) and end <= KEY_BYTES else None
        if head is None:
            head = self._judge(data)
            if head is not None and head.size == end:
                self._heads.remember(key, head)
        return head

    def _judge(self, data: bytes) -> Head | None:
        limits = self._limits
        start, stop = 0, self._line_stop
        if data.startswith(b"\r\n"):
            start = empty_lines_size(data)
            stop = min(start + limits.request_line + 2, limits.request_head)
        line_end = data.find(b"\r\n", start, stop)
        if line_end < 0:
            return self._without_line(data[start:stop], len(data))
        try:
            line = request_line.read(data[start:line_end])
        except RefusedError as error:
            return _refused_line(data[start : line_end + 2], error)
        end = data.find(_END, line_end, limits.request_head) + len(_END)
        if end < len(_END):
            return self._without_end(data[line_end : limits.request_head], line, len(data))
        try:
            return self._head(line, self._fields(data[line_end:end]), end)
        except RefusedError as error:
            return Head(_refusal(error, line), end, 0)

    def _without_line(self, begun: bytes, size: int) -> Head | None:
        """Judge a head whose first line has not ended in what may be read of it."""
        if has_bare(begun):
            return _stop(RefusedError(400, BARE_REASON))
        if len(begun) == self._limits.request_line + 2:
            return _stop(RefusedError(414, _LONG_LINE))
        if size >= self._limits.request_head:
            return _stop(RefusedError(431, _LONG_HEAD))
        return None

    def _without_end(self, begun: bytes, line: RequestLine, size: int) -> Head | None:
        """Judge a head that has not ended in what may be read of it."""
        if has_bare(begun):
            return _stop(RefusedError(400, BARE_REASON), line)
        if size >= self._limits.request_head:
            return _stop(RefusedError(431, _LONG_HEAD), line)
        return None

    def _fields(self, block: bytes) -> Fields:
        fields = self._blocks[block] if len(block) <= KEY_BYTES else None
        if fields is None:
            fields = header.read(block, limit=self._limits.fields)
            self._blocks.remember(block, fields)
        return fields

    def _head(self, line: RequestLine, fields: Fields, size: int) -> Head:
        if not (fields.hosted or line.old):
            raise RefusedError(400, _NO_HOST)
        body = fields.length
        close = fields.close or (line.old and not fields.keep_alive)
        if body:
            if line.old and body == CHUNKED:
                raise RefusedError(400, _OLD_CODING)
            # A final answer tells the client not to send its body; whether it does all the same
            # nobody knows, so nothing that follows could be read (RFC 9110 §10.1.1).
            if fields.expects and not line.old:
                close, body = True, 0
            elif body > self._limits.body:
                raise RefusedError(413, _LARGE_BODY)
        return Head(_message(line, fields, close=close), size, body)


def _message(line: RequestLine, fields: Fields, *, close: bool) -> Request | Refusal:
    if line.method not in SERVED:
        return Refusal(
            Protocol.HTTP,
            405,
            _NOT_ALLOWED,
            line.method,
            line.target,
            close,
            line.old,
            fields.user_agent,
            fields.referer,
        )
    asked = _asked(line.method, fields)
    return Request(
        Protocol.HTTP,
        line.method,
        line.name,
        line.target,
        line.query,
        close,
        line.old,
        asked.conditions,
        _variant(_VARIANTS[line.method, close, line.old], asked.variant),
        fields.user_agent,
        fields.referer,
    )


def _asked(method: bytes, fields: Fields) -> Asked:
    if method == b"GET":
        return fields.get
    return fields.head if method == b"HEAD" else NOTHING_ASKED


def _variant(common: bytes, asked: bytes | None) -> bytes | None:
    if asked is None:
        return None
    return common + asked if asked else common


def _refused_line(line: bytes, error: RefusedError) -> Head:
    if has_bare(line):
        return _stop(RefusedError(400, BARE_REASON))
    method, target = request_line.said(line[:-2])
    return Head(Refusal(Protocol.HTTP, error.status, error.reason, method, target), 0, 0)


def _stop(error: RefusedError, line: RequestLine | None = None) -> Head:
    """Refuse before the head has ended."""
    if line is None:
        return Head(Refusal(Protocol.HTTP, error.status, error.reason), 0, 0)
    return Head(_refusal(error, line), 0, 0)


def _refusal(error: RefusedError, line: RequestLine) -> Refusal:
    return Refusal(
        Protocol.HTTP, error.status, error.reason, line.method, line.target, old=line.old
    )
