"""An open directory, and what the names in it lead to."""

import os
import stat

from filed.files.errors import FileError, NotFound, Unavailable, from_os_error
from filed.files.tree import Tree


class OpenDirectory:
    """A directory that is held open to ask for what lies in it.

    Attributes:
        fd: its descriptor, for as long as this lives.
        version: what it was when it was opened.
    """

    __slots__ = ("_file", "_prefix", "_tree", "fd", "version")

    def __init__(self, tree: Tree, path: bytes) -> None:
        """Open it.

        Args:
            tree: what it lies in.
            path: relative to the root and normalised (`names.normalise`).

        Raises:
            FileError: it cannot be opened; NotFound where it is no directory.
        """
        self._file = tree.open(path)
        if not self._file.is_directory:
            raise NotFound("not a directory")
        self._tree = tree
        self._prefix = path + b"/" if path else b""
        self.fd = self._file.fd
        self.version = self._file.version

    def status(self, name: bytes) -> os.stat_result | None:
        """Ask what a name leads to: a file or a directory; None for what is not served.

        Raises:
            FileError: nothing in this directory can be asked for, or not now.
        """
        try:
            status = os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except PermissionError as error:  # that is the directory: it may be read, not searched
            raise from_os_error(error) from error
        except OSError:
            return None  # gone since, or broken, which the others are not
        return self.target(name) if stat.S_ISLNK(status.st_mode) else _served(status)

    def target(self, link: bytes) -> os.stat_result | None:
        """Ask what a symlink leads to, which only the tree knows. As `status`."""
        try:
            return _served(self._tree.stat(self._prefix + link))
        except Unavailable:
            raise  # or all links were missing for once, where descriptors have run out
        except FileError:
            return None  # asking for it would say so too


def _served(status: os.stat_result) -> os.stat_result | None:
    mode = status.st_mode
    return status if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else None
