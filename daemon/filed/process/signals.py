"""Signals as something to read in a loop: handlers only note, the loop acts.

Python runs a handler between any two steps of the program, where next to nothing is safe to do. So
the handlers here only note which signals have come. The interpreter writes a byte for each into a
socket (`signal.set_wakeup_fd`), which wakes the loop like any other event. What the byte says is
not used: a flood of one signal can fill the socket, and no other may be lost in that.
"""

import signal
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

# What the master tells its children. Not the signals that stop a daemon: those come from a terminal
# or a service manager to the whole process group, and are the master's to act on. The same in every
# version: after an upgrade the master tells them to children of the one before.
FINISH: Final = signal.SIGUSR1
STOP_AT_ONCE: Final = signal.SIGUSR2
RETIRE: Final = signal.SIGRTMIN  # others do its work now: finish, with time

_WAKE_UPS: Final = 4096


class Signals:
    """The signals that this process acts on, as a readable descriptor.

    Attributes:
        fd: readable when a signal has arrived.
    """

    def __init__(
        self, heard: Iterable[signal.Signals], ignored: Iterable[signal.Signals] = ()
    ) -> None:
        """Hear some signals, ignore others, and block none any more."""
        self._heard = tuple(heard)
        self._arrived: dict[signal.Signals, None] = {}  # in order, each once, as signal(7) has it
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self.fd = self._reader.fileno()
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
        for number in self._heard:
            signal.signal(number, self._note)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def read(self) -> list[signal.Signals]:
        """Return what has arrived since the last time, in order; empty where nothing has."""
        with suppress(BlockingIOError):
            self._reader.recv(_WAKE_UPS)
        # The interpreter has run all handlers whose bytes were taken: it does so after each call.
        arrived, self._arrived = self._arrived, {}
        return list(arrived)

    def close(self) -> None:
        """Hear nothing any more, keep what comes waiting, and give the descriptors back."""
        signal.pthread_sigmask(signal.SIG_BLOCK, self._heard)
        signal.set_wakeup_fd(-1)
        self._reader.close()
        self._writer.close()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._arrived[signal.Signals(number)] = None


@contextmanager
def all_blocked() -> Iterator[None]:
    """Keep all signals waiting; over an exec, too (execve(2))."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
