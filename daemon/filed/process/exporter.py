"""The exporter: a process of its own that answers Prometheus from the table.

It is kept apart from the workers so that a scrape costs no download a moment, and from the master
so that nothing a client sends reaches it. Its clients are few and trusted to be polite, but not
more: a thread for each connection, a fixed number of them, each cut off after a fixed time.
"""

import select
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from filed.clock import Clock
from filed.metrics.catalogue import EXPORTER_HEARTBEAT, WORKER_HEARTBEAT
from filed.metrics.collector import TableCollector
from filed.metrics.process import ProcessStats
from filed.metrics.table import Table
from filed.process.signals import FINISH, STOP_AT_ONCE, Signals

_TURN_MS: Final = 1000
_FINISHING_TURN_MS: Final = 20
_EXCHANGES: Final = 16
_EXCHANGE_S: Final = 5.0
_INLINE_S: Final = 0.5  # for each step of an exchange that nothing else can go on beside
_FINISH_S: Final = 1.0  # a scrape takes milliseconds, and those that wait for a successor queue
_WALL_NS: Final = 1_000_000_000
# A terminal and a service manager send these to the whole group; what follows is the master's.
_IGNORED: Final = frozenset({signal.SIGTERM, signal.SIGQUIT, signal.SIGINT, signal.SIGHUP})

_OPENMETRICS: Final = "application/openmetrics-text"
_INDEX: Final = b"""\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>filed</title></head>
<body><h1>filed</h1>
<p><a href="/metrics">/metrics</a>: what Prometheus scrapes</p>
<p><a href="/healthz">/healthz</a>: whether the daemon serves</p>
</body></html>
"""


def run(  # noqa: PLR0913 - a process's whole surroundings, by name
    sock: socket.socket,
    table: Table,
    row: memoryview,
    *,
    former: Sequence[Table] = (),
    stats: ProcessStats,
    master_pidfd: int,
    heartbeat_age_s: float,
    ready: Callable[[], None],
) -> int:
    """Be the exporter until told to stop. To be called in a process just forked.

    FINISH lets it answer who has asked already, STOP_AT_ONCE does not. Both are unblocked here,
    once they can be heard, so the master may block them around the fork; SIGTERM, SIGQUIT, SIGINT
    and SIGHUP are ignored.

    Args:
        sock: listens already; IPv4 or IPv6.
        table: what is exported.
        row: the exporter's own row, for its heartbeat.
        former: tables of other layouts that are counted in too.
        stats: what it says of itself there: CPU time, memory and descriptors. Closed at the end.
        master_pidfd: readable once the master has gone (pidfd_open(2)).
        heartbeat_age_s: a worker that was last seen longer ago than this does not count as alive.
        ready: called once a scrape will be answered.

    Returns:
        The exit code, 0: it was asked to stop, or the master has gone.
    """
    sock.settimeout(0)
    clock = Clock()
    exchanges = _Exchanges(sock, _Pages(table, former, clock, heartbeat_age_s))
    signals = Signals(heard=(FINISH, STOP_AT_ONCE), ignored=_IGNORED)

    def beat() -> None:
        row[EXPORTER_HEARTBEAT.slot()] = int(clock.wall_s * _WALL_NS)
        stats.update()

    beat()
    ready()
    for now_s in _turns(exchanges, signals, clock, sock, master_pidfd):
        exchanges.look_after(now_s)
        beat()
    exchanges.cut_off()
    stats.close()
    return 0


def _turns(
    exchanges: "_Exchanges", signals: Signals, clock: Clock, sock: socket.socket, master_pidfd: int
) -> Iterator[float]:
    """Begin exchanges until told not to, and yield the time (monotonic) of each turn."""
    poller = select.poll()
    poller.register(signals.fd, select.POLLIN)
    poller.register(master_pidfd, select.POLLIN)
    accepting, finishing = True, False
    while not finishing or exchanges.are_under_way:
        # What is short for one more connection is not waited for in a busy loop, but for a turn.
        poller.register(sock, select.POLLIN if accepting and not finishing else 0)
        events = dict(poller.poll(_FINISHING_TURN_MS if finishing else _TURN_MS))
        clock.advance()
        told = signals.read()
        if master_pidfd in events or STOP_AT_ONCE in told:
            return
        if FINISH in told and not finishing:
            finishing = True
            exchanges.hurry(clock.now_s + _FINISH_S)
        if not finishing:
            accepting = sock.fileno() not in events or exchanges.begin(clock.now_s)
        yield clock.now_s


@dataclass(frozen=True, slots=True)
class _Page:
    status: int
    media_type: str
    body: bytes


class _Pages:
    """What there is to fetch. Asked from several threads at once; it only reads."""

    def __init__(
        self, table: Table, former: Sequence[Table], clock: Clock, heartbeat_age_s: float
    ) -> None:
        self._table = table
        self._clock = clock
        self._heartbeat_age_s = heartbeat_age_s
        self._registry = CollectorRegistry()
        self._registry.register(TableCollector(table, former))
        self._pages = {"/": self._index, "/metrics": self._metrics, "/healthz": self._health}

    def get(self, path: str, accept: str) -> _Page:
        """The page at `path`; `accept` is the request's Accept field, empty where it has none."""
        return self._pages.get(path, self._missing)(accept)

    def _index(self, _accept: str) -> _Page:
        return _Page(200, "text/html; charset=utf-8", _INDEX)

    def _metrics(self, accept: str) -> _Page:
        # Only the one word of the field matters: the library takes a version in it at its word,
        # and fails on one that is not a number.
        encode, media_type = choose_encoder(_OPENMETRICS if _OPENMETRICS in accept else "")
        return _Page(200, media_type, encode(self._registry))

    def _health(self, _accept: str) -> _Page:
        now_ns = self._clock.wall_s * _WALL_NS
        limit_ns = self._heartbeat_age_s * _WALL_NS
        beats = filter(None, self._table.column(WORKER_HEARTBEAT.slot()))
        # One far ahead of the clock is no sign of life either: the row was overwritten, or the
        # clock was set back and the worker has not turned since.
        if any(abs(now_ns - beat_ns) < limit_ns for beat_ns in beats):
            return _text(200, "ok")
        return _text(503, f"no worker has shown a sign of life for {self._heartbeat_age_s:g} s")

    def _missing(self, _accept: str) -> _Page:
        return _text(404, "there is nothing here but /metrics and /healthz")


def _text(status: int, sentence: str) -> _Page:
    return _Page(status, "text/plain; charset=utf-8", f"{sentence}\n".encode())


class _Handler(BaseHTTPRequestHandler):
    """One request over HTTP/1.0, then the connection ends."""

    server_version = "filed"
    sys_version = ""
    wbufsize = -1  # head and body leave together

    def __init__(self, connection: socket.socket, address: object, pages: _Pages) -> None:
        self._pages = pages
        super().__init__(
            connection,
            address,
            None,  # type: ignore[arg-type]  # a server is only for those who ask for it; we do not
        )

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self._send(self._pages.get(path, self.headers.get("Accept", "")))

    def do_HEAD(self) -> None:
        self.do_GET()

    def _refuse_method(self) -> None:
        self._send(_text(405, "only GET and HEAD are answered here"))

    # The base class looks for a method of the request's name; what it finds none for gets 501.
    do_POST = do_PUT = do_PATCH = _refuse_method  # noqa: N815 - the base class's names
    do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = _refuse_method  # noqa: N815 - as above

    def _send(self, page: _Page) -> None:
        self.send_response(page.status)
        if page.status == 405:
            self.send_header("Allow", "GET, HEAD")
        self.send_header("Content-Type", page.media_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)

    def version_string(self) -> str:
        return self.server_version

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: scrapes are not what the log is for."""


@dataclass(frozen=True, slots=True)
class _Exchange:
    thread: threading.Thread
    connection: socket.socket
    deadline_s: float


class _Exchanges:
    """The connections under way. Only the loop's thread knows of them all."""

    def __init__(self, sock: socket.socket, pages: _Pages) -> None:
        self._sock = sock
        self._pages = pages
        self._under_way: list[_Exchange] = []

    @property
    def are_under_way(self) -> bool:
        return bool(self._under_way)

    def begin(self, now_s: float) -> bool:
        """Accept one connection and give it a thread, at the cost of the oldest if need be.

        Returns:
            Whether to go on accepting; not where descriptors, memory or threads are short.
        """
        if len(self._under_way) >= _EXCHANGES:
            self._end_oldest()
        try:
            connection, address = self._sock.accept()
        except (BlockingIOError, ConnectionAbortedError):  # hung up since poll(2), see accept(2)
            return True
        except OSError:
            self._end_oldest()
            return False
        return self._start(connection, address, now_s + _EXCHANGE_S)

    def _start(self, connection: socket.socket, address: object, deadline_s: float) -> bool:
        thread = threading.Thread(target=self._answer, args=(connection, address), daemon=True)
        try:
            thread.start()
        except RuntimeError:  # "can't start new thread": then here, since it tells why
            connection.settimeout(_INLINE_S)
            self._answer(connection, address)
            return False
        self._under_way.append(_Exchange(thread, connection, deadline_s))
        return True

    def _end_oldest(self) -> None:
        # Who answers at once is done long before it is the oldest of so many.
        if self._under_way:
            _end(self._under_way.pop(0))

    def look_after(self, now_s: float) -> None:
        """Forget what is done and end what takes too long, however busy its client seems."""
        self._under_way = [each for each in self._under_way if each.thread.is_alive()]
        for exchange in self._under_way:
            if now_s >= exchange.deadline_s:
                _shut_down(exchange.connection)

    def hurry(self, deadline_s: float) -> None:
        """Let none take longer than until `deadline_s`, monotonic seconds."""
        self._under_way = [
            replace(each, deadline_s=min(each.deadline_s, deadline_s)) for each in self._under_way
        ]

    def cut_off(self) -> None:
        """End them all and wait until their threads have noticed."""
        for exchange in self._under_way:
            _end(exchange)

    def _answer(self, connection: socket.socket, address: object) -> None:
        # A scraper that hangs up, or was cut off, misses its answer: that is all there is to it.
        with suppress(OSError), connection:
            _Handler(connection, address, self._pages)


def _end(exchange: _Exchange) -> None:
    _shut_down(exchange.connection)
    exchange.thread.join()


def _shut_down(connection: socket.socket) -> None:
    # Unlike close, this wakes a thread that is blocked in recv(2) or send(2) on the connection.
    # It fails where the client or the thread has ended the connection already, which is as good.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
