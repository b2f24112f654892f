"""netascii: a line ends in CR LF, and a CR by itself is CR NUL (RFC 764's terminal, RFC 1350 §1).

A file is not sent as it lies there, so block N does not begin N blocks into it: a transfer notes
where each block began that it may have to send again.
"""

from typing import NamedTuple


class Place(NamedTuple):
    """Where a block begins.

    Attributes:
        offset: in the file, of the first byte that has not been sent in any part.
        begun: the second byte of a pair whose first ended the block before; else empty.
    """

    offset: int = 0
    begun: bytes = b""


def encode(raw: bytes) -> bytes:
    """Write bytes as netascii."""
    return raw.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")


def block(place: Place, raw: bytes, blksize: int) -> tuple[bytes, Place]:
    """Make one block.

    Args:
        place: where it begins.
        raw: the file's bytes from there on: at least `blksize`, or all there are.
        blksize: in bytes.

    Returns:
        The block, and where the next one begins. A block shorter than `blksize` is the last.
    """
    encoded = place.begun + encode(raw[:blksize])
    content, rest = encoded[:blksize], encoded[blksize:]
    # Each CR begins a pair that stands for one byte.
    consumed = len(content) - len(place.begun) - content.count(b"\r")
    if not content.endswith(b"\r"):
        return content, Place(place.offset + consumed)
    return content, Place(place.offset + consumed + 1, rest[:1])
