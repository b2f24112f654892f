"""The master: wanted children against living ones, and nothing else.

It holds the sockets and the table, forks, watches and reacts to signals. It never reads a client's
byte, opens a served file or runs a thread, so a fork is always safe and nothing a client does can
hurt it. Whatever happens, what follows is `_reconcile`: what is wanted, what is there, and the
difference. What it reads in the table it does not trust.
"""

import errno
import gc
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Final

import structlog
from setproctitle import setproctitle

from filed.clock import Clock
from filed.files.tree import Tree
from filed.log import events
from filed.log.sink import Sink
from filed.metrics import catalogue
from filed.metrics.process import ProcessStats
from filed.metrics.table import MASTER_ROW, add
from filed.process import banner as how_to_reach
from filed.process import sandbox
from filed.process.children import Child, Post, Role, cause_of_death, fork
from filed.process.handover import Handover
from filed.process.inheritance import Inheritance
from filed.process.limits import raise_descriptor_limit
from filed.process.listeners import BindError, shown
from filed.process.signals import FINISH, STOP_AT_ONCE, Signals
from filed.settings import Loaded
from filed.transport.loop import READ, Loop
from filed.transport.timers import Periodic

_log = structlog.get_logger()

_PERIOD_S: Final = 1.0
_BOOT_ATTEMPTS: Final = 5
# How much longer than the drain a child may take before it is killed, and how long after a second
# signal.
_GRACE_S: Final = 2.0
_STOP: Final = (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT)


def serve(loaded: Loaded, *, banner: bool) -> int:
    """Be the daemon until told to stop.

    Args:
        loaded: the settings, checked.
        banner: print how to reach the server once it can be reached.

    Returns:
        The exit code: 0 stopped as asked, 1 failed.
    """
    settings = loaded.settings
    json = events.is_json(settings.log.format)
    sink = Sink(sys.stderr.fileno())
    events.set_up(sink, json=json, level=settings.log.level)
    raise_descriptor_limit()
    assert settings.root is not None, "settings that were checked have a root"
    try:
        tree = Tree(settings.root, settings.files.symlinks)
        listeners, table = Handover.of_nothing().complete(settings)
        inheritance = Inheritance(
            settings=settings,
            listeners=listeners,
            tree=tree,
            table=table,
            sink=sink,
            json=json,
            identity=sandbox.Identity.of(settings),
            master_pidfd=os.pidfd_open(os.getpid()),
        )
        master = Master(inheritance, banner=banner)
    except (BindError, OSError) as error:
        _log.error("cannot_start", why=_in_words(error))
        return 1
    return master.run()


class Master:
    """Keeps its posts filled.

    Attributes:
        tick: belongs to the timers.
    """

    def __init__(self, inheritance: Inheritance, *, banner: bool) -> None:
        """Hear signals from now on; nobody is started before `run`.

        Args:
            inheritance: what its children will have of it.
            banner: print how to reach the server once it can be reached.
        """
        setproctitle("filed: master")
        self._inheritance = inheritance
        self._settings = settings = inheritance.settings
        self._listeners = listeners = inheritance.listeners
        self._table = table = inheritance.table
        self._sink = inheritance.sink
        self._banner = banner
        self._row = table.row(MASTER_ROW)
        self._stats = ProcessStats(self._row, "master")
        self._posts = [Post(Role.WORKER, number) for number in range(settings.resolve_workers())]
        if listeners.metrics is not None:
            self._posts.append(Post(Role.EXPORTER, 0))
        self._clock = Clock()
        self._loop = Loop(self._clock)
        self._signals = Signals(heard=(*_STOP, signal.SIGHUP, signal.SIGCHLD))
        self._loop.add(self._signals.fd, READ, lambda _mask: self._on_signals())
        Periodic(self._loop.timers, self._clock, _PERIOD_S, self._every_second)
        self.tick = 0
        self._announced = False
        self._kill_s: float | None = None  # set once stopping: when patience ends
        self._code = 0

    def run(self) -> int:
        """Serve until told to stop; return the exit code."""
        _log.info(
            "starting",
            pid=os.getpid(),
            root=str(self._settings.root),
            workers=self._settings.resolve_workers(),
            user=self._inheritance.identity.name,
        )
        if sandbox.is_root_in_name(self._inheritance.identity):
            _log.warning(
                "children_are_root_in_name",
                hint="set security.user; they have no capability, but own what root owns",
            )
        security = self._settings.security
        if os.geteuid() != 0 and (security.user or security.group):
            _log.warning("security_ignored", hint="only root can become another user or group")
        self._row[catalogue.RELOAD_SUCCESSFUL.slot()] = 1
        self._row[catalogue.RELOAD_SUCCESS_TIME.slot()] = time.time_ns()
        gc.collect()
        gc.freeze()  # what the children share with us stays shared: a collection would touch it
        self._reconcile()
        self._loop.run()
        self._listeners.close()
        self._table.close()
        self._sink.close()
        return self._code

    # Events.

    def _on_signals(self) -> None:
        for number in self._signals.read():
            if number == signal.SIGCHLD:
                self._reap()
            elif number == signal.SIGHUP:
                self._on_hang_up()
            else:
                self._stop(number)
        # Not before: a new child's pipe could be given the number of one that has just been
        # closed, and then an event that this turn has yet to deal with (see `transport.loop`).
        self._loop.at_end(self._reconcile)

    def on_wake(self) -> None:
        """Look again: a post may be filled now, or patience has ended."""
        self._reconcile()

    def _on_hang_up(self) -> None:
        if sys.stdin.isatty() or self._banner:
            self._stop(signal.SIGHUP)
        else:
            _log.warning("reload_unavailable", hint="this version takes new settings by a restart")

    def _stop(self, number: signal.Signals) -> None:
        if self._kill_s is None:
            _log.info("stopping", signal=number.name, drain=self._settings.timeouts.drain)
            self._stop_all(FINISH, self._settings.timeouts.drain + _GRACE_S)
        else:
            _log.info("stopping_at_once", signal=number.name)
            self._stop_all(STOP_AT_ONCE, _GRACE_S)

    def _stop_all(self, number: signal.Signals, patience_s: float) -> None:
        self._kill_s = self._clock.now_s + patience_s
        self._listeners.close_served()  # the workers do the same: who comes now is refused at once
        self._loop.timers.watch(self, self._kill_s)
        for post in self._posts:
            if post.child is not None and post.role is Role.WORKER:
                post.child.signal(number)

    def _on_ready(self, post: Post, child: Child) -> None:
        assert child.ready_fd is not None
        child.ready = os.read(child.ready_fd, 1) != b""
        self._forget_ready_fd(child)
        if child.ready:
            post.boot_failures = 0
            _log.debug("child_ready", role=post.title, pid=child.pid)
            self._announce_once()

    def _forget_ready_fd(self, child: Child) -> None:
        if child.ready_fd is not None:
            self._loop.remove(child.ready_fd)
            os.close(child.ready_fd)
            child.ready_fd = None

    def _reap(self) -> None:
        """Bury who has died. The only place that waits for children."""
        for post in self._posts:
            child = post.child
            if child is None:
                continue
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid:
                self._bury(post, child, status)

    def _bury(self, post: Post, child: Child, status: int) -> None:
        if child.ready_fd is not None:  # it may have become ready and died within one turn
            self._on_ready(post, child)
        self._table.give_back(child.row)
        post.lost(child, self._clock.now_s)
        if self._kill_s is not None:
            return
        reason = child.killed_for or ("boot" if not child.ready else _reason(status))
        if post.role is Role.WORKER:
            add(self._row, catalogue.WORKER_RESTARTS.slot(reason), 1)
        _log.error(
            "child_died",
            role=post.title,
            pid=child.pid,
            cause=cause_of_death(status),
            lived_s=round(self._clock.now_s - child.started_s, 3),
        )
        if post.boot_failures >= _BOOT_ATTEMPTS:
            _log.critical("cannot_boot", role=post.title, attempts=post.boot_failures)
            self._code = 1
            self._stop_all(FINISH, self._settings.timeouts.drain + _GRACE_S)

    # The difference between what is wanted and what is there.

    def _reconcile(self) -> None:
        if self._kill_s is not None:
            self._wind_up()
            return
        for post in self._posts:
            if post.child is None and post.start_s <= self._clock.now_s:
                self._fill(post)
            if post.child is None:
                self._loop.timers.watch(self, post.start_s)

    def _wind_up(self) -> None:
        """Stop the exporter once the workers are gone, and the loop once everyone is."""
        assert self._kill_s is not None
        living = [post for post in self._posts if post.child is not None]
        if not living:
            _log.info("stopped")
            self._loop.stop()
        workers_left = any(post.role is Role.WORKER for post in living)
        for post in living:
            assert post.child is not None
            if self._clock.now_s >= self._kill_s:
                post.child.signal(signal.SIGKILL)
            elif not workers_left:
                post.child.signal(FINISH)
        self._count_workers()

    def _fill(self, post: Post) -> None:
        row = self._table.lease()
        try:
            pid, ready_fd = fork(lambda ready: self._become(post, row, ready))
        except OSError as error:
            self._table.give_back(row)
            post.start_s = self._clock.now_s + _PERIOD_S
            _log.error("cannot_fork", role=post.title, why=str(error))
            return
        child = post.child = Child(pid, row, ready_fd, self._clock.now_s)
        self._loop.add(ready_fd, READ, lambda _mask: self._on_ready(post, child))
        _log.debug("child_started", role=post.title, pid=pid)
        self._count_workers()

    def _become(self, post: Post, row: int, ready: Callable[[], None]) -> int:
        """Be a child: leave behind what is only the master's, and live."""
        self._loop.close()
        self._signals.close()
        for other in self._posts:
            if other.child is not None and other.child.ready_fd is not None:
                os.close(other.child.ready_fd)
        return self._inheritance.live(post, row, ready)

    def _every_second(self) -> None:
        self._stats.update()
        add(self._row, catalogue.LOG_LINES_DROPPED.slot(), self._sink.take_dropped())
        for post in self._posts:
            if post.child is not None and self._is_stuck(post, post.child):
                post.child.killed_for = "stuck"
                _log.error("child_stuck", role=post.title, pid=post.child.pid)
                post.child.signal(signal.SIGKILL)

    def _is_stuck(self, post: Post, child: Child) -> bool:
        if child.killed_for:
            return False
        heartbeat = self._table.row(child.row)[_HEARTBEATS[post.role]]
        return child.is_silent(heartbeat, self._clock.now_s, self._settings.timeouts.worker)

    def _count_workers(self) -> None:
        alive = sum(post.child is not None for post in self._posts if post.role is Role.WORKER)
        running = 0 if self._kill_s is not None else alive
        self._row[catalogue.WORKERS.slot("running")] = running
        self._row[catalogue.WORKERS.slot("draining")] = alive - running

    def _announce_once(self) -> None:
        stopping = self._kill_s is not None
        if self._announced or stopping or not all(map(_is_ready, self._posts)):
            return
        self._announced = True
        listeners = self._listeners
        metrics = None if listeners.metrics is None else shown(listeners.metrics)
        _log.info(
            "ready",
            pid=os.getpid(),
            tcp=[shown(sock) for sock in listeners.tcp],
            udp=[shown(sock) for sock in listeners.udp],
            metrics=metrics,
        )
        if self._banner:
            how_to_reach.show(self._settings, listeners)


_HEARTBEATS: Final = {
    Role.WORKER: catalogue.WORKER_HEARTBEAT.slot(),
    Role.EXPORTER: catalogue.EXPORTER_HEARTBEAT.slot(),
}


def _is_ready(post: Post) -> bool:
    return post.child is not None and post.child.ready


def _reason(status: int) -> str:
    return "signal" if os.WIFSIGNALED(status) else "exit"


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.ENOSYS:
        return "this kernel has no openat2(2); filed needs Linux 5.6 or later"
    return str(error)
