"""Landlock: a process gives up the file system and the network for good (landlock(7)).

What was opened before stays usable: listeners, the log, the table. What each kernel can take away
depends on the version of Landlock's interface, its ABI; all of it is taken. No version yet takes
away what needs no opening, such as chmod(2) and utime(2) of one's own files and stat(2) of any.

Python has none of the three system calls, so ctypes calls them.
"""

import ctypes
import os
from typing import Final, NamedTuple

# asm-generic/unistd.h: the same on every architecture
_SYS_CREATE_RULESET: Final = 444
_SYS_ADD_RULE: Final = 445
_SYS_RESTRICT_SELF: Final = 446

# linux/landlock.h
_CREATE_RULESET_VERSION: Final = 1
_RULE_PATH_BENEATH: Final = 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3


class _Rights(NamedTuple):
    file_system: int = 0
    tcp: int = 0
    scopes: int = 0


# By the ABI that brought them. What is handled is denied wherever no rule allows it; a kernel
# refuses a ruleset that handles what it does not know.
_HANDLED: Final = {
    1: _Rights(file_system=(1 << 13) - 1),  # execute, write, read, list, remove, make
    2: _Rights(file_system=1 << 13),  # link or rename into another directory
    3: _Rights(file_system=1 << 14),  # truncate
    4: _Rights(tcp=0b11),  # bind, connect
    5: _Rights(file_system=1 << 15),  # ioctl on devices
    6: _Rights(scopes=0b11),  # abstract unix sockets and processes that are not confined with it
    9: _Rights(file_system=1 << 16),  # connect to unix sockets that have a path
}


class _Ruleset(ctypes.Structure):
    # A kernel whose structure is shorter takes this one as long as the rest is zero.
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    # Packed in C, which only cuts the padding behind.
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


_libc: Final = ctypes.CDLL(None, use_errno=True)


def abi() -> int:
    """Return the version of the kernel's Landlock, 1 or more.

    Raises:
        OSError: there is none: not built in (ENOSYS), not switched on (EOPNOTSUPP), or withheld by
            whoever started this process (often EPERM).
    """
    return _call(_SYS_CREATE_RULESET, None, ctypes.c_size_t(0), _CREATE_RULESET_VERSION)


def confine(beneath: int | None) -> None:
    """Let this thread, and what it starts, only read beneath one directory from now on.

    Nothing may be written or executed, no TCP socket bound or connected, and nobody outside be
    signalled or reached by an abstract unix socket, as far as this kernel's ABI goes. The process
    must have given up new privileges (PR_SET_NO_NEW_PRIVS, prctl(2)).

    Args:
        beneath: a descriptor of the directory, which may be renamed later; None allows nothing.

    Raises:
        OSError: there is no Landlock, or it refused.
    """
    ruleset = _create_ruleset(abi())
    try:
        if beneath is not None:
            rule = _PathBeneath(_READ_FILE | _READ_DIR, beneath)
            _call(_SYS_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
        _call(_SYS_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _create_ruleset(version: int) -> int:
    rights = [each for since, each in _HANDLED.items() if since <= version]
    ruleset = _Ruleset(*map(sum, zip(*rights, strict=True)))  # no two have a bit in common
    return _call(
        _SYS_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(ctypes.sizeof(ruleset)), 0
    )


def _call(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
