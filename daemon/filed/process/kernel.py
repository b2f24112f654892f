"""What this kernel can do, found out by trying."""

import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from filed.files.tree import Tree
from filed.process import landlock

_UDP_SEGMENT: Final = 103  # linux/udp.h; Python's socket module does not name it
_SEGMENT_BYTES: Final = 1400  # any that fits a packet


def features() -> dict[str, str]:
    """Try each feature that is of use to a file server.

    Returns:
        By the feature's name, what `feature` says of it.
    """
    return {name: feature(name) for name in _FEATURES}


def feature(name: str) -> str:
    """Say in a word or two what there is of a feature, or why there is nothing."""
    try:
        return _FEATURES[name]()
    except OSError as error:
        return f"absent ({error.strerror})"


def _openat2() -> str:
    Tree(Path("/"), "inside").close()
    return "present"


def _landlock() -> str:
    return f"ABI {landlock.abi()}"


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
