"""The head of an HTTP answer, as bytes (RFC 9112 §4, RFC 9110 §6 and §8)."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

ALLOW: Final = (b"Allow", b"GET, HEAD, OPTIONS")

Field = tuple[bytes, bytes]

_STATUS_LINES: Final = {
    status.value: b"HTTP/1.1 %d %s\r\n" % (status.value, status.phrase.encode())
    for status in HTTPStatus
}


def render(status: int, fields: Iterable[Field], *, close: bool, old: bool) -> bytes:
    """Write a head, its empty line included.

    Args:
        status: HTTP's status code.
        fields: name and value of each header field, in order.
        close: the connection ends after this answer.
        old: the client speaks HTTP/1.0, where staying open has to be said (RFC 9112 §C.2.2).
    """
    lines = [_STATUS_LINES[status]]
    lines += [b"%s: %s\r\n" % field for field in fields]
    if close:
        lines.append(b"Connection: close\r\n")
    elif old:
        lines.append(b"Connection: keep-alive\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


def phrase(status: int) -> str:
    """Return the words that belong to a status code."""
    return HTTPStatus(status).phrase
