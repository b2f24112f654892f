"""The packets of RFC 1350 and 2347 as a client writes and reads them."""

import struct
import sys
from array import array
from typing import Final

from bench.errors import NoFigure

HEADER_BYTES: Final = 4

_RRQ: Final = 1
_DATA: Final = 3
_ACK: Final = 4
_ERROR: Final = 5
_OACK: Final = 6

_OPCODE: Final = struct.Struct("!H")
_TWO_WORDS: Final = struct.Struct("!HH")
_BLOCKS: Final = 65536  # after the last number comes 0

ACKS: Final = tuple(_TWO_WORDS.pack(_ACK, number) for number in range(_BLOCKS))


def _as_word(header: bytes) -> int:
    return int.from_bytes(header, sys.byteorder)


# The first four bytes of each DATA packet as one number of this machine's: a whole window is
# compared at once. Twice over, so that a window that wraps around is a slice like any other.
DATA_HEADERS: Final = memoryview(
    array("I", [_as_word(_TWO_WORDS.pack(_DATA, number)) for number in range(_BLOCKS)] * 2)
)
_NUMBERS: Final = {DATA_HEADERS[number]: number for number in range(_BLOCKS)}


def block_number(header: int) -> int | None:
    """Read the block number of a header; None where it is not that of a DATA packet."""
    return _NUMBERS.get(header)


def read_request(name: str, blksize: int, windowsize: int = 1) -> bytes:
    """Write a request for a file; its size is asked for too.

    Args:
        name: of the file.
        blksize: RFC 2348.
        windowsize: RFC 7440; the option is left out where it is 1.
    """
    options = {"blksize": blksize, "tsize": 0}
    if windowsize > 1:
        options["windowsize"] = windowsize
    fields = (name, "octet", *(str(word) for option in options.items() for word in option))
    return _OPCODE.pack(_RRQ) + b"".join(field.encode() + b"\0" for field in fields)


def granted(packet: bytes) -> dict[str, int]:
    """Read the options that an OACK grants.

    Raises:
        NoFigure: it is something else: an error, or data as if nothing had been asked for.
    """
    refuse_error(packet)
    if packet[:2] != _OPCODE.pack(_OACK):
        raise NoFigure(f"no options were granted, the answer begins with {packet[:16]!r}")
    fields = packet[2:].split(b"\0")
    return {
        name.decode("ascii", "replace").lower(): int(value)
        for name, value in zip(fields[::2], fields[1::2], strict=False)
    }


def refuse_error(packet: bytes) -> None:
    """Raise NoFigure with its words if this is an ERROR packet."""
    if packet[:2] == _OPCODE.pack(_ERROR):
        words = packet[HEADER_BYTES:].rstrip(b"\0").decode(errors="replace")
        raise NoFigure(f"the server refused with error {packet[3]}: {words}")
