"""Signals as something to read in a loop: handlers only note, the loop acts.

Python runs a handler between any two steps of the program, where next to nothing is safe to do. So
the handlers here do nothing at all: the interpreter writes each signal's number into a socket
(`signal.set_wakeup_fd`), and the loop reads it there like any other event.
"""

import signal
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

# What the master tells its children. Not the signals that stop a daemon: those come from a terminal
# or a service manager to the whole process group, and are the master's to act on. The same in every
# version: after an upgrade the master tells them to children of the one before.
FINISH: Final = signal.SIGUSR1
STOP_AT_ONCE: Final = signal.SIGUSR2
RETIRE: Final = signal.SIGRTMIN  # others do its work now: finish, with time


class Signals:
    """The signals that this process acts on, as a readable descriptor.

    Attributes:
        fd: readable when a signal has arrived.
    """

    def __init__(
        self, heard: Iterable[signal.Signals], ignored: Iterable[signal.Signals] = ()
    ) -> None:
        """Hear some signals, ignore others, and unblock what is heard."""
        heard = tuple(heard)
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self.fd = self._reader.fileno()
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
        for number in heard:
            signal.signal(number, _heard)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)

    def read(self) -> list[signal.Signals]:
        """Return what has arrived since the last time, in order; empty where nothing has."""
        try:
            data = self._reader.recv(4096)
        except BlockingIOError:
            return []
        return [signal.Signals(number) for number in data]

    def close(self) -> None:
        """Stop hearing, and give the descriptors back."""
        signal.set_wakeup_fd(-1)
        self._reader.close()
        self._writer.close()


@contextmanager
def all_blocked() -> Iterator[None]:
    """Keep all signals waiting; over an exec, too (execve(2))."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _heard(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the number in the socket is what the loop acts on."""
