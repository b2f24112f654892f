"""TFTP's packets (RFC 1350, RFC 2347): two bytes of opcode, then what belongs to it.

This release has no transfers. A client that asks for one is told so, since silence would make its
firmware ask for minutes.
"""

import struct
from enum import IntEnum
from typing import Final


class Opcode(IntEnum):
    """What a packet is: RFC 1350 §5, RFC 2347."""

    RRQ = 1
    WRQ = 2
    DATA = 3
    ACK = 4
    ERROR = 5
    OACK = 6


class ErrorCode(IntEnum):
    """What went wrong: RFC 1350's appendix, RFC 2347."""

    NOT_DEFINED = 0
    FILE_NOT_FOUND = 1
    ACCESS_VIOLATION = 2
    DISK_FULL = 3
    ILLEGAL_OPERATION = 4
    UNKNOWN_TRANSFER_ID = 5
    FILE_ALREADY_EXISTS = 6
    NO_SUCH_USER = 7
    OPTION_REFUSED = 8


_HEADER_BYTES: Final = 2
_ANSWERS: Final = {
    Opcode.RRQ: "this server does not serve TFTP yet",
    Opcode.WRQ: "this server is read-only",
}


def is_tftp(datagram: bytes) -> bool:
    """Say whether a datagram that came to the shared port is TFTP's, and not a query."""
    return _opcode(datagram) is not None


def read(datagram: bytes) -> bytes | None:
    """Answer a request for a transfer.

    U-Boot gives up on the codes 1 and 2 only, so the answer is an access violation.

    Returns:
        An ERROR packet for a well-formed RRQ or WRQ; None for all else, which is not answered.
    """
    opcode = _opcode(datagram)
    if opcode not in _ANSWERS or not _is_request(datagram[_HEADER_BYTES:]):
        return None
    return error(ErrorCode.ACCESS_VIOLATION, _ANSWERS[opcode])


def error(code: ErrorCode, message: str) -> bytes:
    """Write an ERROR packet; `message` is ASCII, for a person."""
    return struct.pack("!HH", Opcode.ERROR, code) + message.encode("ascii") + b"\0"


def _opcode(datagram: bytes) -> Opcode | None:
    number = int.from_bytes(datagram[:_HEADER_BYTES], "big")
    if len(datagram) < _HEADER_BYTES or number not in _OPCODES:
        return None
    return Opcode(number)


def _is_request(body: bytes) -> bool:
    """Say whether `body` is a name and a mode, then maybe options and their values, each ended."""
    *strings, rest = body.split(b"\0")
    if rest or len(strings) < 2 or len(strings) % 2:
        return False
    name, mode, *_ = strings
    return bool(name and mode)


_OPCODES: Final = frozenset(Opcode)
