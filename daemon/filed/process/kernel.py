"""What this kernel can do, found out by trying."""

import ctypes
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from filed.files.tree import Tree

_SYS_LANDLOCK_CREATE_RULESET: Final = 444  # asm-generic/unistd.h, the same on every architecture
_LANDLOCK_CREATE_RULESET_VERSION: Final = 1  # linux/landlock.h
_UDP_SEGMENT: Final = 103  # linux/udp.h; Python's socket module does not name it
_SEGMENT_BYTES: Final = 1400  # any that fits a packet


def features() -> dict[str, str]:
    """Try each feature that is of use to a file server.

    Returns:
        By the feature's name, what there is of it in a word or two, or why there is nothing.
    """
    return {name: _try(feature) for name, feature in _FEATURES.items()}


def _try(feature: Callable[[], str]) -> str:
    try:
        return feature()
    except OSError as error:
        return f"absent ({error.strerror})"


def _openat2() -> str:
    Tree(Path("/"), "inside").close()
    return "present"


def _landlock() -> str:
    """Ask for the version of Landlock's interface, landlock_create_ruleset(2)."""
    create_ruleset = ctypes.CDLL(None, use_errno=True).syscall
    abi: int = create_ruleset(
        ctypes.c_long(_SYS_LANDLOCK_CREATE_RULESET),
        None,
        ctypes.c_size_t(0),
        ctypes.c_uint32(_LANDLOCK_CREATE_RULESET_VERSION),
    )
    if abi < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return f"ABI {abi}"


def _udp_segment() -> str:
    """Try to have the kernel cut one large send into datagrams, udp(7)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, _SEGMENT_BYTES)
    return "present"


_FEATURES: Final[Mapping[str, Callable[[], str]]] = {
    "openat2": _openat2,
    "Landlock": _landlock,
    "UDP_SEGMENT": _udp_segment,
}
