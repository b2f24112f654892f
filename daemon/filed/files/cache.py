"""Files that were asked for lately: their descriptors, small contents, and what is built of them.

A cached file is served only while stat(2) still says what it said when the file was opened; it is
asked for each request, at most once per file and turn of the loop. So a changed file is never
served stale. Content that changed within the last two seconds is not kept at all: a second write
within one tick of the file system's clock would leave no trace in the times.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Final

from filed.clock import Clock
from filed.files.errors import Unavailable
from filed.files.tree import OpenFile, Tree

# A descriptor that nobody has asked for so long is closed: it would keep a deleted file's disk
# space from being freed.
_DESCRIPTOR_IDLE_S: Final = 5.0


class CachedFile:
    """A file as it was when it was opened.

    Attributes:
        path: relative to the root.
        version: what stat said.
        content: all of it, where it is small; else None.
        file: its open descriptor, where it is not small; else None.
        built: what the user of the cache has made of this version and wants to find again
            (`Cache.keep`); opaque here.
        epoch: whatever the user of the cache compares to know whether `built` still holds.
    """

    __slots__ = ("built", "content", "cost", "epoch", "file", "path", "turn", "used_s", "version")

    def __init__(self, path: bytes, file: OpenFile, content: bytes | None) -> None:
        self.path = path
        self.version = file.version
        self.content = content
        self.file = file if content is None else None
        self.built: dict[Hashable, Any] = {}
        self.epoch = 0
        self.cost = len(content) if content is not None else 0
        self.turn = 0
        self.used_s = 0.0


class Cache:
    """Least recently used out first, bounded in entries and in bytes."""

    def __init__(  # noqa: PLR0913 - its bounds, each with a name
        self,
        tree: Tree,
        clock: Clock,
        *,
        max_entries: int,
        max_bytes: int,
        small_bytes: int,
        max_descriptors: int,
    ) -> None:
        """Begin empty.

        Args:
            tree: where files are opened.
            clock: whose turns a file is asked once in.
            max_entries: how many files to remember.
            max_bytes: how much their contents, and what is kept with them, may come to.
            small_bytes: a file up to this size is read into memory.
            max_descriptors: how many files may be kept open.
        """
        self._tree = tree
        self._clock = clock
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._small_bytes = small_bytes
        self._max_descriptors = max_descriptors
        self._entries: OrderedDict[bytes, CachedFile] = OrderedDict()
        self._open: OrderedDict[bytes, CachedFile] = OrderedDict()
        self.bytes = 0
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, path: bytes) -> CachedFile:
        """Return the file that a path leads to now.

        Raises:
            FileError: what `Tree.open_file` and `OpenFile.read` raise.
        """
        entry = self._entries.get(path)
        if entry is not None:
            if entry.turn == self._clock.turn or self._revalidate(entry):
                self.hits += 1
                return entry
            self._forget(entry)
        self.misses += 1
        return self._load(path)

    def keep(self, entry: CachedFile, key: Hashable, value: object, size_bytes: int) -> None:
        """Keep something built from a cached file with it, charged to the cache's bytes."""
        if self._entries.get(entry.path) is not entry or entry.cost + size_bytes > self._max_bytes:
            return
        entry.built[key] = value
        self._charge(entry, size_bytes)

    def rebuild(self, entry: CachedFile, epoch: int) -> None:
        """Drop what was built from a file: it no longer holds. Its content stays."""
        entry.built.clear()
        entry.epoch = epoch
        if self._entries.get(entry.path) is entry:
            content = len(entry.content) if entry.content is not None else 0
            self._charge(entry, content - entry.cost)

    def sweep(self) -> None:
        """Close descriptors that nobody asked for lately. Once a second is often enough."""
        oldest_s = self._clock.now_s - _DESCRIPTOR_IDLE_S
        for entry in [entry for entry in self._open.values() if entry.used_s < oldest_s]:
            self._forget(entry)

    def _revalidate(self, entry: CachedFile) -> bool:
        if self._tree.current_version(entry.path) != entry.version:
            return False
        entry.turn = self._clock.turn
        entry.used_s = self._clock.now_s
        self._entries.move_to_end(entry.path)
        if entry.file is not None:
            self._open.move_to_end(entry.path)
        return True

    def _load(self, path: bytes) -> CachedFile:
        file = self._open_file(path)
        small = file.version.size_bytes <= self._small_bytes
        entry = CachedFile(path, file, file.read() if small else None)
        entry.turn = self._clock.turn
        entry.used_s = self._clock.now_s
        settled = entry.version.is_settled(self._clock.wall_s)
        if (settled or not small) and self._max_entries and entry.cost <= self._max_bytes:
            self._insert(entry)
        return entry

    def _open_file(self, path: bytes) -> OpenFile:
        try:
            return self._tree.open_file(path)
        except Unavailable:
            if not self._open:
                raise
        # Perhaps the descriptors that ran out are those kept here.
        for entry in list(self._open.values()):
            self._forget(entry)
        return self._tree.open_file(path)

    def _insert(self, entry: CachedFile) -> None:
        self._entries[entry.path] = entry
        if entry.file is not None:
            self._open[entry.path] = entry
            if len(self._open) > self._max_descriptors:
                self._forget(next(iter(self._open.values())))
        if len(self._entries) > self._max_entries:
            self._forget(next(iter(self._entries.values())))
        self.bytes += entry.cost
        self._shrink()

    def _charge(self, entry: CachedFile, size_bytes: int) -> None:
        entry.cost += size_bytes
        self.bytes += size_bytes
        self._shrink()

    def _shrink(self) -> None:
        while self.bytes > self._max_bytes:
            self._forget(next(iter(self._entries.values())))

    def _forget(self, entry: CachedFile) -> None:
        del self._entries[entry.path]
        self._open.pop(entry.path, None)
        self.bytes -= entry.cost
