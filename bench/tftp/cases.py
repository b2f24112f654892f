"""What is asked of each server. Another case is another row of `CASES`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bench.tree import KIB, MIB

_LARGE: Final = "large.bin"
_IMAGE: Final = "image.bin"
SMALL: Final = "small.bin"

SIZES: Final[Mapping[str, int]] = {_LARGE: 64 * MIB, _IMAGE: 8 * MIB, SMALL: 64 * KIB}
QUICK_SIZES: Final[Mapping[str, int]] = {_LARGE: 32 * MIB, _IMAGE: 2 * MIB, SMALL: 64 * KIB}

# What fits an Ethernet frame with room for a tunnel's header; iPXE and EDK2 ask for about that.
_ETHERNET: Final = 1428


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of load.

    Attributes:
        name: for the command line.
        title: for the report.
        blksize: that is asked for, and has to be granted.
        windowsize: that is asked for; a server may grant less.
        file: which of the tree's is downloaded.
        times: how often a single client does that, one after the other.
        clients: how many do it at once.
    """

    name: str
    title: str
    blksize: int
    windowsize: int = 1
    file: str = _LARGE
    times: int = 1
    clients: int = 1

    @property
    def is_storm(self) -> bool:
        """Many at once: what counts is when the last one is done."""
        return self.clients > 1

    @property
    def downloads(self) -> int:
        """How many files are transferred in a round."""
        return self.times * self.clients


CASES: Final[Mapping[str, Case]] = {
    case.name: case
    for case in (
        Case("512", "lockstep, 512", 512),
        Case("1428", "lockstep, 1428", _ETHERNET),
        Case("window-16", "window 16 at 1428", _ETHERNET, 16, times=8),
        Case("window-64", "window 64 at 1428", _ETHERNET, 64, times=8),
        Case("storm", "storm, lockstep, 1428", _ETHERNET, file=_IMAGE, clients=500),
        Case("storm-16", "storm, window 16 at 1428", _ETHERNET, 16, file=_IMAGE, clients=500),
    )
}
