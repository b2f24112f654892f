"""How many CPUs this process may use: those it may run on, or its cgroup's share of their time.

A container with a quota of two CPUs on a machine of 64 sees all 64 of them; 64 workers would use up
the quota in the first thirtieth of each period and stand still for the rest.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/")


def usable_cpus() -> int:
    """Count them: at least 1, a part of a CPU counted as one."""
    allowed = len(os.sched_getaffinity(0))
    quota = quota_cpus()
    return allowed if quota >= allowed else max(1, math.ceil(quota))


def quota_cpus(root: Path = _ROOT) -> float:
    """Read the CPU quota of this process's cgroup and those above it, in CPUs.

    Args:
        root: where `proc` and `sys` are found.

    Returns:
        The smallest of them; infinity where there is none.
    """
    return min((_quota(cgroup) for cgroup in _cgroups(root)), default=math.inf)


def _cgroups(root: Path) -> Iterator[Path]:
    """Yield the folders of the cgroups that may limit this process's CPU time, cgroups(7)."""
    mount = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:  # version 2: one hierarchy for all controllers
            yield from _with_parents(mount, path)
        elif "cpu" in controllers.split(","):
            yield from _with_parents(mount / "cpu", path)


def _with_parents(mount: Path, path: str) -> Iterator[Path]:
    # In a container the path may be the host's, of which only the mount itself is to be seen.
    inside = Path(path.lstrip("/"))
    return (mount / folder for folder in (inside, *inside.parents))


def _quota(cgroup: Path) -> float:
    quota, period = (_read(cgroup / "cpu.max") or _v1_quota(cgroup)).split()
    return math.inf if quota in ("max", "-1") else int(quota) / int(period)


def _v1_quota(cgroup: Path) -> str:
    quota, period = _read(cgroup / "cpu.cfs_quota_us"), _read(cgroup / "cpu.cfs_period_us")
    return f"{quota} {period}" if quota and period else "max 0"


def _read(path: Path) -> str:
    """Read a file of the kernel's; one that cannot be read sets no limit."""
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
