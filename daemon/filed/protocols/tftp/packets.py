"""TFTP's packets (RFC 1350 §5, RFC 2347): two bytes of opcode, then what belongs to it.

Firmware is not strict with what it sends, so reading is not either: a request may lack its last
NUL, be padded with them, or end in an option without a value; modes and option names come in any
case. What is written is strict, and in lower case, since some clients compare bytes.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from filed.protocols.messages import Protocol, Refusal, Request


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


class Mode(StrEnum):
    """How a file's bytes travel: RFC 1350 §1. The third mode, mail, is for writing."""

    OCTET = "octet"
    NETASCII = "netascii"


HEADER: Final = struct.Struct("!HH")
"""Opcode, and the number of a block or of an error: how DATA, ACK and ERROR begin."""

NUMBERS: Final = 65536
"""How many numbers blocks have. The one after 65535 is 0: clients finish with that, not with 1."""

_OPCODE_BYTES: Final = 2
_OPCODES: Final = frozenset(Opcode)
_MODES: Final = {mode.encode(): mode for mode in Mode}
_METHODS: Final = {Opcode.RRQ: b"GET", Opcode.WRQ: b"PUT"}

_END_OF_OPTIONS: Final = b"\xff"  # of DHCP's, which some firmware sends after what it took there
_READ_ONLY: Final = "this server is read-only"
_NO_MODE: Final = "a request needs a file name and a mode, each ended by a zero byte"
_OTHER_MODE: Final = "the mode must be octet or netascii"


@dataclass(frozen=True, slots=True, eq=False)
class ReadRequest:
    """A read request.

    Attributes:
        message: its name, as the other protocols have it.
        mode: how the file is to be sent.
        options: RFC 2347's, by their names in lower case, in the order in which they were sent.
            Where one was sent twice, the first counts.
    """

    message: Request
    mode: Mode
    options: Mapping[bytes, bytes]


def is_tftp(datagram: bytes) -> bool:
    """Say whether a datagram that came to the shared port is TFTP's, and not a query."""
    return int.from_bytes(datagram[:_OPCODE_BYTES], "big") in _OPCODES and len(datagram) > 1


def read(datagram: bytes) -> ReadRequest | Refusal | None:
    """Read what came to the port that takes requests.

    Args:
        datagram: one of TFTP's (`is_tftp`).

    Returns:
        What is asked for; a refusal whose reason goes into an ERROR packet; or None for a packet
        that belongs to a transfer, and came to the wrong port.
    """
    method = _METHODS.get(Opcode(int.from_bytes(datagram[:_OPCODE_BYTES], "big")))
    if method is None:
        return None
    name, *rest = datagram[_OPCODE_BYTES:].split(b"\0")
    if not name or not rest or not rest[0]:
        return Refusal(Protocol.TFTP, 400, _NO_MODE, method, name)
    if method != b"GET":
        return Refusal(Protocol.TFTP, 403, _READ_ONLY, method, name)
    mode = _MODES.get(rest[0].lower().rstrip(_END_OF_OPTIONS))
    if mode is None:
        return Refusal(Protocol.TFTP, 400, _OTHER_MODE, method, name)
    return ReadRequest(Request(Protocol.TFTP, method, name, name), mode, _options(rest[1:]))


def error(code: ErrorCode, message: str) -> bytes:
    """Write an ERROR packet; `message` is ASCII, for a person."""
    return HEADER.pack(Opcode.ERROR, code) + message.encode("ascii") + b"\0"


def oack(options: Mapping[bytes, int]) -> bytes:
    """Write an OACK packet (RFC 2347): the options that are granted, and their values."""
    fields = b"".join(b"%b\0%d\0" % option for option in options.items())
    return Opcode.OACK.to_bytes(_OPCODE_BYTES, "big") + fields


def _options(strings: list[bytes]) -> dict[bytes, bytes]:
    options: dict[bytes, bytes] = {}
    for name, value in zip(strings[::2], strings[1::2], strict=False):
        if not name:  # padding begins
            break
        options.setdefault(name.lower(), value)
    return options
