"""Directories' listings: made beside the loop, and remembered for as long as they are true.

A directory is read once and remembered while it is unchanged. A page of its listing, whose sizes
and times may change without a trace in the directory, is remembered for a second: long enough for
the many who ask for the same at the same time. One that somebody asks for while it is being made
is made once, unless the directory has changed since that began.
"""

import stat
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from hashlib import blake2b
from typing import Final, NamedTuple, Protocol, TypeVar

from filed.clock import Clock
from filed.files import directories
from filed.files.directories import Directory, Selection
from filed.files.errors import NotFound
from filed.files.tree import Tree, Version
from filed.protocols.messages import Format, Request
from filed.settings import Settings
from filed.site import pages
from filed.site.http.remembered import Remembered
from filed.site.later import Later
from filed.site.reply import Reply

# What a worker remembers at most.
_DIRECTORIES_BYTES: Final = 32 * 1024 * 1024
_PAGES_BYTES: Final = 8 * 1024 * 1024
_PAGE_S: Final = 1.0
_TAG_BYTES: Final = 12
_WRITERS: Final = {Format.HTML: pages.listing_html, Format.JSON: pages.listing_json}

T = TypeVar("T")


class Threads(Protocol):
    """What does work beside the loop."""

    def submit(self, work: Callable[[], T], done: Callable[["Future[T]"], None]) -> None:
        """Call `work` elsewhere, then `done` with what came of it in the loop's thread."""


class Asked(NamedTuple):
    """Which listing: of which directory, which part in which order, written as what."""

    path: bytes
    selection: Selection
    format: Format


class Listed(NamedTuple):
    """A listing that was made.

    Attributes:
        page: what to send.
        tag: a strong entity-tag of it.
        version: the directory's that it was made from.
        made_s: when that was begun, in monotonic seconds.
    """

    page: bytes
    tag: bytes
    version: Version
    made_s: float


class _Making:
    """A listing that is being made.

    Attributes:
        version: the directory's when that was begun.
        settled: a change since then would show in the version.
        waiting: who waits for it.
        made: what came of it, once it is there.
    """

    __slots__ = ("made", "settled", "version", "waiting")

    def __init__(self, version: Version, *, settled: bool) -> None:
        self.version = version
        self.settled = settled
        self.waiting: list[Later] = []
        self.made: Future[Listed] | None = None

    def result(self) -> Listed:
        """Return it, or raise what went wrong."""
        assert self.made is not None, "nobody is told before"
        return self.made.result()


class Listings:
    """Makes listings and remembers them."""

    def __init__(self, settings: Settings, tree: Tree, clock: Clock, threads: Threads) -> None:
        """Make listings in `threads`."""
        self._tree = tree
        self._clock = clock
        self._threads = threads
        self._hidden = settings.files.hidden
        self._limit = settings.http.listing_entries
        self._directories: Remembered[bytes, Directory] = Remembered(_DIRECTORIES_BYTES)
        self._pages: Remembered[Asked, Listed] = Remembered(_PAGES_BYTES)
        self._making: dict[Asked, _Making] = {}

    def answer(
        self, request: Request, asked: Asked, show: Callable[[Request, Listed], Reply]
    ) -> Reply | Later:
        """Answer with a listing.

        Args:
            request: what is answered.
            asked: the listing that it asks for.
            show: makes the reply of it.

        Raises:
            FileError: there is no such directory. What else is wrong with it or with the selection
                is raised when the answer is finished.
        """
        version = self._version(asked.path)
        listed = self._pages.get(asked)
        if listed is not None and self._holds(listed, version):
            return show(request, listed)
        making = self._making.get(asked)
        if making is None or making.version != version or not making.settled:
            making = self._make(asked, version)
        later = Later(request, lambda final: show(final, making.result()))
        making.waiting.append(later)
        return later

    def sweep(self) -> None:
        """Forget pages that hold no longer. Once a second is often enough."""
        oldest_s = self._clock.now_s - _PAGE_S
        for asked, listed in self._pages.items():
            if listed.made_s < oldest_s:
                self._pages.forget(asked)

    def _version(self, path: bytes) -> Version:
        status = self._tree.stat(path)
        if not stat.S_ISDIR(status.st_mode):
            raise NotFound("not a directory")
        return Version.of(status)

    def _holds(self, listed: Listed, version: Version) -> bool:
        return listed.version == version and self._clock.now_s - listed.made_s < _PAGE_S

    def _make(self, asked: Asked, version: Version) -> _Making:
        settled = version.is_settled(self._clock.wall_s)
        making = self._making[asked] = _Making(version, settled=settled)
        work = partial(self._list, asked, self._clock.now_s, making)
        self._threads.submit(work, partial(self._made, asked, making))
        return making

    # In a thread.

    def _list(self, asked: Asked, now_s: float, making: _Making) -> Listed:
        directory = self._directories.get(asked.path)
        if directory is None or directory.version != making.version:
            directory = directories.read(
                self._tree, asked.path, hidden=self._hidden, limit=self._limit
            )
            if making.settled and directory.version == making.version and not directory.dangling:
                self._directories.put(asked.path, directory, directory.size_bytes)
        page = directory.page(self._tree, asked.path, asked.selection, now_s=now_s)
        written = _WRITERS[asked.format](asked.path, page, asked.selection)
        tag = blake2b(written, digest_size=_TAG_BYTES).hexdigest()
        return Listed(written, b'"%b"' % tag.encode(), directory.version, now_s)

    # Back in the loop's.

    def _made(self, asked: Asked, making: _Making, made: "Future[Listed]") -> None:
        if self._making.get(asked) is making:
            del self._making[asked]
        making.made = made
        if made.exception() is None and making.settled:
            self._pages.put(asked, made.result(), len(made.result().page))
        for later in making.waiting:
            later.is_there()
