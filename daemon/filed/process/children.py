"""The posts that the master keeps filled, and the processes that fill them."""

import ctypes
import os
import signal
from collections.abc import Callable, Container
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from filed.metrics import catalogue
from filed.metrics.table import Table
from filed.settings import Settings

# Waits before a post is filled again: at once the first time, then longer and longer.
_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 5.0
# A child that has lived so long did not die of what killed the one before.
_STEADY_S: Final = 10.0
_BOOT_ATTEMPTS: Final = 5

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_libc: Final = ctypes.CDLL(None, use_errno=True)


class Role(StrEnum):
    """What a child is for."""

    WORKER = "worker"
    EXPORTER = "exporter"


_HEARTBEATS: Final = {
    Role.WORKER: catalogue.WORKER_HEARTBEAT.name,
    Role.EXPORTER: catalogue.EXPORTER_HEARTBEAT.name,
}


@dataclass(frozen=True, slots=True)
class Duty:
    """What a process does, and which of those that do the same it is, from 0."""

    role: Role
    number: int

    @property
    def title(self) -> str:
        return f"worker {self.number}" if self.role is Role.WORKER else str(self.role)


def duties(settings: Settings) -> list[Duty]:
    """Name all that there is to do at a time."""
    workers = [Duty(Role.WORKER, number) for number in range(settings.resolve_workers())]
    return workers if settings.metrics.listen is None else [*workers, Duty(Role.EXPORTER, 0)]


@dataclass(slots=True)
class Child:
    """A living process.

    Attributes:
        duty: what it does.
        pid: its id, until it is reaped.
        table, row: the row that is leased to it, and of which table.
        ready_fd: readable when it has become ready, or has died before; None after that.
        started_s: monotonic seconds.
        ready: whether it does its work.
        retired_s: when (monotonic) it was told that others do its work now; None if it was not.
        heartbeat: what its row last said of it.
        seen_s: when (monotonic) that last changed.
        killed_for: why the master killed it; empty if it did not.
    """

    duty: Duty
    pid: int
    table: Table
    row: int
    ready_fd: int | None
    started_s: float
    ready: bool = False
    retired_s: float | None = None
    heartbeat: int = 0
    seen_s: float = 0.0
    killed_for: str = ""

    def look(self, now_s: float) -> None:
        """Take note of its heartbeat.

        What that says is not trusted, and the clock it is taken from may be set: that it changes is
        enough.
        """
        metric = self.table.layout.find(_HEARTBEATS[self.duty.role])
        row = self.table.row(self.row)
        heartbeat = (
            int(now_s) if metric is None else sum(row[slot] for slot in metric.slots.values())
        )
        if heartbeat != self.heartbeat or not self.seen_s:
            self.heartbeat, self.seen_s = heartbeat, now_s

    def was_paused(self, seconds: float) -> None:
        """Have that time not count, neither for its silence nor for what it was to finish in."""
        if self.seen_s:
            self.seen_s += seconds
        if self.retired_s is not None:
            self.retired_s += seconds

    def is_fresh(self, now_s: float, patience_s: float) -> bool:
        """Say whether its heartbeat has changed within the last `patience_s`, or may yet."""
        return not self.seen_s or now_s - self.seen_s <= patience_s

    def signal(self, number: signal.Signals) -> None:
        """Send a signal. It has not been reaped, so the id is still its own."""
        os.kill(self.pid, number)

    def close_ready_fd(self) -> None:
        """Give that descriptor back, if it is still open."""
        if self.ready_fd is not None:
            os.close(self.ready_fd)
            self.ready_fd = None


@dataclass(slots=True)
class Post:
    """A place that is to be filled by a child.

    Attributes:
        duty: what the child does.
        child: who fills it now.
        deaths: children lost in quick succession.
        boot_failures: children in a row that died before they were ready.
        is_misconfigured: whether the last one said that it is for its configuration.
        start_s: when (monotonic) it may be filled again.
    """

    duty: Duty
    child: Child | None = field(default=None)
    deaths: int = 0
    boot_failures: int = 0
    is_misconfigured: bool = False
    start_s: float = 0.0

    @property
    def is_ready(self) -> bool:
        return self.child is not None and self.child.ready

    @property
    def is_hopeless(self) -> bool:
        """Whether another child would fare no better."""
        return self.is_misconfigured or self.boot_failures >= _BOOT_ATTEMPTS

    def lost(self, child: Child, status: int, now_s: float) -> None:
        """Take note of how a child ended (waitpid(2)), and decide when there may be another."""
        self.child = None
        code = os.waitstatus_to_exitcode(status)
        self.is_misconfigured = code == os.EX_CONFIG and not child.ready
        if now_s - child.started_s >= _STEADY_S:
            self.deaths = 0
        self.boot_failures = 0 if child.ready else self.boot_failures + 1
        wait_s = min(_FIRST_WAIT_S * 2 ** (self.deaths - 1), _LONGEST_WAIT_S) if self.deaths else 0
        self.start_s = now_s + wait_s
        self.deaths = min(self.deaths + 1, 16)


def fork(life: Callable[[Callable[[], None]], int]) -> tuple[int, int]:
    """Start a child that lives `life(ready)` and exits with what that returns.

    Signals are blocked in the child until it unblocks what it hears, so that none is lost between
    the fork and then.

    Returns:
        Its pid, and a descriptor that becomes readable once it has called `ready` (one byte) or
        has ended (none).

    Raises:
        OSError: no process could be made (fork(2)).
    """
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            _live(life, writer)
    except OSError:
        os.close(reader)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        os.close(writer)
    return pid, reader


def reap_strangers(known: Container[int]) -> None:
    """Bury orphans, which all fall to process 1: as that, in a container, we are their parent.

    Args:
        known: the ids of children of our own. If one of them has just died, this stops: it will be
            called again for that one's SIGCHLD.
    """
    with suppress(ChildProcessError):
        while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if found.si_pid in known:
                return
            os.waitpid(found.si_pid, 0)


def die_with(parent: int) -> None:
    """Have this process killed when its parent ends. An exec does not change that (prctl(2)).

    Args:
        parent: its parent's id, as it was at the fork.

    Raises:
        OSError: the kernel refused.
    """
    if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _live(life: Callable[[Callable[[], None]], int], writer: int) -> None:
    """Be the child. Never returns: nothing of the master's stack may run here."""
    code = 1
    try:
        code = life(lambda: _say_ready(writer))
    finally:
        os._exit(code)


def _say_ready(writer: int) -> None:
    os.write(writer, b"r")
    os.close(writer)
