"""A worker's life: serve until told to stop, then finish what is under way."""

import signal
from collections.abc import Callable
from typing import Final

import structlog
from setproctitle import getproctitle, setproctitle

from filed.clock import Clock
from filed.files.cache import Cache
from filed.files.tree import Tree
from filed.log.access import AccessLog
from filed.log.limited import Limited
from filed.metrics import catalogue
from filed.metrics.process import ProcessStats
from filed.process.inheritance import Inheritance
from filed.process.limits import descriptor_limit
from filed.process.signals import FINISH, RETIRE, STOP_AT_ONCE, Signals
from filed.protocols.http.syntax import Limits, Reader
from filed.settings import Settings
from filed.site import Site
from filed.transport.acceptor import Acceptor
from filed.transport.connection import Connection
from filed.transport.datagrams import Datagrams
from filed.transport.disk import DiskThreads
from filed.transport.ledger import Ledger
from filed.transport.loop import READ, Loop
from filed.transport.rate import Rate
from filed.transport.service import Service
from filed.transport.states import State
from filed.transport.tftp.transfers import Transfers
from filed.transport.timers import Periodic

_log = structlog.get_logger()

_PERIOD_S: Final = 1.0
_WALL_NS: Final = 1_000_000_000
# What is left when the worker goes to an idle connection, whose request may be on its way, and to
# a TFTP client that has not answered yet.
_DRAIN_IDLE_S: Final = 1.0
# The share of the descriptors that files nobody is being sent may take.
_CACHED_SHARE: Final = 4
# And the share that the sockets of TFTP transfers may take.
_TRANSFERS_SHARE: Final = 2


class Worker:
    """The parts of a worker, and a few flags around its loop.

    Attributes:
        tick: belongs to the timers: when draining has lasted long enough.
    """

    def __init__(
        self, inheritance: Inheritance, number: int, row: memoryview, stats: ProcessStats
    ) -> None:
        """Put the parts together. Nothing is accepted before `run`.

        Args:
            inheritance: what the master has left it.
            number: which worker this is, from 0; the log says it.
            row: this process's own row of the table.
            stats: what it says of itself there.
        """
        settings, listeners = inheritance.settings, inheritance.listeners
        self._timeouts = settings.timeouts
        self._row = row
        self._sink = inheritance.sink
        self._stats = stats
        self._draining = False  # nothing new is taken
        self._finishing = False  # and what is old has a deadline
        self.tick = 0
        self._loop = loop = Loop(Clock())
        self._cache = _cache(settings, inheritance.tree, loop.clock)
        self._site = Site(settings, inheritance.tree, self._cache, loop.clock, DiskThreads(loop))
        ledger = Ledger(row, loop, _access_log(inheritance, number))
        self._acceptor = Acceptor(settings, inheritance.table, row, loop, listeners.tcp)
        self._limited = Limited(loop.clock)
        self._service = Service(
            settings,
            row,
            loop=loop,
            reader=Reader(Limits(settings.limits.request_line, settings.limits.request_head)),
            site=self._site,
            ledger=ledger,
            limited=self._limited,
            left=self._left,
        )
        rate = Rate(settings, loop.clock, self._limited)
        self._transfers = Transfers(
            settings,
            row,
            loop=loop,
            ledger=ledger,
            limited=self._limited,
            rate=rate,
            max_descriptors=descriptor_limit() // _TRANSFERS_SHARE,
            left=self._stop_when_drained,
        )
        self._datagrams = Datagrams(
            settings,
            row,
            loop=loop,
            site=self._site,
            ledger=ledger,
            limited=self._limited,
            rate=rate,
            transfers=self._transfers,
            sockets=listeners.udp,
        )
        self._signals = Signals(
            heard=(FINISH, STOP_AT_ONCE, RETIRE),
            ignored=(signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP),
        )
        master_pidfd = inheritance.master_pidfd
        loop.add(self._signals.fd, READ, lambda _mask: self._on_signals())
        loop.add(master_pidfd, READ, lambda _mask: self._on_master_gone(master_pidfd))
        Periodic(loop.timers, loop.clock, _PERIOD_S, self._every_second)

    def run(self, ready: Callable[[], None]) -> int:
        """Serve until told to stop, and return the exit code. Calls `ready` once it can accept."""
        self._acceptor.open(self._service)
        self._datagrams.open()
        self._every_second()
        ready()
        self._loop.run()
        self._limited.close()
        self._every_second()
        return 0

    def _on_signals(self) -> None:
        for number in self._signals.read():
            if number == STOP_AT_ONCE:
                if self._draining and not self._finishing:
                    self._count_drain_timeouts()  # the master says when a reload's drain is over
                self._cut_off()
                self._loop.stop()
            elif number == FINISH:
                self._finish()
            elif number == RETIRE:
                self._retire()

    def _on_master_gone(self, pidfd: int) -> None:
        self._loop.remove(pidfd)
        _log.error("master_gone", then="finishing what is under way")
        self._finish()

    def _retire(self) -> None:
        """Take nothing new; let what is under way finish, and who is idle ask once more.

        For how long is the master's to say, by another signal.
        """
        if self._draining:
            return
        self._draining = True
        setproctitle(f"{getproctitle()} (draining)")
        self._acceptor.shut()
        self._datagrams.shut()
        self._site.closing = True
        self._loop.at_end(self._stop_when_drained)

    def _finish(self) -> None:
        """Take nothing new, and let what is under way finish for a while."""
        if self._finishing:
            return
        self._finishing = True
        self._retire()
        for state in (State.NEW, State.IDLE):
            patience_s = self._service.patience_s[state]
            self._service.patience_s[state] = min(patience_s, _DRAIN_IDLE_S)
        for connection in list(self._acceptor.connections):
            connection.on_drain()
        self._transfers.on_drain(_DRAIN_IDLE_S)
        self._loop.timers.watch(self, self._loop.clock.now_s + self._timeouts.drain)

    def on_wake(self) -> None:
        """End what has not finished in the time it was given to drain."""
        self._count_drain_timeouts()
        self._cut_off()

    def _count_drain_timeouts(self) -> None:
        for _ in range(len(self._acceptor.connections) + len(self._transfers)):
            self._service.count_timeout("drain")

    def _cut_off(self) -> None:
        # By a reset: what the kernel closes when a process ends looks complete to its peer.
        for connection in list(self._acceptor.connections):
            connection.abort("drain")
        self._transfers.cut_off()

    def _left(self, connection: Connection) -> None:
        self._acceptor.left(connection)
        self._stop_when_drained()

    def _stop_when_drained(self) -> None:
        if not self._draining or self._datagrams.is_open:  # what is queued there is to be served
            return
        if not self._acceptor.connections and not self._transfers:
            self._loop.stop()

    def _every_second(self) -> None:
        clock, row = self._loop.clock, self._row
        row[catalogue.WORKER_HEARTBEAT.slot()] = int(clock.wall_s * _WALL_NS)
        self._stats.update()
        self._acceptor.look()
        self._datagrams.look()
        self._cache.sweep()
        self._site.sweep()
        self._limited.look()
        row[catalogue.CACHE_BYTES.slot()] = self._cache.bytes
        row[catalogue.CACHE_ENTRIES.slot()] = len(self._cache)
        row[catalogue.CACHE_HITS.slot()] += self._cache.hits
        row[catalogue.CACHE_MISSES.slot()] += self._cache.misses
        self._cache.hits = self._cache.misses = 0
        self._sink.flush()
        row[catalogue.LOG_LINES_DROPPED.slot()] += self._sink.take_dropped()


def _cache(settings: Settings, tree: Tree, clock: Clock) -> Cache:
    return Cache(
        tree,
        clock,
        max_entries=settings.files.cache_entries,
        max_bytes=settings.files.cache_bytes,
        small_bytes=settings.files.small_file_bytes,
        max_descriptors=descriptor_limit() // _CACHED_SHARE,
    )


def _access_log(inheritance: Inheritance, number: int) -> AccessLog | None:
    if not inheritance.settings.log.access:
        return None
    return AccessLog(inheritance.sink, json=inheritance.json, worker=number)
