"""What a child of the master may do: less than the master.

As root the master stays root, since it has to bind at a reload; its children become somebody else,
or stay root in name. None has any capability (capabilities(7)) nor ever gains a privilege by an
exec again (PR_SET_NO_NEW_PRIVS), and Landlock lets a worker read beneath the root and nowhere else.
"""

import ctypes
import grp
import os
import pwd
from dataclasses import dataclass
from typing import Final, Self

from filed.files.errors import FileError
from filed.files.tree import Tree
from filed.process import kernel, landlock
from filed.settings import ConfigError, Loaded, Settings
from filed.settings.notation import quoted

# linux/prctl.h, linux/capability.h
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAPBSET_READ: Final = 23
_PR_CAPBSET_DROP: Final = 24
_CAP_SETPCAP: Final = 8
_CAPABILITY_VERSION_3: Final = 0x20080522
_LAST_CAPABILITY: Final = "/proc/sys/kernel/cap_last_cap"

_libc: Final = ctypes.CDLL(None, use_errno=True)


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapData(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the children become.

    Attributes:
        uid, gid, groups: as in credentials(7); None where they stay who they are.
        name: for the log.
    """

    uid: int | None
    gid: int | None
    groups: tuple[int, ...]
    name: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Look up what the settings name. Their existence was checked with the settings."""
        security = settings.security
        if os.geteuid() != 0 or (security.user is None and security.group is None):
            return cls(None, None, (), user_name(os.geteuid()))
        gid = grp.getgrnam(security.group).gr_gid if security.group is not None else None
        if security.user is None:
            return cls(None, gid, () if gid is None else (gid,), user_name(0))
        user = pwd.getpwnam(security.user)
        gid = user.pw_gid if gid is None else gid
        return cls(user.pw_uid, gid, tuple(os.getgrouplist(user.pw_name, gid)), user.pw_name)


def check(loaded: Loaded) -> None:
    """Make sure, before anything is started, that children can be confined as is required.

    Raises:
        ConfigError: Landlock is required, and there is none.
    """
    if loaded.settings.security.landlock != "require":
        return
    try:
        landlock.abi()
    except OSError as error:
        subject = loaded.origins["security.landlock"].subject("security.landlock")
        raise ConfigError(
            f'{subject}: "require": this kernel has no Landlock ({error.strerror})'
        ) from error


def active(identity: Identity, settings: Settings) -> dict[str, str | bool]:
    """Say for the log what children will be held by, once they have entered."""
    is_off = settings.security.landlock == "off"
    return {
        "user": identity.name,
        "capabilities": "none",
        "no_new_privs": True,
        "landlock": "off" if is_off else kernel.feature("Landlock"),
    }


def enter(identity: Identity, settings: Settings, *, beneath: int | None) -> None:
    """Drop what the master has, for good. To be called in a child, before it serves.

    Whatever lies elsewhere in the file system and is needed has to be open by now.

    Args:
        identity: who to become.
        settings: what was asked for.
        beneath: a descriptor of the directory that may still be read; None where nothing may.

    Raises:
        OSError: the kernel refused, and the child must not go on.
    """
    if os.geteuid() == 0:
        _drop_bounding_set()
        if identity.gid is not None:
            os.setgroups(identity.groups)
            os.setresgid(identity.gid, identity.gid, identity.gid)
        if identity.uid is not None:
            os.setresuid(identity.uid, identity.uid, identity.uid)
    _drop_capabilities()
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    if _is_to_be_confined(settings):
        landlock.confine(beneath)


def check_root(tree: Tree, identity: Identity, settings: Settings) -> None:
    """Make sure that who has entered can serve the tree at all.

    Raises:
        ConfigError: it may not search the root.
    """
    try:
        tree.stat(b"")
    except FileError as error:
        root = quoted(str(settings.root))
        raise ConfigError(
            f"root: {root}: cannot be entered by user {identity.name} ({error})"
        ) from error


def is_root_in_name(identity: Identity) -> bool:
    """Say whether children keep root's user id, as files' owner, though not its powers."""
    return os.geteuid() == 0 and not identity.uid


def user_name(uid: int) -> str:
    """Return a user's name, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _is_to_be_confined(settings: Settings) -> bool:
    mode = settings.security.landlock
    try:
        landlock.abi()
    except OSError:
        return mode == "require"  # and that fails, for the kernel's reason
    return mode != "off"


def _drop_bounding_set() -> None:
    with open(_LAST_CAPABILITY, "rb") as file:  # noqa: PTH123 - text could have its codec imported
        last = int(file.read())
    # The set bounds what an exec may gain. Dropping from it takes CAP_SETPCAP, which some
    # containers withhold from root; then PR_SET_NO_NEW_PRIVS alone keeps an exec from gaining.
    if _libc.prctl(_PR_CAPBSET_READ, _CAP_SETPCAP, 0, 0, 0) != 1:
        return
    for capability in range(last + 1):
        if _libc.prctl(_PR_CAPBSET_READ, capability, 0, 0, 0) == 1:
            _check(_libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0))


def _drop_capabilities() -> None:
    header = _CapHeader(_CAPABILITY_VERSION_3, 0)
    none = (_CapData * 2)()
    _check(_libc.capset(ctypes.byref(header), none))


def _check(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
