"""Directories' listings: made beside the loop, and remembered for as long as they are true.

A directory is read once and remembered while it is unchanged. A page of its listing, whose sizes
and times may change without a trace in the directory, is remembered for a second: long enough for
the many who ask for the same at the same time.

Of each view, one making at most has not begun. Whoever asks before it begins shares it, for it will
be as fresh as they could want; and after that too, if the directory is still as it was found then.
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
from filed.files.errors import NotFound, Unavailable
from filed.files.tree import Tree, Version
from filed.protocols.messages import Format, Request
from filed.settings import Settings
from filed.site import pages
from filed.site.http.held import Held, Tally
from filed.site.http.remembered import Remembered
from filed.site.later import Later
from filed.site.reply import Reply

# What a worker has to do at most, what it remembers, and what it and its slowest clients hold.
_MAKINGS: Final = 128
_DIRECTORIES_BYTES: Final = 32 * 1024 * 1024
_PAGES_BYTES: Final = 8 * 1024 * 1024
_HELD_BYTES: Final = 64 * 1024 * 1024

_PAGE_S: Final = 1.0
# A symlink that leads nowhere may lead somewhere later, without a trace in its directory.
_DANGLING_S: Final = 5.0
_TAG_BYTES: Final = 12
_WRITERS: Final = {Format.HTML: pages.listing_html, Format.JSON: pages.listing_json}

T = TypeVar("T")


class Threads(Protocol):
    """What does work beside the loop."""

    def submit(self, work: Callable[[], T], done: Callable[["Future[T]"], None]) -> None:
        """Call `work` elsewhere, then `done` with what came of it in the loop's thread.

        Raises:
            RuntimeError: there is no thread to do it, and none can be started.
        """


class View(NamedTuple):
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
        settled: a change of the directory's names since then would show in its version.
    """

    page: bytes
    tag: bytes
    version: Version
    made_s: float
    settled: bool


class _Found(NamedTuple):
    """How a directory was found when a making began."""

    version: Version
    settled: bool
    now_s: float


class _Making:
    """A listing that is to be made, or is being made, and those who wait for it.

    Attributes:
        begun: a thread is at it. Set there, before it looks at anything.
        found: what it has seen first.
        made: what came of it, once it is there.
    """

    __slots__ = ("begun", "found", "made", "waiting")

    def __init__(self) -> None:
        self.begun = False
        self.found: _Found | None = None
        self.made: Future[Listed] | None = None
        self.waiting: list[Later] = []

    def may_be_joined(self, version: Version) -> bool:
        """Say whether it will be what one wants who has found the directory like this just now."""
        if not self.begun:
            return True
        found = self.found
        return found is not None and found.settled and found.version == version

    def wait_for(self, request: Request, show: Callable[[Request, Listed], Reply]) -> Later:
        """Have a request answered with what comes of it."""
        later = Later(request, lambda final: show(final, self.result()))
        self.waiting.append(later)
        return later

    def is_wanted(self) -> bool:
        return any(later.is_wanted for later in self.waiting)

    def result(self) -> Listed:
        """Return it, or raise what went wrong."""
        assert self.made is not None, "nobody is told before"
        error = self.made.exception()
        if error is not None:
            raise error.with_traceback(None)  # else each who waits would add theirs to it
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
        self._directories: Remembered[bytes, tuple[Directory, float]] = Remembered(
            _DIRECTORIES_BYTES
        )
        self._pages: Remembered[View, Listed] = Remembered(_PAGES_BYTES)
        self._making: dict[View, _Making] = {}
        self._makings = 0
        self._held = Tally()

    def version(self, path: bytes) -> Version:
        """Look at a directory.

        Raises:
            FileError: there is none that may be seen.
        """
        status = self._tree.stat(path)
        if not stat.S_ISDIR(status.st_mode):
            raise NotFound("not a directory")
        return Version.of(status)

    def answer(
        self,
        request: Request,
        view: View,
        version: Version,
        show: Callable[[Request, Listed], Reply],
    ) -> Reply | Later:
        """Answer with a listing.

        Args:
            request: what is answered.
            view: the listing that it asks for.
            version: the directory's just now.
            show: makes the reply of it.

        Raises:
            Unavailable: there is too much to do already. What else is wrong with the directory or
                the selection is raised when the answer is finished.
        """
        listed = self._pages.get(view)
        if listed is not None and self._holds(listed, version):
            return show(request, listed)
        making = self._making.get(view)
        if making is not None and making.may_be_joined(version):
            return making.wait_for(request, show)
        making = _Making()
        later = making.wait_for(request, show)
        self._make(view, making)
        return later

    def sweep(self) -> None:
        """Forget pages that hold no longer. Once a second is often enough."""
        oldest_s = self._clock.now_s - _PAGE_S
        for view, listed in self._pages.items():
            if listed.made_s < oldest_s:
                self._pages.forget(view)

    def _holds(self, listed: Listed, version: Version) -> bool:
        return listed.version == version and self._clock.now_s - listed.made_s < _PAGE_S

    def _make(self, view: View, making: _Making) -> None:
        if self._makings >= _MAKINGS or self._held.bytes >= _HELD_BYTES:
            raise Unavailable("more listings are asked for than can be made")
        work, done = partial(self._list, view, making), partial(self._made, view, making)
        try:
            self._threads.submit(work, done)
        except RuntimeError as error:
            making.waiting.clear()  # it may be begun all the same, once there is a thread
            raise Unavailable("no thread can be started") from error
        self._makings += 1
        self._making[view] = making

    # In a thread. What it shares with the loop's is the tree, what is remembered, and the making.

    def _list(self, view: View, making: _Making) -> Listed:
        making.begun = True
        if not making.is_wanted():  # whoever has come in this very moment may ask again
            raise Unavailable("nobody waits for it any more")
        # The clock's time is that of the loop's turn, so no later than now.
        wall_s, now_s = self._clock.wall_s, self._clock.now_s
        version = self.version(view.path)
        found = making.found = _Found(version, version.is_settled(wall_s), now_s)
        directory = self._directory(view.path, found)
        page = directory.page(self._tree, view.path, view.selection, now_s=now_s)
        written = _WRITERS[view.format](view.path, page, view.selection)
        tag = b'"%b"' % blake2b(written, digest_size=_TAG_BYTES).hexdigest().encode()
        settled = found.settled and directory.version == version
        return Listed(written, tag, directory.version, now_s, settled)

    def _directory(self, path: bytes, found: _Found) -> Directory:
        remembered = self._directories.get(path)
        if remembered is not None:
            directory, read_s = remembered
            is_old = directory.dangling and found.now_s - read_s > _DANGLING_S
            if directory.version == found.version and not is_old:
                return directory
        directory = directories.read(self._tree, path, hidden=self._hidden, limit=self._limit)
        if found.settled and directory.version == found.version:
            self._directories.put(path, (directory, found.now_s), directory.size_bytes)
        return directory

    # Back in the loop's.

    def _made(self, view: View, making: _Making, made: "Future[Listed]") -> None:
        self._makings -= 1
        if self._making.get(view) is making:
            del self._making[view]
        making.made = made
        if made.exception() is None:
            making.made = self._hold(view, made.result())
        waiting, making.waiting = making.waiting, []  # they refer to it, and its page may be large
        for later in waiting:
            later.is_there()

    def _hold(self, view: View, listed: Listed) -> "Future[Listed]":
        """Count the bytes of a page for as long as anyone holds it, and remember it if it holds."""
        held = listed._replace(page=Held(listed.page, self._held))
        if held.settled:
            self._pages.put(view, held, len(held.page))
        future: Future[Listed] = Future()
        future.set_result(held)
        return future
