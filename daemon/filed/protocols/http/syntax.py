"""Where one request ends and the next begins: the reader of HTTP/1 heads (RFC 9112).

A head is judged in the order of its bytes, and every fault is decided by the shortest beginning of
the stream that shows it. So it makes no difference in which pieces the bytes arrive: what a reader
says of some bytes it says of any longer ones too. That is also what makes heads safe to remember.
"""

from typing import Final, NamedTuple

from filed.protocols.http import fields as header
from filed.protocols.http import request_line
from filed.protocols.http.errors import RefusedError
from filed.protocols.http.fields import CHUNKED, NOTHING_ASKED, Fields
from filed.protocols.http.memory import KEY_BYTES, Memory
from filed.protocols.http.request_line import METHODS, SERVED, RequestLine
from filed.protocols.lines import BARE_REASON, empty_lines_size, has_bare
from filed.protocols.messages import Message, Protocol, Refusal, Request

__all__ = ["CHUNKED", "Head", "Limits", "Reader"]

_REMEMBERED: Final = 1024
_END: Final = b"\r\n\r\n"

_FORM: Final = "The request line has to be a method, a target and HTTP/1.1, with one space between."
_LONG_LINE: Final = "The request line is longer than this server reads."
_LONG_HEAD: Final = "The request's head is longer than this server reads."
_NO_HOST: Final = "An HTTP/1.1 request has to have a Host field."
_OLD_CODING: Final = "HTTP/1.0 has no Transfer-Encoding."
_LARGE_BODY: Final = "The body is larger than this server reads away."
_NOT_ALLOWED: Final = "This server only hands out files: it has GET, HEAD and OPTIONS."

# The variants of requests that want nothing special: by far the most, so they share these.
_VARIANTS: Final = {
    (method, close, keep_alive): method + b" close" * close + b" keep" * keep_alive
    for method in SERVED
    for close in (False, True)
    for keep_alive in (False, True)
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
        size: the bytes that it took, empty lines before it included. 0 where the head itself is
            at fault: the connection closes, and what follows means nothing.
        body: bytes of the body to read away before the answer, or `CHUNKED`.
    """

    message: Message
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
        start = empty_lines_size(data) if data.startswith(b"\r\n") else 0
        found = data.find(_END, start)
        if found < 0:
            return self._judge(data, start, 0)
        return self._first(data, start, found + len(_END))

    def _first(self, data: bytes, start: int, end: int) -> Head | None:
        """Read the first head of `data`, of which more than its bytes may be there."""
        key = data if end == len(data) else data[:end]
        head = self._heads[key] if end < len(data) and end <= KEY_BYTES else None
        if head is None:
            head = self._judge(data, start, end)
            if head is not None and head.size:
                self._heads.remember(key, head)
        return head

    def _judge(self, data: bytes, start: int, end: int) -> Head | None:
        """Read the head from `start` to `end`; to 0 where its end is not there."""
        limit = self._limits.request_head
        stop = min(start + self._line_stop, limit) if start else self._line_stop
        try:
            line = request_line.read(data, start, stop)
            if line is None:
                self._check_line(data[start:stop], len(data))
                return None
        except RefusedError as error:
            return _refused(error, error.method, error.target)
        try:
            if not 0 < end <= limit:
                self._check_fields(data[line.end : limit], len(data))
                return None
            return self._head(line, self._fields(data[line.end : end]), end)
        except RefusedError as error:
            return _refused(error, line.method, line.target)

    def _check_line(self, begun: bytes, size: int) -> None:
        """Refuse what may be read of a first line, where it has no end or not the right form."""
        line, line_end, _ = begun.partition(b"\r\n")
        method = line.partition(b" ")[0]
        method = method if method in METHODS else b""  # an answer to HEAD has no body even so
        if has_bare(line + line_end):
            raise RefusedError(400, BARE_REASON, method)
        if line_end:
            raise RefusedError(400, _FORM, method)
        if len(begun) == self._limits.request_line + 2:
            raise RefusedError(414, _LONG_LINE, method)
        if size >= self._limits.request_head:
            raise RefusedError(431, _LONG_HEAD)

    def _check_fields(self, begun: bytes, size: int) -> None:
        """Refuse what may be read of a head that has no end there, if more would not help."""
        if has_bare(begun):
            raise RefusedError(400, BARE_REASON)
        if size >= self._limits.request_head:
            raise RefusedError(431, _LONG_HEAD)

    def _fields(self, block: bytes) -> Fields:
        fields = self._blocks[block] if len(block) <= KEY_BYTES else None
        if fields is None:
            fields = header.read(block, limit=self._limits.fields)
            self._blocks.remember(block, fields)
        return fields

    def _head(self, line: RequestLine, fields: Fields, size: int) -> Head:
        if not (fields.hosted or line.old):
            return Head(_refusal(line, fields, 400, _NO_HOST), 0, 0)
        body = fields.length
        close = fields.close or (line.old and not fields.keep_alive)
        if body:
            if line.old and body == CHUNKED:
                return Head(_refusal(line, fields, 400, _OLD_CODING), 0, 0)
            # A final answer tells the client not to send its body; whether it does all the same
            # nobody knows, so nothing that follows could be read (RFC 9110 §10.1.1).
            if fields.expects and not line.old:
                close, body = True, 0
            elif body > self._limits.body:
                return Head(_refusal(line, fields, 413, _LARGE_BODY), 0, 0)
        return Head(_message(line, fields, close=close), size, body)


def _message(line: RequestLine, fields: Fields, *, close: bool) -> Message:
    if line.method not in SERVED:
        return _refusal(line, fields, 405, _NOT_ALLOWED, close=close)
    method = line.method
    asked = fields.get if method == b"GET" else fields.head if method == b"HEAD" else fields.options
    common = _VARIANTS[method, close, fields.keep_alive]
    variant = common if asked is NOTHING_ASKED else asked.variant and common + asked.variant
    return Request(
        Protocol.HTTP,
        method,
        line.name,
        line.target,
        line.query,
        close,
        fields.keep_alive,
        asked.conditions,
        variant,
        fields.user_agent,
        fields.referer,
        fields.preferences,
    )


def _refusal(
    line: RequestLine, fields: Fields, status: int, reason: str, *, close: bool = True
) -> Refusal:
    """Refuse what was understood to the end of its head."""
    return Refusal(
        Protocol.HTTP,
        status,
        reason,
        line.method,
        line.target,
        close,
        fields.keep_alive,
        fields.user_agent,
        fields.referer,
        fields.preferences,
    )


def _refused(error: RefusedError, method: bytes, target: bytes) -> Head:
    return Head(Refusal(Protocol.HTTP, error.status, error.reason, method, target), 0, 0)
