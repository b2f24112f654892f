"""The served tree: the only place that opens what a client named.

A name is opened with openat2(2) beneath the root's descriptor, so the kernel itself refuses to
leave the root, in every component and without a race: neither `..` nor a symlink nor a rename
while it resolves gets out. An absolute symlink is refused even where it points back inside.
Python has no openat2; ctypes calls it in 1.4 µs, close to what `os.open` takes.
"""

import ctypes
import errno
import os
import stat
from pathlib import Path
from typing import Final, Literal, NamedTuple, Self

from filed.files.errors import BadName, FileError, IsDirectory, NotFound, from_os_error

_SYS_OPENAT2: Final = 437  # asm-generic/unistd.h: the same on every architecture since 5.6
_RESOLVE_NO_MAGICLINKS: Final = 0x02  # linux/openat2.h
_RESOLVE_NO_SYMLINKS: Final = 0x04
_RESOLVE_BENEATH: Final = 0x08

# O_NONBLOCK: a FIFO without a writer opens at once instead of hanging the worker; fstat then tells
# what it is. It means nothing for regular files.
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_LOOK: Final = os.O_PATH | os.O_CLOEXEC

# openat2(2) gives up with EAGAIN where a rename anywhere raced with a `..` or a symlink.
_ATTEMPTS: Final = 64

# The times of FAT go in steps of two seconds, the coarsest in use.
_SETTLED_S: Final = 2.0


class _OpenHow(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = (
    ctypes.c_long,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.POINTER(_OpenHow),
    ctypes.c_size_t,
)


class Version(NamedTuple):
    """What tells one content of a file from another. Times in nanoseconds since the epoch.

    ctime is part of it since any write moves it and nobody can set it back.
    """

    ctime_ns: int
    mtime_ns: int
    size_bytes: int
    inode: int
    device: int

    @property
    def mtime_s(self) -> int:
        """The mtime in whole seconds, rounded down, before 1970 too."""
        return self.mtime_ns // 1_000_000_000

    def is_settled(self, wall_s: float) -> bool:
        """Say whether what was read of this version may be kept for as long as it is current.

        Two changes within one tick of the file system's clock have the same times. So what had
        changed within the last two seconds may have changed once more without a trace.

        Args:
            wall_s: seconds since the epoch, at or before the moment when this was asked for.
        """
        return wall_s - self.ctime_ns / 1e9 >= _SETTLED_S

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Take it from what stat(2) said."""
        return cls(
            status.st_ctime_ns,
            status.st_mtime_ns,
            status.st_size,
            status.st_ino,
            status.st_dev,
        )


class OpenFile:
    """A descriptor of a served file, with what fstat(2) said when it was opened.

    The cache and each transfer refer to it; the descriptor is closed with the last reference. So a
    file that is replaced while it is sent goes out whole as it was.
    """

    __slots__ = ("fd", "mode", "version")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        status = os.fstat(fd)
        self.mode = status.st_mode
        self.version = Version.of(status)

    def __del__(self) -> None:
        os.close(self.fd)

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)

    def read(self) -> bytes:
        """Read the whole file, which must be small.

        Raises:
            FileError: it could not be read, or has another length than when it was opened.
        """
        size = self.version.size_bytes
        try:
            content = os.pread(self.fd, size + 1, 0)
        except OSError as error:
            raise from_os_error(error) from error
        if len(content) != size:
            raise from_os_error(OSError(errno.ESTALE, "the file changed while it was read"))
        return content


_NO_OPENAT2: Final = {
    errno.ENOSYS: "openat2(2) is not to be had: it needs Linux 5.6 or later, and a service without "
    "DynamicUser= and RestrictSUIDSGID=, which take it away"
}


class Tree:
    """One directory and what lies beneath it."""

    def __init__(self, root: Path, symlinks: Literal["inside", "never"]) -> None:
        """Open the root, once: swapping it by a symlink later changes nothing here.

        Raises:
            OSError: it cannot be opened, or the kernel has no openat2 (ENOSYS; Linux 5.6 has).
        """
        resolve = _RESOLVE_BENEATH | _RESOLVE_NO_MAGICLINKS
        if symlinks == "never":
            resolve |= _RESOLVE_NO_SYMLINKS
        self._read = _OpenHow(_READ, 0, resolve)
        self._look = _OpenHow(_LOOK, 0, resolve)
        self.root_fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.close(self._openat2(b".", self._look))
        except OSError as error:
            self.close()
            raise OSError(error.errno, _NO_OPENAT2.get(error.errno or 0, error.strerror)) from error

    def close(self) -> None:
        """Give the root's descriptor back."""
        os.close(self.root_fd)

    def open(self, path: bytes) -> OpenFile:
        """Open a regular file or a directory for reading.

        Args:
            path: relative to the root and normalised (`names.normalise`).

        Raises:
            FileError: why there is nothing to serve; NotFound for what is neither file nor
                directory.
        """
        try:
            file = OpenFile(self._openat2(path or b".", self._read))
        except OSError as error:
            raise from_os_error(error) from error
        if not stat.S_ISREG(file.mode) and not file.is_directory:
            raise NotFound("neither a file nor a directory")
        return file

    def open_file(self, path: bytes) -> OpenFile:
        """Open a regular file. As `open`, and raises IsDirectory for a directory."""
        file = self.open(path)
        if file.is_directory:
            raise IsDirectory("a directory")
        return file

    def stat(self, path: bytes) -> os.stat_result:
        """Ask what a name leads to beneath the root, without reading it.

        Raises:
            FileError: as `open`.
        """
        try:
            fd = self._openat2(path or b".", self._look)
        except OSError as error:
            raise from_os_error(error) from error
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    def current_version(self, path: bytes) -> Version | None:
        """Ask for the version that a path leads to now; None where it leads nowhere.

        It goes the way that `open` goes. stat(2) would take 3 µs less and follow symlinks out of
        the root: a cached file whose directory was moved outside, with a symlink left in its place,
        is the same one as before.
        """
        try:
            return Version.of(self.stat(path))
        except FileError:
            return None  # whatever it is, `open` will say it

    def _openat2(self, path: bytes, how: _OpenHow) -> int:
        if b"\0" in path:  # C would end the name there
            raise BadName("a name cannot hold a NUL byte")
        for _ in range(_ATTEMPTS):
            fd: int = _syscall(_SYS_OPENAT2, self.root_fd, path, how, ctypes.sizeof(how))
            if fd >= 0:
                return fd
            code = ctypes.get_errno()
            if code not in (errno.EAGAIN, errno.EINTR):
                break
        raise OSError(code, os.strerror(code))
