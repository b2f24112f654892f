"""What tells one version of a file from another (RFC 9110 §8.8)."""

from typing import Final

from filed.protocols.http.dates import EXPRESSIBLE, format_date

_SECOND_NS: Final = 1_000_000_000
# What reproducible builds, Nix and OSTree set all their files to: it says nothing about contents.
_MEANINGLESS_S: Final = range(2)


def etag(mtime_ns: int, size: int, ending: bytes = b"") -> bytes | None:
    """Make a file's entity-tag, a strong one: its mtime and its size, in hexadecimal.

    It is the same on each machine that holds the same file with the same mtime. A time before 1970
    is written with a minus sign.

    Args:
        mtime_ns: when the contents last changed, nanoseconds since 1970.
        size: the file's length in bytes.
        ending: where it is sent in another one's place, what its name ends in: both may have the
            same time and size, and no two representations of one resource may have the same tag.

    Returns:
        The tag with its quotes; None where the mtime says nothing.
    """
    if mtime_ns // _SECOND_NS in _MEANINGLESS_S:
        return None
    suffix = b"-" + ending if ending else b""
    return b'"%x-%x%b"' % (mtime_ns, size, suffix)


def last_modified(mtime_ns: int) -> bytes | None:
    """Write a file's mtime, nanoseconds since 1970, as HTTP's date.

    Returns:
        None where the mtime says nothing, or lies outside the years 0001 to 9999.
    """
    mtime_s = mtime_ns // _SECOND_NS
    if mtime_s in _MEANINGLESS_S or mtime_s not in EXPRESSIBLE:
        return None
    return format_date(mtime_s)
