"""What client and server agree on before a transfer (RFC 2347): the client asks, the server grants.

An OACK holds nothing that was not asked for, and no block or window larger than asked. A value that
makes no sense, or an option that is unknown or switched off, is left out of it, which tells the
client to go on without. Where nothing is left, the transfer begins with the first block.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from filed.protocols.tftp.packets import NUMBERS, oack

NAMES: Final = ("blksize", "timeout", "tsize", "windowsize")

BLKSIZE: Final = 512
"""Bytes of a block where none is agreed on: RFC 1350 §2."""
MIN_BLKSIZE: Final = 8
"""RFC 2348."""
MAX_BLKSIZE: Final = 65464
"""RFC 2348: what fits into an IPv4 datagram beside three headers."""
MAX_WINDOWSIZE: Final = NUMBERS // 2 - 1
"""Blocks. RFC 7440 §3 has 65535, but from half of all numbers on a late ACK of the window before
would be taken for one of this, and the client be sent other blocks than it takes them for."""
_MAX_TIMEOUT_S: Final = 255  # RFC 2349

# More digits than any of these numbers has. Python would read a million of them, slowly.
_MAX_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class Offer:
    """What this server is ready to grant.

    Attributes:
        options: out of `NAMES`.
        max_blksize: in bytes.
        max_windowsize: in blocks.
    """

    options: Collection[str] = NAMES
    max_blksize: int = MAX_BLKSIZE
    max_windowsize: int = MAX_WINDOWSIZE


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a transfer.

    Attributes:
        blksize: bytes of each block but the last, which has fewer.
        windowsize: how many blocks are sent before an ACK is waited for.
        timeout_s: how long to wait for one, where the client has said it.
        oack: the packet that grants this; empty where the client asked for nothing that is granted.
    """

    blksize: int = BLKSIZE
    windowsize: int = 1
    timeout_s: int | None = None
    oack: bytes = b""


def negotiate(
    asked: Mapping[bytes, bytes], offer: Offer, *, size_bytes: int | None, largest_blksize: int
) -> Terms:
    """Grant what can be granted.

    Args:
        asked: the options of a request, by their names in lower case.
        offer: what may be granted.
        size_bytes: how many bytes will be sent; None where that is not known beforehand (netascii).
        largest_blksize: what the path to the client takes in one piece.
    """
    granted: dict[bytes, int] = {}
    for name, text in asked.items():
        if name.decode("latin-1") not in offer.options or not _is_number(text):
            continue
        value = _granted(name, int(text), offer, size_bytes, largest_blksize)
        if value is not None:
            granted[name] = value
    return Terms(
        blksize=granted.get(b"blksize", BLKSIZE),
        windowsize=granted.get(b"windowsize", 1),
        timeout_s=granted.get(b"timeout"),
        oack=oack(granted) if granted else b"",
    )


def _granted(
    name: bytes, value: int, offer: Offer, size_bytes: int | None, largest_blksize: int
) -> int | None:
    match name:
        case b"blksize" if value >= MIN_BLKSIZE:
            return max(MIN_BLKSIZE, min(value, offer.max_blksize, largest_blksize))
        case b"windowsize" if value >= 1:
            return min(value, offer.max_windowsize, MAX_WINDOWSIZE)
        case b"timeout" if 1 <= value <= _MAX_TIMEOUT_S:
            return value  # exactly as asked or not at all: RFC 2349
        case b"tsize":
            return size_bytes or None  # some versions of curl fail on the size of an empty file
    return None


def _is_number(text: bytes) -> bool:
    return text.isdigit() and len(text) <= _MAX_DIGITS
