"""From the name that a client sent to a path beneath the root.

Every protocol's names come through `normalise`, so there is one place to get this right. It works
on bytes, as file systems do, and only on the name: whether symlinks lead outside is for the kernel
to say when the file is opened (`files.tree`).
"""

from dataclasses import dataclass
from typing import Final

from filed.files.errors import BadName, NotFound

# RFC 8615: the one hidden name that exists to be asked for.
_WELL_KNOWN: Final = b".well-known"


@dataclass(frozen=True, slots=True)
class Name:
    """A normalised name.

    Attributes:
        path: relative to the root, no empty segment, no `.` or `..`; `b""` is the root itself.
        directory: it ended in a slash (or in `.` or `..`), so only a directory can have it.
    """

    path: bytes
    directory: bool

    @property
    def absolute(self) -> bytes:
        """The path with a slash before it, and one behind it where only a directory can have it."""
        return b"/" + self.path + (b"/" if self.directory and self.path else b"")


def normalise(raw: bytes, *, hidden: bool) -> Name:
    """Resolve a client's name to a path beneath the root, by the name alone.

    Args:
        raw: the name, decoded; a leading slash is allowed.
        hidden: names that start with a dot may be served.

    Raises:
        BadName: it holds a NUL byte, which no file's name can.
        NotFound: it climbs above the root, or it is hidden.
    """
    if b"\0" in raw:
        raise BadName("a name cannot hold a NUL byte")
    segments: list[bytes] = []
    for segment in raw.split(b"/"):
        if segment == b"..":
            if not segments:
                raise NotFound("the name leads above the root")
            segments.pop()
        elif segment not in (b"", b"."):
            segments.append(segment)
    if not hidden and _is_hidden(segments):
        raise NotFound("the name is hidden")
    return Name(b"/".join(segments), directory=_wants_directory(raw))


def _is_hidden(segments: list[bytes]) -> bool:
    start = 1 if segments[:1] == [_WELL_KNOWN] else 0
    return any(segment.startswith(b".") for segment in segments[start:])


def _wants_directory(raw: bytes) -> bool:
    return raw.rpartition(b"/")[2] in (b"", b".", b"..")
