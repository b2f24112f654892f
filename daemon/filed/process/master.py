"""The master: signals and the passing of time, and what follows from them.

It holds the sockets and the table, starts children, watches them and reacts to signals. It never
reads a client's byte, opens a served file or runs a thread, so a fork is always safe and nothing a
client does can hurt it. Its children are the crew's affair, and how a reload is done is `reload`'s;
here is who is told what, and when.
"""

import gc
import os
import signal
import sys
import time
from collections.abc import Iterable
from typing import Final

import structlog
from setproctitle import setproctitle

from filed.clock import Clock
from filed.metrics import catalogue
from filed.metrics.process import ProcessStats
from filed.metrics.table import MASTER_ROW, add
from filed.process import banner as how_to_reach
from filed.process.children import Post, reap_strangers
from filed.process.crew import Crew
from filed.process.handover import Handover
from filed.process.inheritance import Inheritance
from filed.process.listeners import Held
from filed.process.rehearsal import Consent
from filed.process.reload import Rehearsal, ReloadRefusedError, take_over
from filed.process.signals import Signals, all_blocked
from filed.process.status import Status, tell_ready
from filed.process.systemd import Notifier
from filed.transport.loop import READ, Loop
from filed.transport.timers import Periodic

_log = structlog.get_logger()

_PERIOD_S: Final = 1.0
_STATUS_PERIOD_S: Final = 5.0
_PROGRESS_PERIOD_S: Final = 30.0
# How long the service manager is asked to go on waiting for, again and again while we finish.
_EXTENSION_S: Final = 10.0
_INIT: Final = 1
_STOP: Final = frozenset({signal.SIGTERM, signal.SIGQUIT, signal.SIGINT})


class Master:
    """One generation of the master."""

    def __init__(
        self, inheritance: Inheritance, handover: Handover, notifier: Notifier, *, banner: bool
    ) -> None:
        """Hear signals from now on; nobody is started before `run`.

        Args:
            inheritance: what its children will have of it.
            handover: what the one before it has left.
            notifier: to the service manager.
            banner: print how to reach the server once it can be reached.
        """
        setproctitle("filed: master")
        self._inheritance = inheritance
        self._generation = handover.generation
        self._notifier = notifier
        self._banner = banner
        self._row = inheritance.table.row(MASTER_ROW)
        self._stats = ProcessStats(self._row, "master", handover.cpu_counted_ns)
        self._clock = Clock()
        self._loop = Loop(self._clock)
        self._crew = Crew(
            inheritance,
            self._loop,
            former=handover.children,
            leave=self._leave,
            became_ready=self._on_child_ready,
        )
        self._status = Status(inheritance, self._clock)
        self._rehearsal: Rehearsal | None = None
        self._is_reload_asked = handover.is_asked_again
        self._is_announced = False
        self._reload_failure = ""  # what the last one that was asked for came to, if to nothing
        self._is_settled = False  # everyone does their work, or never will
        self._code = 0
        self._signals = Signals(heard=(*_STOP, signal.SIGHUP, signal.SIGCHLD))
        self._loop.add(self._signals.fd, READ, lambda _mask: self._on_signals())
        self._keep_time()

    def run(self) -> int:
        """Serve until told to stop; return the exit code."""
        if self._generation == 0:
            self._note_configuration(taken=True)
        gc.collect()
        gc.freeze()  # what the children share with us stays shared: a collection would touch it
        self._reap()  # who died while nobody could hear of it
        self._tell_watchdog()  # as the master before was about to
        self._reconcile()
        self._loop.run()
        self._signals.close()
        self._notifier.close()
        self._inheritance.close()
        return self._code

    # Signals.

    def _on_signals(self) -> None:
        for number in self._signals.read():
            self._on_signal(number)
        # Not before: a new child's pipe could be given the number of one that has just been
        # closed, and then an event that this turn has yet to deal with (see `transport.loop`).
        self._loop.at_end(self._reconcile)

    def _on_signal(self, number: signal.Signals) -> None:
        if number == signal.SIGCHLD:
            self._reap()
        elif number in _STOP or sys.stdin.isatty() or self._banner:
            self._stop(number)  # a terminal that hangs up takes its programs with it
        else:
            self._is_reload_asked = True

    def _stop(self, number: signal.Signals) -> None:
        if self._crew.is_stopping:
            _log.info("stopping_at_once", signal=number.name)
            self._crew.stop_at_once()
            return
        drain_s = self._inheritance.settings.timeouts.drain
        _log.info("stopping", signal=number.name, drain=drain_s, **self._status.under_way())
        self._finish()

    def _finish(self) -> None:
        if self._rehearsal is not None:
            self._rehearsal.kill("the daemon stops")
        self._notifier.stopping("Finishing what is under way")
        # The workers do the same: who comes now is refused at once.
        self._inheritance.listeners.close_served()
        self._crew.finish()

    def _reap(self) -> None:
        """Bury who has died. The only place from which children are waited for."""
        for child in list(self._crew):
            if (status := _ended(child.pid)) is not None:
                self._crew.bury(child, status)
        if self._rehearsal is not None and self._rehearsal.status is None:
            self._rehearsal.status = _ended(self._rehearsal.pid)
        if os.getpid() == _INIT:
            reap_strangers(self._pids())

    def _pids(self) -> set[int]:
        rehearsal = set() if self._rehearsal is None else {self._rehearsal.pid}
        return rehearsal | {child.pid for child in self._crew}

    # What follows.

    def _reconcile(self) -> None:
        self._look_at_boots()
        self._crew.reconcile()
        if self._rehearsal is not None and self._rehearsal.status is not None:
            self._conclude(self._rehearsal, self._rehearsal.status)
        if self._crew.is_stopping:
            self._end_if_alone()
        elif self._is_reload_asked and self._is_settled and self._rehearsal is None:
            self._rehearse()

    def _end_if_alone(self) -> None:
        if self._rehearsal is None and not any(self._crew):
            _log.info("stopped")
            self._loop.stop()

    def _look_at_boots(self) -> None:
        post = self._crew.hopeless
        if post is None or self._crew.is_stopping:
            return
        if self._generation == 0 and not self._is_announced:
            self._give_up(post, os.EX_CONFIG if post.is_misconfigured else 1)
        elif self._crew.is_serving:
            self._stall(post)
        elif self._crew.is_lost:
            self._give_up(post, 1)  # not 78: what could be served once may be again

    def _give_up(self, post: Post, code: int) -> None:
        _log.critical("cannot_boot", role=post.duty.title, attempts=post.boot_failures)
        self._code = code
        self._finish()

    def _stall(self, post: Post) -> None:
        """Go on with those who serve, though not all can be started."""
        if not self._is_settled:
            self._reload_failure = f"stalled, since a new {post.duty.role} cannot start"
            self._settle(successful=False)
            _log.error("reload_stalled", role=post.duty.title, then="who can serve serves on")

    def _on_child_ready(self) -> None:
        if self._crew.has_workers and self._crew.is_relieving:
            self._crew.retire_former()
            self._tell_progress()
        if self._crew.is_ready and not self._crew.is_stopping:
            self._announce_once()

    def _announce_once(self) -> None:
        if self._is_announced:
            return
        self._is_announced = True
        self._reload_failure = ""
        self._settle(successful=True)
        tell_ready("reloaded" if self._generation else "ready", self._inheritance.listeners)
        self._loop.at_end(self._reconcile)  # another reload may have been asked for meanwhile
        if self._banner:
            how_to_reach.show(self._inheritance.settings, self._inheritance.listeners)

    def _settle(self, *, successful: bool) -> None:
        """Take note that a start or a reload is over."""
        self._is_settled = True
        self._note_configuration(taken=successful)
        self._notifier.ready(self._sentence())

    def _note_configuration(self, *, taken: bool) -> None:
        self._row[catalogue.RELOAD_SUCCESSFUL.slot()] = taken
        if taken:
            self._row[catalogue.RELOAD_SUCCESS_TIME.slot()] = time.time_ns()

    # Reloading.

    def _rehearse(self) -> None:
        self._is_reload_asked = False
        _log.info("reload_asked")
        self._notifier.reloading()
        try:
            self._rehearsal = Rehearsal(self._handover(), self._clock.now_s, self._leave)
        except OSError as error:
            self._refuse(error)

    def _conclude(self, rehearsal: Rehearsal, status: int) -> None:
        self._rehearsal = None
        if self._crew.is_stopping:
            rehearsal.close()
            return
        try:
            consent, new = rehearsal.outcome(status)
        except ReloadRefusedError as error:
            self._refuse(error)
        else:
            self._take_over(consent, new)

    def _refuse(self, error: Exception) -> None:
        _log.error("reload_refused", why=str(error))
        self._reload_failure = f"refused: {error}"
        self._settle(successful=False)

    def _take_over(self, consent: Consent, new: list[Held]) -> None:
        """Let a new master go on in this process. Returns only if that was not to be."""
        try:
            with all_blocked():
                for number in self._signals.read():  # nobody would after us
                    self._on_signal(number)
                if not self._crew.is_stopping:
                    self._stats.update()
                    self._count_dropped_lines()
                    take_over(self._handover(new, consent.configuration))
        except OSError as error:
            self._refuse(error)
        finally:
            for held in new:
                held.sock.close()
        self._loop.at_end(self._reconcile)  # with what the signals have brought

    def _handover(self, new: Iterable[Held] = (), configuration: str | None = None) -> Handover:
        inheritance = self._inheritance
        return Handover(
            generation=self._generation + 1,
            held=[*inheritance.listeners.held, *inheritance.listeners.given_up, *new],
            tables=[inheritance.table, *inheritance.former],
            children=list(self._crew),
            cpu_counted_ns=self._stats.cpu_counted_ns,
            is_asked_again=self._is_reload_asked,
            configuration=configuration,
        )

    def _leave(self) -> None:
        """Be a child now: leave behind what is only the master's."""
        self._loop.close()
        self._signals.close()
        self._notifier.close()
        if self._rehearsal is not None:
            self._rehearsal.close()

    # The passing of time.

    def _keep_time(self) -> None:
        for period_s, call in (
            (_PERIOD_S, self._every_second),
            (_STATUS_PERIOD_S, lambda: self._notifier.status(self._sentence())),
            (_PROGRESS_PERIOD_S, self._tell_progress),
            (self._notifier.watchdog_period_s, self._tell_watchdog),
        ):
            if period_s is not None:
                Periodic(self._loop.timers, self._clock, period_s, call)

    def _every_second(self) -> None:
        self._stats.update()
        self._count_dropped_lines()
        self._crew.look()
        if self._rehearsal is not None and self._rehearsal.overdue_s <= self._clock.now_s:
            self._rehearsal.kill("the check of the new configuration takes too long")
        if self._crew.is_stopping and self._crew.is_alive():
            self._notifier.extend(_EXTENSION_S)
        self._loop.at_end(self._reconcile)  # a child that cannot be started sends no signal

    def _count_dropped_lines(self) -> None:
        dropped = self._inheritance.sink.take_dropped()
        add(self._row, catalogue.LOG_LINES_DROPPED.slot(), dropped)

    def _tell_watchdog(self) -> None:
        if self._crew.is_alive():  # one that is stuck must not have all of them started anew
            self._notifier.watchdog()

    def _tell_progress(self) -> None:
        if draining := self._crew.draining:
            _log.info("draining", workers=draining, **self._status.under_way())

    def _sentence(self) -> str:
        sentence = self._status.sentence(self._crew.running, self._crew.draining)
        if self._reload_failure:
            return f"{sentence}; the last reload was {self._reload_failure}"
        return sentence


def _ended(pid: int) -> int | None:
    """Return how a child has ended, as waitpid(2) has it; None where it has not."""
    waited, status = os.waitpid(pid, os.WNOHANG)
    return status if waited else None
