"""What lies in a directory, as far as a client may know of it: read once, shown page by page.

It is made for directories of a million entries. What is kept of one is its names in the order of
their bytes, packed; sizes and times change without a trace in the directory, so they are asked for
when they are shown.

All this takes long, so it is done in a thread beside the loop. The two share the interpreter lock:
a thread that computes gives it up when another has waited for the switch interval, but never within
a call into C. So no call here handles more than a bounded number of names: they are sorted in
buckets, and packed and unpacked in blocks.

Measured with 200,000 files whose names have 28 bytes, by CPython 3.11 on two cores: a thread that
sleeps a millisecond at a time beside this one, the switch interval at half of one, was late by at
most 1.2 ms while the directory was read, filtered or sorted by size (58 ms beside
`sorted(os.listdir())`). Half as many are read in 110 ms of processor time; a page of them by name
takes 3 ms, with a filter up to 15 ms, in a new order by size 250 ms. A name of that length is kept
in 37 bytes, and takes 70 while the directory is read.
"""

import os
import stat
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from typing import Final

from filed.files.errors import from_os_error
from filed.files.open_directory import OpenDirectory
from filed.files.packed_names import PackedNames
from filed.files.sorting import Sorting
from filed.files.tree import Tree

PAGE_ENTRIES: Final = 1000

# How long an order by size or time holds: a file may grow without a trace in its directory.
_ORDER_HOLDS_S: Final = 5.0

# A position among a directory's names, as an array(3) of the standard library calls it.
_UINT32: Final = "I"
_UINT32_BITS: Final = 32
_UINT32_MAX: Final = (1 << _UINT32_BITS) - 1
# What a directory takes beside its names and orders, about.
_OVERHEAD_BYTES: Final = 1000


class Sort(StrEnum):
    """What the entries of a listing are sorted by."""

    NAME = "name"
    SIZE = "size"
    MTIME = "mtime"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries to show, and in what order.

    Directories come before files in any order. Names are compared byte by byte, and entries of one
    size or one time by their names; a directory has no size here. Descending is the reverse of
    that, among directories and among files.

    Attributes:
        sort: by what.
        descending: the last first.
        page: counted from 1.
        filter: text that a name must contain, in whatever case; `""` is in each.
    """

    sort: Sort = Sort.NAME
    descending: bool = False
    page: int = 1
    filter: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or directory of a listing. Sizes in bytes, times in seconds since the epoch."""

    name: bytes
    directory: bool
    size_bytes: int
    mtime_s: int


@dataclass(frozen=True, slots=True)
class Page:
    """Up to `PAGE_ENTRIES` entries of a directory, as they are now.

    Attributes:
        entries: what is shown; what has gone since the directory was read is not.
        total: how many entries were selected, on all pages.
        number: which page this is, counted from 1.
        pages: how many there are; one where nothing was selected.
        cut: the directory has more entries than were read.
    """

    entries: tuple[Entry, ...]
    total: int
    number: int
    pages: int
    cut: bool


class NoSuchPage(Exception):
    """The selected entries come to fewer pages, or the number is below one."""

    def __init__(self, pages: int) -> None:
        """Take the number of the last page."""
        super().__init__(f"no such page: there are pages 1 to {pages}")
        self.pages = pages


@dataclass(frozen=True, slots=True)
class _Order:
    """Positions of all entries, in another order than that of the names."""

    positions: Sequence[int]
    asked_s: float


_Fact = Callable[[os.stat_result], int]


def _mtime_s(status: os.stat_result) -> int:
    return status.st_mtime_ns // 1_000_000_000


def _size_bytes(status: os.stat_result) -> int:
    return 0 if stat.S_ISDIR(status.st_mode) else status.st_size


_FACTS: Final[dict[Sort, _Fact]] = {Sort.SIZE: _size_bytes, Sort.MTIME: _mtime_s}

# Positions of directories and of files, each in the order to show.
_Groups = tuple[Sequence[int], Sequence[int]]


class Directory:
    """A directory as it was read.

    Two threads may ask one for pages at the same time: it does not change but for orders that are
    remembered, each put in place whole. At worst both work out the same one.

    Attributes:
        version: the directory's, from before its entries were read. What was read holds while
            `Tree.current_version` says the same, if it was settled (`Version.is_settled`).
        dangling: a symlink in it led to nothing that is served. It may lead to something later
            without a trace in the directory, so this one is not to be remembered for long.
        cut: it has more entries than were looked at.
        size_bytes: what this takes in memory, all orders included.
    """

    __slots__ = ("_directories", "_names", "_orders", "cut", "dangling", "size_bytes", "version")

    def __init__(self, reading: "_Reading") -> None:
        self.version = reading.opened.version
        self.dangling = reading.dangling
        self.cut = reading.cut
        self._directories = len(reading.directories)
        self._names = PackedNames(chain(reading.directories.drain(), reading.files.drain()))
        self._orders: dict[Sort, _Order] = {}
        orders_bytes = len(_FACTS) * len(self._names) * array(_UINT32).itemsize
        self.size_bytes = self._names.size_bytes + orders_bytes + _OVERHEAD_BYTES

    def page(self, tree: Tree, path: bytes, selection: Selection, *, now_s: float) -> Page:
        """Show a page.

        Args:
            tree: where the directory was read.
            path: the directory's, as it was read.
            selection: what to show.
            now_s: monotonic seconds. An order by size or time is up to five seconds old; the sizes
                and times that are shown are always those of now.

        Raises:
            NoSuchPage: there are fewer pages.
            FileError: as `read`.
        """
        found = self._names.containing(selection.filter) if selection.filter else None
        total = len(self._names) if found is None else found.count(1)
        pages = max(1, -(-total // PAGE_ENTRIES))
        if not 1 <= selection.page <= pages:
            raise NoSuchPage(pages)
        opened = OpenDirectory(tree, path)
        order = self._order(opened, selection.sort, now_s)
        shown = self._names.at(_on_page(self._groups(order, found), selection))
        entries = tuple(_entry(name, status) for name in shown if (status := opened.status(name)))
        return Page(entries, total, selection.page, pages, self.cut)

    def _groups(self, order: Sequence[int], found: bytearray | None) -> _Groups:
        groups = order[: self._directories], order[self._directories :]
        if found is None:
            return groups
        directories, files = (array(_UINT32, (at for at in group if found[at])) for group in groups)
        return directories, files

    def _order(self, opened: OpenDirectory, sort: Sort, now_s: float) -> Sequence[int]:
        if sort is Sort.NAME:
            return range(len(self._names))
        order = self._orders.get(sort)
        if order is None or now_s - order.asked_s > _ORDER_HOLDS_S:
            order = self._orders[sort] = _Order(self._sort(opened, _FACTS[sort]), now_s)
        return order.positions

    def _sort(self, opened: OpenDirectory, fact: _Fact) -> "array[int]":
        positions = array(_UINT32)
        for group in (range(self._directories), range(self._directories, len(self._names))):
            sorting: Sorting[int] = Sorting()
            for at, name in zip(group, self._names.at(group), strict=True):
                status = opened.status(name)
                value = fact(status) if status is not None else 0
                sorting.add(value << _UINT32_BITS | at)
            positions.extend(key & _UINT32_MAX for key in sorting.drain())
        return positions


def _entry(name: bytes, status: os.stat_result) -> Entry:
    return Entry(name, stat.S_ISDIR(status.st_mode), status.st_size, _mtime_s(status))


def _on_page(groups: _Groups, selection: Selection) -> list[int]:
    shown: list[int] = []
    first = (selection.page - 1) * PAGE_ENTRIES
    for group in groups:
        ordered = group[::-1] if selection.descending else group
        shown += ordered[max(first, 0) : max(first + PAGE_ENTRIES, 0)]
        first -= len(group)
    return shown


def read(tree: Tree, path: bytes, *, hidden: bool, limit: int) -> Directory:
    """Read a directory: the names of what could be fetched from it and nothing else.

    FIFOs, devices, sockets and symlinks that lead nowhere or outside are left out.

    Args:
        tree: where to open it.
        path: relative to the root and normalised (`names.normalise`).
        hidden: names that start with a dot are read. Otherwise not even `.well-known` is, which is
            served: it is for programs, which know its name.
        limit: how many entries to look at, whatever comes of them. Of a directory that has more,
            which ones these are is up to the file system.

    Raises:
        FileError: it cannot be read; NotFound where it is no directory.
    """
    reading = _Reading(OpenDirectory(tree, path))
    try:
        reading.run(hidden=hidden, limit=limit)
    except OSError as error:
        raise from_os_error(error) from error
    return Directory(reading)


class _Reading:
    """A directory while it is read."""

    def __init__(self, opened: OpenDirectory) -> None:
        self.opened = opened
        self.directories: Sorting[bytes] = Sorting()
        self.files: Sorting[bytes] = Sorting()
        self.dangling = False
        self.cut = False

    def run(self, *, hidden: bool, limit: int) -> None:
        with os.scandir(self.opened.fd) as entries:
            for entry in islice(entries, limit):
                if hidden or not entry.name.startswith("."):
                    self._add(entry)
            self.cut = next(entries, None) is not None

    def _add(self, entry: os.DirEntry[str]) -> None:
        # These ask stat(2) only where the file system does not tell what the entry is.
        name = os.fsencode(entry.name)
        if entry.is_file(follow_symlinks=False):
            self.files.add(name)
        elif entry.is_dir(follow_symlinks=False):
            self.directories.add(name)
        elif entry.is_symlink():
            self._add_link(name)

    def _add_link(self, name: bytes) -> None:
        status = self.opened.target(name)
        if status is None:
            self.dangling = True
        elif stat.S_ISDIR(status.st_mode):
            self.directories.add(name)
        else:
            self.files.add(name)
