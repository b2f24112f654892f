"""What lies in a directory, as far as a client may know of it."""

import os
import stat
from dataclasses import dataclass
from typing import Final

from filed.files.errors import FileError, NotFound, from_os_error
from filed.files.tree import Tree

# Each takes some microseconds to look at, while the worker's other clients wait.
MAX_ENTRIES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or directory of a listing. Sizes in bytes, times in seconds since the epoch."""

    name: bytes
    directory: bool
    size_bytes: int
    mtime_s: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A directory's entries by name, directories first; `cut` where there were too many."""

    entries: tuple[Entry, ...]
    cut: bool


def read(tree: Tree, path: bytes, *, hidden: bool) -> Listing:
    """List a directory: what could be fetched from it and nothing else.

    FIFOs, devices, sockets and symlinks that lead nowhere or outside are left out.

    Raises:
        FileError: it cannot be listed; NotFound where it is no directory.
    """
    directory = tree.open(path)
    if not directory.is_directory:
        raise NotFound("not a directory")
    try:
        names = os.listdir(directory.fd)  # noqa: PTH208 - of a descriptor
    except OSError as error:
        raise from_os_error(error) from error
    shown = sorted(map(os.fsencode, names))
    if not hidden:
        shown = [name for name in shown if not name.startswith(b".")]
    entries = [_entry(tree, path, directory.fd, name) for name in shown[:MAX_ENTRIES]]
    found = [entry for entry in entries if entry is not None]
    found.sort(key=lambda entry: not entry.directory)
    return Listing(tuple(found), cut=len(shown) > MAX_ENTRIES)


def _entry(tree: Tree, path: bytes, directory_fd: int, name: bytes) -> Entry | None:
    try:
        status = os.stat(name, dir_fd=directory_fd, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):  # only the tree knows whether it leads outside
            status = tree.stat(path + b"/" + name if path else name)
    except (FileError, OSError):
        return None  # gone since, or it leads outside: asking for it would say not found
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        return None
    return Entry(
        name, stat.S_ISDIR(status.st_mode), status.st_size, status.st_mtime_ns // 1_000_000_000
    )
