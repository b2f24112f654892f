"""The head of an HTTP answer, as bytes (RFC 9112 §4, RFC 9110 §6 and §8)."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

ALLOW: Final = (b"Allow", b"GET, HEAD, OPTIONS")

Field = tuple[bytes, bytes]

# As RFC 9110 §15 has them; Python has had those of its predecessors until 3.13.
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus} | {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
}
_STATUS_LINES: Final = {
    status: b"HTTP/1.1 %d %s\r\n" % (status, words.encode()) for status, words in _PHRASES.items()
}


def render(status: int, fields: Iterable[Field], *, close: bool, keep_alive: bool) -> bytes:
    """Write a head, its empty line included.

    Args:
        status: HTTP's status code.
        fields: name and value of each header field, in order.
        close: the connection ends after this answer.
        keep_alive: the client wants to hear that the connection stays open (RFC 9112 §C.2.2).
    """
    lines = [_STATUS_LINES[status]]
    lines += [b"%s: %s\r\n" % field for field in fields]
    if close:
        lines.append(b"Connection: close\r\n")
    elif keep_alive:
        lines.append(b"Connection: keep-alive\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


def phrase(status: int) -> str:
    """Return the words that belong to a status code."""
    return _PHRASES[status]
