"""What goes back to a client: bytes and slices of files, in order."""

from dataclasses import dataclass
from typing import Final

from filed.files.cache import CachedFile
from filed.files.tree import OpenFile


@dataclass(frozen=True, slots=True)
class FileSlice:
    """Bytes of an open file that are to be sent without passing through this process."""

    file: OpenFile
    offset: int
    count: int


Segment = bytes | FileSlice

_JOINED_BYTES: Final = 65536


class Reply:
    """An answer, ready to be sent. Immutable once made, so it may be sent any number of times.

    Attributes:
        status: HTTP's status; for the other protocols the nearest.
        start: the head and as much of the body as follows it in memory: one send. What is large
            stays by itself, so that replies that share it do not each hold a copy.
        rest: the segments after that.
        close: the connection ends with it.
        size_bytes: all that is to be sent, head included.
        counter: the slot of `filed_requests_total` that counts it.
    """

    __slots__ = ("close", "counter", "rest", "size_bytes", "start", "status")

    def __init__(
        self, status: int, head: bytes, *segments: Segment, counter: int, close: bool = False
    ) -> None:
        """Join what lies in memory."""
        in_memory = 0
        start = [head]
        for segment in segments:
            if not isinstance(segment, bytes) or len(segment) > _JOINED_BYTES:
                break
            start.append(segment)
            in_memory += 1
        self.status = status
        self.start = b"".join(start) if in_memory else head
        self.rest = segments[in_memory:]
        self.close = close
        self.size_bytes = len(head) + sum(map(length, segments))
        self.counter = counter


def length(segment: Segment) -> int:
    """Return how many bytes a segment is."""
    return len(segment) if isinstance(segment, bytes) else segment.count


def slice_of(file: CachedFile, offset: int, count: int) -> Segment:
    """Return `count` bytes of a cached file from `offset` on, wherever they lie."""
    if file.content is not None:
        return file.content[offset : offset + count]
    assert file.file is not None, "a cached file has its content or its descriptor"
    return FileSlice(file.file, offset, count)
