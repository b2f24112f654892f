"""What the figures were taken on."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine: its processor, how many cores may be used, the kernel, the load before."""

    cpu: str
    cores: int
    kernel: str
    load_average: float

    @classmethod
    def here(cls) -> Self:
        """Look at this one."""
        return cls(
            cpu_model(Path("/proc/cpuinfo").read_text()),
            len(os.sched_getaffinity(0)),
            f"{platform.system()} {platform.release()}",
            os.getloadavg()[0],
        )


def cpu_model(cpuinfo: str) -> str:
    """Find the processor's name in /proc/cpuinfo, or say what kind it is where there is none."""
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.machine()


def one_core() -> None:
    """Stay on one core from now on, and so whoever is started: server and load take turns there.

    Nobody is woken on another core, so the figures hold still. It is the last of the cores that may
    be used: the first one mostly serves the interrupts too.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
