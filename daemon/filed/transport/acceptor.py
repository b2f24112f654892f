"""Accepting: who comes in, which worker takes them, and when nobody can.

All workers wait on the same listening sockets, held by the master; the kernel wakes one of them
for a new connection (EPOLLEXCLUSIVE), and mostly the same one. So a worker whose connections stand
well above the mean of the workers leaves the next turn to others: it takes the listeners out of its
epoll set and puts them back a moment later. What nobody took meanwhile is still queued there, so a
stuck neighbour strands nothing.
"""

import errno
import resource
import socket
from collections import Counter
from collections.abc import Sequence
from enum import Enum, auto
from functools import partial
from typing import Final

import structlog

from filed.log.text import show_client
from filed.metrics import catalogue
from filed.metrics.table import MASTER_ROW, Table
from filed.settings import Settings
from filed.settings.report import assigned
from filed.transport.connection import Connection
from filed.transport.loop import SHARED, Loop
from filed.transport.service import Service

_log = structlog.get_logger()

# How many connections a turn takes from each listener at most.
_ACCEPTS_A_TURN: Final = 16
# How far above the mean is too far: an eighth, and so many that a handful is never weighed.
_ABOVE_MEAN: Final = 1.125
_HANDFUL: Final = 4
_YIELD_S: Final = 0.005
# When accepting failed for want of descriptors or memory and no connection of ours has ended since.
_RETRY_S: Final = 1.0

_SHORT_OF: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Doors(Enum):
    """Whether this worker accepts."""

    OPEN = auto()
    YIELDING = auto()  # the others' turn
    FULL = auto()  # until a connection ends
    SHORT = auto()  # of descriptors: until a connection ends, or a second has passed
    SHUT = auto()  # for good


class Acceptor:
    """The worker's doors, and who is inside.

    Attributes:
        connections: all that are open.
        tick: belongs to the timers.
    """

    def __init__(
        self,
        settings: Settings,
        table: Table,
        row: memoryview,
        loop: Loop,
        listeners: Sequence[socket.socket],
    ) -> None:
        """Take the listeners, which must not block. Nobody is let in before `open`."""
        self.connections: set[Connection] = set()
        self.tick = 0
        self._loop = loop
        self._listeners = {listener.fileno(): listener for listener in listeners}
        self._backlog = settings.listen.backlog
        self._most = settings.limits.connections
        self._most_per_client = settings.limits.per_client
        self._per_client: Counter[str] = Counter()
        self._bitten = {
            "full": assigned("limits.connections", settings),
            "per_client": assigned("limits.per_client", settings),
        }
        self._table = table
        self._row = row
        self._ready: list[socket.socket] = []
        self._doors = Doors.SHUT
        self._service: Service | None = None
        self._accepted = catalogue.CONNECTIONS_ACCEPTED.slot()
        self._rejected = {
            reason: catalogue.CONNECTIONS_REJECTED.slot(reason)
            for reason in ("per_client", "descriptors", "full")
        }
        self._states = [
            catalogue.CONNECTIONS.slot(state) for state in ("reading", "sending", "idle")
        ]
        self._workers = catalogue.WORKERS.slot("running")

    def open(self, service: Service) -> None:
        """Begin to accept for `service`."""
        self._service = service
        self._row[catalogue.CONNECTIONS_LIMIT.slot()] = self._most
        self._let(Doors.OPEN)

    def shut(self) -> None:
        """Accept who is queued already, even if it is full; then nobody: the listeners are closed.

        Others may wait at the same listeners, and clients go on coming, so this takes no more than
        a queue can hold. Once all processes have closed them, the kernel tells who comes so, at
        once.
        """
        queue = self._backlog + 1  # what Linux holds for a listener
        self._most += queue * len(self._listeners)  # whoever waits would be cut off
        if self._doors in (Doors.YIELDING, Doors.FULL):
            self._let(Doors.OPEN)
        for listener in self._listeners.values():
            for _ in range(queue):
                if self._doors is not Doors.OPEN or not self._accept(listener):
                    break
        self._let(Doors.SHUT)
        self._row[catalogue.CONNECTIONS_LIMIT.slot()] = 0
        for listener in self._listeners.values():
            listener.close()

    def left(self, connection: Connection) -> None:
        """Take note that a connection has ended."""
        self.connections.discard(connection)
        self._forget(connection.peer[0])
        if self._doors in (Doors.FULL, Doors.SHORT):
            self._let(Doors.OPEN)

    def look(self) -> None:
        """Accept what is queued though nobody was woken for it. Once a second is often enough.

        The kernel wakes one worker for a connection. If that one is stopped just then, nobody else
        is told until the next connection comes.
        """
        if self._doors is Doors.OPEN:
            for listener in self._listeners.values():
                self._on_readable(listener, 0)

    def on_wake(self) -> None:
        """Accept again after others had their turn, or descriptors may have become free."""
        if self._doors in (Doors.YIELDING, Doors.SHORT):
            self._let(Doors.OPEN)

    def _let(self, doors: Doors) -> None:
        if (self._doors is Doors.OPEN) != (doors is Doors.OPEN):
            for fd, listener in self._listeners.items():
                if doors is Doors.OPEN:
                    self._loop.add(fd, SHARED, partial(self._on_readable, listener))
                else:
                    self._loop.remove(fd)
        self._doors = doors
        if doors is Doors.YIELDING:
            self._loop.timers.watch(self, self._loop.clock.now_s + _YIELD_S)
        elif doors is Doors.SHORT:
            self._loop.timers.watch(self, self._loop.clock.now_s + _RETRY_S)

    def _on_readable(self, listener: socket.socket, _mask: int) -> None:
        if not self._ready:
            self._loop.at_end(self._accept_ready)
        self._ready.append(listener)

    def _accept_ready(self) -> None:
        ready, self._ready = self._ready, []
        for listener in ready:
            for _ in range(_ACCEPTS_A_TURN):
                if self._doors is not Doors.OPEN or not self._accept(listener):
                    break
        if self._doors is Doors.OPEN and self._is_above_mean():
            self._let(Doors.YIELDING)

    def _accept(self, listener: socket.socket) -> bool:
        if len(self.connections) >= self._most:
            self._pause(Doors.FULL, "full", self._bitten["full"])
            return False
        try:
            sock, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # another worker has it; or it went
            return False
        except OSError as error:
            if error.errno not in _SHORT_OF:
                # accept(2): errors that were pending on the new connection; it is lost, others not
                _log.debug("accept_failed", error=str(error))
                return True
            self._pause(Doors.SHORT, "descriptors", _scarce(error))
            return False
        self._admit(sock, address)
        return True

    def _admit(self, sock: socket.socket, address: tuple[str, int]) -> None:
        assert self._service is not None
        host = address[0]
        if self._most_per_client and not self._has_room_for(host):
            sock.close()
            return
        sock.setblocking(False)
        self._row[self._accepted] += 1
        try:
            self.connections.add(Connection(self._service, sock, address))
        except OSError as error:  # epoll_ctl(2): no memory, or the user's share of it is used up
            self._service.limited.error(
                "connection_not_taken", why=str(error), client=show_client(host)
            )
            self._forget(host)
            sock.close()

    def _has_room_for(self, host: str) -> bool:
        """Count one more connection of a client, unless it has all that it may have."""
        assert self._service is not None
        if self._per_client[host] < self._most_per_client:
            self._per_client[host] += 1
            return True
        self._row[self._rejected["per_client"]] += 1
        self._service.limited.warning(
            "client_rejected",
            setting=self._bitten["per_client"],
            meaning="a client's connections beyond these were closed at once",
            client=show_client(host),
        )
        return False

    def _forget(self, host: str) -> None:
        if self._most_per_client:
            self._per_client[host] -= 1
            if not self._per_client[host]:
                del self._per_client[host]

    def _pause(self, doors: Doors, reason: str, bitten: str) -> None:
        assert self._service is not None
        self._row[self._rejected[reason]] += 1
        self._let(doors)
        self._service.limited.warning(
            "accepting_paused",
            reason=reason,
            setting=bitten,
            meaning="who comes waits until a connection has ended",
            connections=len(self.connections),
        )

    def _is_above_mean(self) -> bool:
        mine = len(self.connections)
        workers = self._table.row(MASTER_ROW)[self._workers]
        if mine <= _HANDFUL or workers <= 1:
            return False
        everyone = sum(map(self._table.total, self._states))
        return mine > _HANDFUL + everyone / workers * _ABOVE_MEAN


def _scarce(error: OSError) -> str:
    """Name what there is too little of to accept, as its limit where this process has one."""
    if error.errno == errno.EMFILE:
        return f"RLIMIT_NOFILE = {resource.getrlimit(resource.RLIMIT_NOFILE)[0]}"
    return error.strerror or str(error)
