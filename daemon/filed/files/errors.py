"""Why a name leads to no file: one hierarchy, and the one switch from errno to it."""

import errno
from typing import Final


class FileError(Exception):
    """A name that cannot be served. What a client is told of it is each protocol's business."""


class BadName(FileError):
    """The name is malformed: no file could have it."""


class NotFound(FileError):
    """No such file; or hidden, or outside the root, which must look the same to a client."""


class Forbidden(FileError):
    """The file is there and this process may not read it."""


class Unavailable(FileError):
    """Not now: out of descriptors or memory, or the tree moved while the name was resolved."""


class Broken(FileError):
    """The file could not be read: the disk, the network behind it, or a bug."""


class IsDirectory(FileError):
    """The name leads to a directory, where a file was wanted."""


_BY_ERRNO: Final[dict[int, type[FileError]]] = {
    errno.ENOENT: NotFound,
    errno.ENOTDIR: NotFound,
    errno.ENAMETOOLONG: NotFound,
    errno.ELOOP: NotFound,  # a symlink where files.symlinks = "never", or a circle of them
    errno.EXDEV: NotFound,  # openat2(2): the name would lead outside the root
    errno.ENXIO: NotFound,  # a socket, or a FIFO without a reader
    errno.ENODEV: NotFound,  # a device without a driver
    errno.EINVAL: NotFound,  # a name that this file system cannot hold
    errno.EILSEQ: NotFound,  # the same, where names must be UTF-8
    errno.EACCES: Forbidden,
    errno.EPERM: Forbidden,
    errno.EAGAIN: Unavailable,
    errno.EMFILE: Unavailable,
    errno.ENFILE: Unavailable,
    errno.ENOMEM: Unavailable,
    errno.ESTALE: Unavailable,  # NFS: replaced on the server; asking again finds the new one
}


def from_os_error(error: OSError) -> FileError:
    """Say what an OSError means for the name that it was about."""
    kind = _BY_ERRNO.get(error.errno or 0, Broken)
    return kind(error.strerror or str(error))
