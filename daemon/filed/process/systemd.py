"""What a service manager and we say to each other: systemd's protocol, which others speak too.

It is a few environment variables, one datagram socket and the descriptors from 3 on (sd_notify(3),
sd_watchdog_enabled(3), sd_listen_fds(3)): no library is needed for that.
"""

import errno
import os
import re
import socket
import time
from collections import deque
from collections.abc import Mapping, MutableMapping
from contextlib import ExitStack
from typing import Final, Self

import structlog

from filed.log.text import show
from filed.process.listeners import BindError

_log = structlog.get_logger()

_FIRST_FD: Final = 3  # SD_LISTEN_FDS_START
_STATUS_CHARS: Final = 500  # the manager drops a datagram of more than PIPE_BUF bytes, 4096
_UNSENT_MAX: Final = 16
_MICROSECONDS: Final = re.compile("[1-9][0-9]{0,17}")
_RIGHT: Final = "expected a listening TCP or a bound UDP socket"


class HandedSocketError(BindError):
    """A descriptor was handed over that files cannot be served on; its words say which and why."""


class Notifier:
    """Tells the manager how the service does; where there is no manager, tells nobody.

    Nothing here blocks or raises: a manager that does not listen is no reason to stop serving. What
    it waits for (that we are ready, reload or stop) is kept while its queue is full and sent by the
    next call; what will be said again anyway is dropped.

    The socket's path stays in the environment, since the process goes on under another program
    after a reload; children close what they inherit and never speak.

    Attributes:
        watchdog_period_s: how often the manager wants to hear of us, half of the time after which
            it would act; None where it does not watch.
    """

    def __init__(self, address: bytes | None, watchdog_s: float | None = None) -> None:
        """Speak to a socket.

        Args:
            address: of the manager's socket (unix(7)), None for nobody.
            watchdog_s: how long the manager is content not to hear of us.
        """
        self.watchdog_period_s = None if watchdog_s is None else watchdog_s / 2
        self._address = address
        self._unsent: deque[bytes] = deque(maxlen=_UNSENT_MAX)
        self._complained = False
        self._socket: socket.socket | None = None
        if address is not None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Return the one for the manager that the environment names.

        Args:
            environ: NOTIFY_SOCKET, a path or "@" and an abstract name, and WATCHDOG_USEC, meant for
                us unless WATCHDOG_PID is another's. What makes no sense there is as good as unset.
        """
        path = environ.get("NOTIFY_SOCKET", "")
        if path[:1] not in ("/", "@"):
            return cls(None)
        address = os.fsencode(path)
        return cls(b"\0" + address[1:] if path[0] == "@" else address, _watchdog_s(environ))

    def ready(self, status: str) -> None:
        """Say that the service can be used: once started, and again after each reload."""
        self._say("READY=1", _status(status), must_arrive=True)

    def status(self, text: str) -> None:
        """Set the sentence that `systemctl status` shows."""
        self._say(_status(text))

    def reloading(self) -> None:
        """Say that a reload begins; `ready` ends it, whether it has succeeded or not."""
        # One datagram: the time says which reload is meant, and a manager that waits for one would
        # not take a RELOADING without it (sd_notify(3)).
        now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._say("RELOADING=1", f"MONOTONIC_USEC={now_us}", must_arrive=True)

    def stopping(self, status: str) -> None:
        """Say that the service stops."""
        self._say("STOPPING=1", _status(status), must_arrive=True)

    def watchdog(self) -> None:
        """Say that all is well, if the manager wants to hear it."""
        if self.watchdog_period_s is not None:
            self._say("WATCHDOG=1")

    def extend(self, seconds: float) -> None:
        """Ask for this much time from now on for the start, reload or stop that is under way."""
        self._say(f"EXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}")

    def close(self) -> None:
        """Give the descriptor back and say nothing any more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _say(self, *lines: str, must_arrive: bool = False) -> None:
        message = "\n".join(lines).encode()
        sent = self._send_unsent() and self._send(message)
        if must_arrive and not sent:
            self._unsent.append(message)

    def _send_unsent(self) -> bool:
        while self._unsent and self._send(self._unsent[0]):
            self._unsent.popleft()
        return not self._unsent

    def _send(self, message: bytes) -> bool:
        """Send a datagram; return whether it is done with, arrived or not."""
        if self._socket is None or self._address is None:
            return True
        try:
            self._socket.sendto(message, self._address)
        except BlockingIOError:
            return False
        except OSError as error:
            self._complain(error)
        return True

    def _complain(self, error: OSError) -> None:
        if not self._complained:
            self._complained = True
            _log.warning("manager_unreachable", why=error.strerror or str(error))


def handed_sockets(environ: MutableMapping[str, str]) -> list[socket.socket]:
    """Take the sockets that the manager has bound for this process, sd_listen_fds(3).

    Whatever their names: all sockets of a unit are served alike, and each says itself whether it is
    TCP or UDP. They are non-blocking and not inherited over an exec.

    Args:
        environ: LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES are read and removed, so that nobody
            after us in this process takes other descriptors for these.

    Returns:
        The sockets in the order of the descriptors; empty where none were meant for this process.

    Raises:
        HandedSocketError: a descriptor is no listening TCP and no bound UDP socket.
    """
    taken = {name: environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")}
    if taken["LISTEN_PID"] != str(os.getpid()):
        return []
    if not taken["LISTEN_FDS"].isdecimal():
        raise HandedSocketError(f"LISTEN_FDS: {taken['LISTEN_FDS']!r}: expected a number")
    names = dict(enumerate(taken["LISTEN_FDNAMES"].split(":"), _FIRST_FD))
    with ExitStack() as undo:
        sockets = []
        for fd in range(_FIRST_FD, _FIRST_FD + int(taken["LISTEN_FDS"])):
            sock = _socket(fd, f"descriptor {fd} ({names.get(fd) or 'unnamed'})")
            undo.callback(sock.close)
            sockets.append(sock)
        undo.pop_all()
    return sockets


def _socket(fd: int, title: str) -> socket.socket:
    try:
        sock = socket.socket(fileno=fd)
    except OSError as error:
        what = "is not a socket" if error.errno == errno.ENOTSOCK else error.strerror
        raise HandedSocketError(f"{title}: {what}; {_RIGHT}") from error
    if wrong := _what_is_wrong(sock):
        sock.close()
        raise HandedSocketError(f"{title}: {wrong}; {_RIGHT}")
    sock.setblocking(False)
    sock.set_inheritable(False)
    return sock


def _what_is_wrong(sock: socket.socket) -> str | None:
    """Say why this socket cannot be served on; None where it can."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return f"is a socket of {_name(sock.family)}"
    if sock.proto == socket.IPPROTO_TCP:
        listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        return None if listens else "does not listen (a socket unit needs Accept=no)"
    if sock.proto == socket.IPPROTO_UDP:
        return None if sock.getsockname()[1] else "is not bound"
    return f"speaks neither TCP nor UDP, but protocol {sock.proto}"


def _name(family: int) -> str:
    """Return a family's name; Python leaves one that it does not know a number."""
    return family.name if isinstance(family, socket.AddressFamily) else f"family {family}"


def _status(text: str) -> str:
    """Make a line of it: a line break would begin another message."""
    shown = show(text.encode(errors="backslashreplace"))
    return f"STATUS={shown[:_STATUS_CHARS]}"


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    period_us = environ.get("WATCHDOG_USEC", "")
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    if not _MICROSECONDS.fullmatch(period_us):
        return None
    return int(period_us) / 1_000_000
