"""A control group for each server: it counts the CPU time of all its processes, ended ones too.

A server that forks for each transfer can have the kernel reap its children (SIGCHLD ignored, as
tftpd-hpa does): their time is then in nobody's `cutime`, and /proc has forgotten them. A group of
cgroups(7) version 2 counts what ran in it, to the microsecond, and needs no controller for that.

`python -m bench.tftp.control_group FOLDER COMMAND…` enters a group and becomes the command.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.errors import NoFigure

_MEMBERS: Final = "cgroup.procs"
_USAGE: Final = "usage_usec"


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """A group, which is a folder."""

    folder: Path

    def entered(self, command: list[str]) -> list[str]:
        """Say the command that runs another one as a member, whose children are members too."""
        return [sys.executable, "-m", "bench.tftp.control_group", str(self.folder), *command]

    def cpu_s(self) -> float:
        """User and system time of all who are or were members."""
        return parse_usage((self.folder / "cpu.stat").read_text())


@contextmanager
def control_group(name: str) -> Iterator[ControlGroup]:
    """Make a group below this process's own; remove it at the end. Its members have ended by then.

    Raises:
        NoFigure: this machine does not let us.
    """
    folder = _own_folder() / f"bench-{os.getpid()}-{name}"
    try:
        folder.mkdir()
    except OSError as error:
        raise NoFigure(
            f"a control group is needed to count CPU time, and only root may make one: {error}"
        ) from error
    try:
        yield ControlGroup(folder)
    finally:
        folder.rmdir()


def parse_usage(stat: str) -> float:
    """Read the seconds of CPU time in a `cpu.stat`."""
    return int(dict(line.split() for line in stat.splitlines())[_USAGE]) / 1e6


def _own_folder() -> Path:
    return mount(Path("/proc/self/mounts").read_text()) / own_path(
        Path("/proc/self/cgroup").read_text()
    )


def mount(mounts: str) -> Path:
    """Find in a /proc/PID/mounts where groups of version 2 are.

    Raises:
        NoFigure: nowhere.
    """
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    raise NoFigure("control groups of version 2 are needed to count CPU time; none are mounted")


def own_path(membership: str) -> str:
    """Find in a /proc/PID/cgroup the path of the group of version 2, below where they are."""
    for line in membership.splitlines():
        hierarchy, _, path = line.split(":", 2)
        if hierarchy == "0":
            return path.lstrip("/")
    raise NoFigure("this process is in no control group of version 2")


if __name__ == "__main__":
    _, own_folder, *run = sys.argv
    (Path(own_folder) / _MEMBERS).write_text(str(os.getpid()))
    os.execv(run[0], run)
