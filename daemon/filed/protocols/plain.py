"""Plain TCP: a name in, the file's bytes out, close."""

from typing import Final

from filed.protocols.lines import empty_lines_size, first_line
from filed.protocols.messages import Message, Protocol, Refusal, Request

NAME_BYTES: Final = 1024

_EMPTY: Final = "No name was sent."
_LONG: Final = f"A name has at most {NAME_BYTES} bytes."


def read(data: bytes) -> Message:
    """Read what had arrived when the protocol was decided.

    The name ends at the first LF, or where the data ends: the simplest clients send it bare.
    Empty lines before it are skipped, as they are for deciding the protocol.
    """
    return name_request(Protocol.PLAIN, first_line(data[empty_lines_size(data) :]))


def name_request(protocol: Protocol, name: bytes) -> Message:
    """Make a request of a bare name, or refuse one that is empty or too long with 400."""
    if not name:
        return Refusal(protocol, 400, _EMPTY, b"GET")
    if len(name) > NAME_BYTES:
        return Refusal(protocol, 400, _LONG, b"GET", name)
    return Request(protocol, b"GET", name, name, close=True)
