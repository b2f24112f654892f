"""The crew: wanted children against living ones, and the difference made up.

Each post has a duty, and a child that does it or will. Children of the masters before this one, the
former ones, hold no post: they go on with what they have until they have finished it. Whether a
child lives is the kernel's word; what it writes in the table is not trusted.
"""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Final

import structlog

from filed.log.limited import Limited
from filed.metrics import catalogue
from filed.metrics.succession import absorb
from filed.metrics.table import MASTER_ROW, add
from filed.process.children import Child, Post, Role, duties, fork
from filed.process.inheritance import Inheritance
from filed.process.life import live
from filed.process.signals import FINISH, RETIRE, STOP_AT_ONCE
from filed.process.words import cause_of_death
from filed.transport.loop import READ, Loop

_log = structlog.get_logger()

_FORK_RETRY_S: Final = 1.0
# How much longer than it was given a child may take before it is killed.
_GRACE_S: Final = 2.0
# How often we look. If that took so much longer, we did not run in between, as in a freezer; and
# neither did our children.
_LOOK_S: Final = 1.0
_PAUSE_S: Final = 0.5
# What an exporter may need for who asked it before it was told to finish.
_EXPORTER_S: Final = 10.0


class Crew:
    """All children.

    Attributes:
        posts: what has to be done, and by whom it is.
        former: children that were started by a master before, and have not ended.
        tick: belongs to the timers.
    """

    def __init__(
        self,
        inheritance: Inheritance,
        loop: Loop,
        *,
        former: list[Child],
        leave: Callable[[], None],
        became_ready: Callable[[], None],
    ) -> None:
        """Look after former children; nobody is started before `reconcile`.

        Args:
            inheritance: what children will have of the master.
            loop: the master's.
            former: children of masters before.
            leave: called in a new child, to leave behind what is only the master's.
            became_ready: called whenever a child has begun to do its work.
        """
        self.posts = [Post(duty) for duty in duties(inheritance.settings)]
        self.former = former
        self.tick = 0
        self._inheritance = inheritance
        self._timeouts = inheritance.settings.timeouts
        self._loop = loop
        self._clock = loop.clock
        self._row = inheritance.table.row(MASTER_ROW)
        self._leave = leave
        self._became_ready = became_ready
        self._looked_s = self._clock.now_s
        self._limited = Limited(self._clock)
        self._kill_s: float | None = None  # set once stopping: when patience ends
        for child in former:
            self._await_ready(child)

    def __iter__(self) -> Iterator[Child]:
        """All that live."""
        yield from (post.child for post in self.posts if post.child is not None)
        yield from list(self.former)

    @property
    def is_stopping(self) -> bool:
        return self._kill_s is not None

    @property
    def is_ready(self) -> bool:
        """Whether each post is filled by a child that does its work."""
        return all(post.is_ready for post in self.posts)

    @property
    def has_workers(self) -> bool:
        """Whether each worker's post is."""
        return all(post.is_ready for post in self.posts if post.duty.role is Role.WORKER)

    @property
    def is_relieving(self) -> bool:
        """Whether former children still do their work, since the new ones are not ready."""
        return any(child.retired_s is None for child in self.former)

    @property
    def is_serving(self) -> bool:
        """Whether there is a worker that takes clients."""
        return any(child.ready and child.retired_s is None for child in self.workers())

    @property
    def hopeless(self) -> Post | None:
        """A post that nobody can fill, if there is one."""
        return next((post for post in self.posts if post.is_hopeless), None)

    @property
    def is_lost(self) -> bool:
        """Whether nobody can ever serve: each worker's post is hopeless."""
        return all(post.is_hopeless for post in self.posts if post.duty.role is Role.WORKER)

    @property
    def draining(self) -> int:
        """How many workers only finish what they have."""
        return sum(self.is_stopping or child.retired_s is not None for child in self.workers())

    @property
    def running(self) -> int:
        """How many workers take new connections."""
        return len(self.workers()) - self.draining

    def workers(self) -> list[Child]:
        """Those that serve or finish serving."""
        return [child for child in self if child.duty.role is Role.WORKER]

    def is_alive(self) -> bool:
        """Say whether a worker has shown a sign of life lately, or had no time to yet."""
        now_s, patience_s = self._clock.now_s, self._timeouts.worker
        return any(child.is_fresh(now_s, patience_s) for child in self.workers())

    # What is wanted, what is there, and the difference.

    def reconcile(self) -> None:
        """Fill each post whose time has come; when stopping, end who has had time enough."""
        if self._kill_s is not None:
            self._wind_up(self._kill_s)
        else:
            self._absorb_former_tables()
            for post in self.posts:
                self._fill_when_due(post)
        self._count_workers()

    def on_wake(self) -> None:
        """Look again: a post may be filled now, or patience has ended."""
        if self._kill_s is not None and self._clock.now_s < self._kill_s:
            self._loop.timers.watch(self, self._kill_s)
        self.reconcile()

    def _fill_when_due(self, post: Post) -> None:
        if post.child is not None or (post.duty.role is Role.EXPORTER and self._has_exporter()):
            return
        if post.start_s <= self._clock.now_s:
            self._fill(post)
        if post.child is None:
            self._loop.timers.watch(self, post.start_s)

    def _has_exporter(self) -> bool:
        """Say whether a former exporter lives: two would not agree, and numbers would go back."""
        return any(child.duty.role is Role.EXPORTER for child in self.former)

    def _fill(self, post: Post) -> None:
        table = self._inheritance.table
        try:
            row = table.lease()
        except RuntimeError as error:
            self._put_off(post, error)
            return
        try:
            pid, ready_fd = fork(lambda ready: self._become(post, row, ready))
        except OSError as error:
            table.give_back(row)
            self._put_off(post, error)
            return
        post.child = Child(post.duty, pid, table, row, ready_fd, self._clock.now_s)
        self._await_ready(post.child)
        _log.debug("child_started", role=post.duty.title, pid=pid)

    def _put_off(self, post: Post, error: Exception) -> None:
        post.boot_failures += 1
        post.start_s = self._clock.now_s + _FORK_RETRY_S
        self._limited.error("cannot_start_child", role=post.duty.title, why=str(error))

    def _become(self, post: Post, row: int, ready: Callable[[], None]) -> int:
        for other in self:
            other.close_ready_fd()
        self._leave()
        return live(self._inheritance, post.duty, row, ready)

    def _absorb_former_tables(self) -> None:
        """Keep what is counted in tables that nobody counts in any more, while nobody reads."""
        former = self._inheritance.former
        if any(child.duty.role is Role.EXPORTER for child in self):
            return
        for table in [each for each in former if not each.leased]:
            absorb(self._inheritance.table, table)
            former.remove(table)
            table.close()

    def _await_ready(self, child: Child) -> None:
        if child.ready_fd is not None:
            self._loop.add(child.ready_fd, READ, lambda _mask: self._on_ready(child))

    def _on_ready(self, child: Child) -> None:
        assert child.ready_fd is not None
        child.ready = os.read(child.ready_fd, 1) != b""
        self._loop.remove(child.ready_fd)
        child.close_ready_fd()
        if not child.ready:
            return
        for post in self.posts:
            if post.child is child:
                post.boot_failures = 0
        took_s = round(self._clock.now_s - child.started_s, 3)
        _log.info("child_ready", role=child.duty.title, pid=child.pid, seconds=took_s)
        self._became_ready()

    # Ends.

    def bury(self, child: Child, status: int) -> None:
        """Take note that a child has ended, with what waitpid(2) said of it."""
        if child.ready_fd is not None:  # it may have become ready and died within one turn
            self._on_ready(child)
        child.table.give_back(child.row)
        self._log_end(child, status)
        if child in self.former:
            self.former.remove(child)
            if not self.former:
                _log.info("drained")
            return
        post = next(post for post in self.posts if post.child is child)
        post.lost(child, status, self._clock.now_s)
        if child.duty.role is Role.WORKER and not self.is_stopping:
            reason = child.killed_for or ("boot" if not child.ready else _reason(status))
            add(self._row, catalogue.WORKER_RESTARTS.slot(reason), 1)

    def _log_end(self, child: Child, status: int) -> None:
        is_asked = self.is_stopping or child.retired_s is not None
        log = _log.info if is_asked and status == 0 else _log.error
        log(
            "child_ended" if is_asked and status == 0 else "child_died",
            role=child.duty.title,
            pid=child.pid,
            cause=cause_of_death(status),
            lived_s=round(self._clock.now_s - child.started_s, 3),
        )

    def retire_former(self) -> None:
        """Tell former children that others do their work now."""
        for child in self.former:
            if child.retired_s is None:
                child.retired_s = self._clock.now_s
                child.signal(FINISH if child.duty.role is Role.EXPORTER else RETIRE)
        self._inheritance.listeners.close_given_up()
        self._count_workers()

    def look(self) -> None:
        """End who shows no sign of life, or has had time enough to finish. Once a second."""
        now_s = self._clock.now_s
        paused_s = now_s - self._looked_s - _LOOK_S
        self._looked_s = now_s
        self._limited.look()
        for child in self:
            if paused_s > _PAUSE_S:
                child.was_paused(paused_s)
            child.look(now_s)
            if not child.is_fresh(now_s, self._timeouts.worker) and not child.killed_for:
                child.killed_for = "stuck"
                _log.error("child_stuck", role=child.duty.title, pid=child.pid)
                child.signal(signal.SIGKILL)
            elif child.retired_s is not None and not self.is_stopping:
                self._hurry(child, now_s - child.retired_s)

    def _hurry(self, child: Child, since_s: float) -> None:
        is_worker = child.duty.role is Role.WORKER
        patience_s = self._timeouts.reload_drain if is_worker else _EXPORTER_S
        if since_s > patience_s + _GRACE_S:
            child.signal(signal.SIGKILL)
        elif since_s > patience_s:
            child.signal(STOP_AT_ONCE)

    def finish(self) -> None:
        """Let all workers finish what is under way, for as long as the drain may take."""
        self._stop_workers(FINISH, self._timeouts.drain + _GRACE_S)

    def stop_at_once(self) -> None:
        """Let nobody finish anything."""
        self._stop_workers(STOP_AT_ONCE, _GRACE_S)

    def _stop_workers(self, number: signal.Signals, patience_s: float) -> None:
        kill_s = self._clock.now_s + patience_s
        self._kill_s = kill_s if self._kill_s is None else min(self._kill_s, kill_s)
        self._loop.timers.watch(self, self._kill_s)
        for child in self.workers():
            child.signal(number)

    def _wind_up(self, kill_s: float) -> None:
        """Stop the exporter once the workers are gone."""
        workers_left = bool(self.workers())
        for child in self:
            if self._clock.now_s >= kill_s:
                child.signal(signal.SIGKILL)
            elif not workers_left:
                child.signal(FINISH)

    def _count_workers(self) -> None:
        self._row[catalogue.WORKERS.slot("running")] = self.running
        self._row[catalogue.WORKERS.slot("draining")] = self.draining


def _reason(status: int) -> str:
    return "signal" if os.WIFSIGNALED(status) else "exit"
