"""Files that lie compressed beside the file they are made of: `disk.img.zst` beside `disk.img`."""

import stat
from collections.abc import Sequence
from typing import Final, NamedTuple

from filed.clock import Clock
from filed.files.cache import Cache, CachedFile
from filed.files.errors import FileError
from filed.files.tree import Tree, Version
from filed.protocols.messages import Request

# By their ending: what HTTP calls the coding (RFC 9110 §8.4.1, RFC 8878, RFC 7932).
CODINGS: Final = {"zst": "zstd", "br": "br", "gz": "gzip"}

_SECOND_NS: Final = 1_000_000_000
_ENDINGS: Final = tuple(f".{ending}".encode() for ending in CODINGS)
# Where the cache keeps, with a file, what was found beside it.
_BESIDE: Final = "sidecars"


class Sidecar(NamedTuple):
    """A compressed file that may be sent for another one.

    Attributes:
        path: relative to the root.
        coding: what Content-Encoding calls it.
        ending: what its name ends in, without the dot.
    """

    path: bytes
    coding: str
    ending: str


class Sidecars:
    """Finds what lies beside files."""

    def __init__(self, tree: Tree, cache: Cache, clock: Clock, endings: Sequence[str]) -> None:
        """Look for sidecars with these endings."""
        self._clock = clock
        self._tree = tree
        self._cache = cache
        self._endings = endings

    def beside(self, file: CachedFile) -> tuple[Sidecar, ...]:
        """Return the sidecars of a file that may stand for it.

        They are looked for anew only once what was built of the file has been dropped, each second
        or when it changes: asking for each request would cost as much as the request. So a new one
        is found within a second of settling; one that changes or goes is noticed at once
        (`choose`).
        """
        found: tuple[Sidecar, ...] | None = file.built.get(_BESIDE)
        if found is None:
            found = self._look(file)
            self._cache.keep(file, _BESIDE, found, 0)
        return found

    def choose(
        self, request: Request, file: CachedFile, beside: tuple[Sidecar, ...]
    ) -> tuple[CachedFile, Sidecar] | None:
        """Open the sidecar that a client wants most; None where it wants the file as it is."""
        by_coding = {sidecar.coding: sidecar for sidecar in beside}
        for coding in request.preferences.codings:
            sidecar = by_coding.get(coding)
            opened = self._open(file, sidecar) if sidecar is not None else None
            if opened is not None and sidecar is not None:
                return opened, sidecar
        return None

    def _look(self, file: CachedFile) -> tuple[Sidecar, ...]:
        if file.path.endswith(_ENDINGS):
            return ()
        named = (
            Sidecar(file.path + b"." + ending.encode(), CODINGS[ending], ending)
            for ending in self._endings
        )
        return tuple(sidecar for sidecar in named if self._is_fresh(sidecar.path, file))

    def _is_fresh(self, path: bytes, file: CachedFile) -> bool:
        try:
            status = self._tree.stat(path)
        except FileError:  # there is none that could be served
            return False
        return stat.S_ISREG(status.st_mode) and self._is_usable(Version.of(status), file)

    def _open(self, file: CachedFile, sidecar: Sidecar) -> CachedFile | None:
        try:
            found = self._cache.find(sidecar.path)
        except FileError:  # gone since, or not to be read: the file itself is there
            return None
        return found if self._is_usable(found.version, file) else None

    def _is_usable(self, version: Version, file: CachedFile) -> bool:
        """Say whether a sidecar is whole, as far as can be told, and of the file as it is.

        One that is being written would be sent as if it were all: it is the newer for it. What does
        that moves its ctime, so one that has not moved for a while is left alone by now.
        """
        settled = version.is_settled(self._clock.wall_s)
        return settled and version.size_bytes > 0 and _is_younger(version, file)


def _is_younger(version: Version, file: CachedFile) -> bool:
    """Compare by the second where that is all that the sidecar's time tells.

    Many a tool gives what it makes the time of what it was made from, cut to whole seconds.
    """
    if version.mtime_ns % _SECOND_NS:
        return version.mtime_ns >= file.version.mtime_ns
    return version.mtime_s >= file.version.mtime_s
