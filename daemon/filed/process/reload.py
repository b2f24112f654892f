"""A reload: rehearsed in a child, then carried out by executing the program anew, in place.

The process stays, and with it the pid that a service manager knows, the sockets with whatever is
queued on them, the shared numbers and the children. So there is one way to take a new configuration
and a new version: both are what is on the disk when a reload is asked for.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable, MutableMapping
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn, Self

from filed.process.children import die_with, fork
from filed.process.handover import Handover
from filed.process.listeners import Held
from filed.process.rehearsal import Consent
from filed.process.words import last_words

VARIABLE: Final = "FILED_HANDOVER"

_PATIENCE_S: Final = 30.0
_WORDS_BYTES: Final = 65536
_STDERR: Final = 2


class Part(StrEnum):
    """What this process has been executed for."""

    START = "start"
    REHEARSE = "rehearse"
    TAKE_OVER = "take-over"


class ReloadRefusedError(Exception):
    """A reload that is not carried out; its words say why."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a master has executed this program for, if it was one.

    Attributes:
        part: what is to be done.
        handover: what there is to start from.
        channel: where a rehearsal sends its consent.
    """

    part: Part
    handover: Handover
    channel: socket.socket | None = None

    @classmethod
    def of(cls, environ: MutableMapping[str, str]) -> Self:
        """Take it out of the environment.

        Raises:
            ValueError: it is from a version whose hand-over this one cannot read.
            OSError: there is no such hand-over.
            BindError: the service manager has handed over what is no use.
        """
        match environ.pop(VARIABLE, "").split(":"):
            case [part, pid, written, *channel] if pid == str(os.getpid()):
                handover = Handover.read(int(written))
                os.close(int(written))
                answer_to = socket.socket(fileno=int(channel[0])) if channel else None
                return cls(Part(part), handover, answer_to)
        return cls(Part.START, Handover.of_nothing(environ))


class Rehearsal:
    """The child that rehearses, as the master sees it.

    Attributes:
        pid: its process.
        overdue_s: when (monotonic) it will have taken too long.
        status: how it has ended, as waitpid(2) has it; None until then.
    """

    def __init__(self, handover: Handover, now_s: float, leave: Callable[[], None]) -> None:
        """Start it.

        Args:
            handover: what a new master would be handed.
            now_s: monotonic seconds.
            leave: called in the child, to leave behind what is only the master's.

        Raises:
            OSError: no process, memory or descriptor could be had.
        """
        self.overdue_s = now_s + _PATIENCE_S
        self.status: int | None = None
        self._killed_for = ""
        master = os.getpid()
        with ExitStack() as undo:
            self._said = os.memfd_create("filed-rehearsal", os.MFD_CLOEXEC)
            undo.callback(os.close, self._said)
            self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            undo.callback(self._channel.close)
            self._channel.setblocking(False)
            with theirs:
                self.pid, ready_fd = fork(
                    lambda _ready: self._become(master, handover, theirs, leave)
                )
            os.close(ready_fd)
            undo.pop_all()

    def kill(self, why: str) -> None:
        """Let it go no further, if it has not ended already."""
        if self.status is None:
            self._killed_for = self._killed_for or why
            os.kill(self.pid, signal.SIGKILL)

    def outcome(self, status: int) -> tuple[Consent, list[Held]]:
        """Return what it has consented to, now that it has ended with this status; and close.

        Raises:
            ReloadRefusedError: it has not consented.
        """
        try:
            return self._outcome(status)
        finally:
            self.close()

    def _outcome(self, status: int) -> tuple[Consent, list[Held]]:
        if self._killed_for:
            raise ReloadRefusedError(self._killed_for)
        try:
            received = Consent.receive(self._channel) if status == 0 else None
        except (OSError, ValueError) as error:
            raise ReloadRefusedError(f"the new version cannot be understood: {error}") from error
        if received is None:
            said = os.pread(self._said, _WORDS_BYTES, 0).decode(errors="backslashreplace")
            raise ReloadRefusedError(last_words(said, status))
        return received

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self._said)
        self._channel.close()

    def _become(
        self, master: int, handover: Handover, channel: socket.socket, leave: Callable[[], None]
    ) -> NoReturn:
        leave()
        die_with(master)
        os.dup2(self._said, _STDERR)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        try:
            _execute(Part.REHEARSE, handover, channel.fileno())
        except OSError as error:
            os.write(_STDERR, f"{sys.executable}: {error.strerror}\n".encode())
            raise


def take_over(handover: Handover) -> NoReturn:
    """Execute the program anew in this process. What is not handed over ends with the old one.

    To be called with all signals blocked, which keeps them until the new master hears them.

    Raises:
        OSError: that could not be done, and nothing has changed.
    """
    try:
        _execute(Part.TAKE_OVER, handover)
    finally:
        os.environ.pop(VARIABLE, None)
        for fd in handover.descriptors():
            os.set_inheritable(fd, False)


def _execute(part: Part, handover: Handover, *more: int) -> NoReturn:
    written = handover.write()
    try:
        for fd in (written, *more, *handover.descriptors()):
            os.set_inheritable(fd, True)
        os.environ[VARIABLE] = ":".join(map(str, (part, os.getpid(), written, *more)))
        # Not the first word of the command line: it may be a name that only the PATH leads to.
        os.execv(sys.executable or sys.orig_argv[0], sys.orig_argv)  # noqa: S606 - our own words
    finally:
        os.close(written)
