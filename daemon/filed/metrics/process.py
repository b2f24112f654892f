"""What a process says of itself in its row: CPU time, memory, descriptors.

Each process writes its own, since after dropping privileges no other one may read them in /proc.
"""

import os
import time
from contextlib import suppress
from typing import Final

from filed.metrics.catalogue import PROCESS_CPU, PROCESS_FDS, PROCESS_MEMORY
from filed.metrics.table import add

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_STATM_BYTES: Final = 128
_FDS: Final = "/proc/self/fd"


class ProcessStats:
    """Keeps the calling process's row up to date. To be made after the fork.

    Its two descriptors stay open: what it reads must be had when no other one can be opened, and
    when the process may open nothing there any more.

    Attributes:
        cpu_counted_ns: how much of the process's CPU time the row has.
    """

    def __init__(self, row: memoryview, role: str, cpu_counted_ns: int = 0) -> None:
        """Open what is read.

        Args:
            row: the process's own row.
            role: `master`, `worker` or `exporter`.
            cpu_counted_ns: how much of its CPU time the row has already.

        Raises:
            OSError: /proc is not there.
        """
        self._row = row
        self._cpu_slot = PROCESS_CPU.slot(role)
        self._memory_slot = PROCESS_MEMORY.slot(role)
        self._fds_slot = PROCESS_FDS.slot(role)
        self.cpu_counted_ns = cpu_counted_ns
        self._statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        self._fds = os.open(_FDS, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def update(self) -> None:
        """Write how things stand: a few microseconds, to be called about once a second.

        The CPU time is added, not set: the row may hold that of processes that had it before.
        """
        cpu_ns = time.process_time_ns()
        add(self._row, self._cpu_slot, cpu_ns - self.cpu_counted_ns)
        self.cpu_counted_ns = cpu_ns
        # proc_pid_statm(5): the second number is the resident set, in pages.
        resident_pages = int(os.pread(self._statm, _STATM_BYTES, 0).split()[1])
        self._row[self._memory_slot] = resident_pages * _PAGE_BYTES
        # Before Linux 6.2 counting takes a descriptor; with none free, the last count stands.
        with suppress(OSError):
            self._row[self._fds_slot] = open_descriptors(self._fds)

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self._statm)
        os.close(self._fds)


def open_descriptors(folder: int | str = _FDS) -> int:
    """How many descriptors the process has open.

    Since Linux 6.2 the folder's size says so at once (proc_pid_fd(5)); before, it is 0.

    Args:
        folder: /proc/self/fd, or a descriptor of it.

    Raises:
        OSError: it cannot be read, or no descriptor is free to list it with.
    """
    return os.stat(folder).st_size or listed_descriptors(folder)  # noqa: PTH116 - not always a path


def listed_descriptors(folder: int | str = _FDS) -> int:
    """The same by counting one by one, less the descriptor that the listing itself takes."""
    return len(os.listdir(folder)) - 1  # noqa: PTH208 - not always a path
