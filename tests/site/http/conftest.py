"""Somebody who asks for listings of a real tree, and threads whose hands the test moves."""

import gc
import json
from collections import deque
from concurrent.futures import Future
from contextlib import closing, contextmanager

import pytest

from filed.files import directories
from filed.files.directories import Selection
from filed.files.tree import Tree
from filed.protocols.messages import Format, Protocol, Request
from filed.settings import Settings
from filed.site.http.listings import Listings, View
from filed.site.later import Later
from support.hand_clock import HandClock

REQUEST = Request(Protocol.HTTP, b"GET", b"/", b"/")
# Long after any directory of the tests was changed: all of them are settled.
LATER_S = 3600.0


class HandThreads:
    """Begin and end what they are given when they are told to, in the order in which it came.

    Attributes:
        given: what has not begun.
        begun: what was done; what came of it is not known yet.
        missing: none can be started.
    """

    def __init__(self):
        self.given = deque()
        self.begun = deque()
        self.missing = False

    def submit(self, work, done):
        if self.missing:
            # The standard library's executor has the work in its queue when it says so.
            self.given.append((work, lambda _: None))
            raise RuntimeError("can't start new thread")
        self.given.append((work, done))

    def begin(self):
        work, done = self.given.popleft()
        future = Future()
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - whatever it is, as an executor does
            future.set_exception(error)
        self.begun.append((future, done))

    def end(self):
        future, done = self.begun.popleft()
        done(future)

    def run(self):
        while self.given:
            self.begin()
        while self.begun:
            self.end()


class WatchedTree(Tree):
    """A tree that may change just before it is asked."""

    def __init__(self, root):
        super().__init__(root, "inside")
        self._happening = {}

    def once_before(self, call, happens):
        """Have something happen before the next `stat` or `open`."""
        self._happening[call] = happens

    def stat(self, path):
        self._happening.pop("stat", lambda: None)()
        return super().stat(path)

    def open(self, path):
        self._happening.pop("open", lambda: None)()
        return super().open(path)


class Asker:
    """Asks for listings."""

    def __init__(self, tree, clock, **options):
        self.tree = tree
        self.clock = clock
        self.threads = HandThreads()
        self.listings = Listings(Settings(**options), tree, clock, self.threads)

    def ask(self, path=b"", written=Format.JSON, **selection):
        """Return a listing that is remembered, or what one waits with for one that is not."""
        view = View(path, Selection(**selection), written)
        version = self.listings.version(path)
        return self.listings.answer(REQUEST, view, version, lambda _, listed: listed)

    def get(self, path=b"", written=Format.JSON, **selection):
        """Return a listing, made if it has to be."""
        answer = self.ask(path, written, **selection)
        if not isinstance(answer, Later):
            return answer
        self.threads.run()
        return self.got(answer)

    @staticmethod
    def got(later):
        return later.finish(later.request)

    @staticmethod
    def sizes(listed):
        return {entry["name"]: entry["size"] for entry in json.loads(listed.page)["entries"]}

    @classmethod
    def names(cls, listed):
        return list(cls.sizes(listed))


@contextmanager
def _asking(root, **options):
    clock = HandClock()
    clock.wall_s = root.stat().st_ctime + LATER_S
    clock.advance()
    with closing(WatchedTree(root)) as tree:
        yield Asker(tree, clock, **options)


@pytest.fixture(scope="session")
def asking():
    """Make who asks for listings beneath a root, with settings of the test's own."""
    return _asking


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "a").touch()
    return root


@pytest.fixture
def asker(root):
    with _asking(root) as asker:
        yield asker


@pytest.fixture
def unsettled(asker, root):
    """Less than two seconds have gone since the last change."""
    asker.clock.wall_s = root.stat().st_ctime + 1.5


@pytest.fixture
def reads(monkeypatch):
    """Which directories were read, in order."""
    found = []
    usual = directories.read

    def read(tree, path, **more):
        found.append(path)
        return usual(tree, path, **more)

    monkeypatch.setattr(directories, "read", read)
    return found


@pytest.fixture
def without_collector():
    """What is counted while it is referred to goes with the last reference, not some time later."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
