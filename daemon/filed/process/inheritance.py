"""What a child has of the master, and the life that it begins with it."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from setproctitle import setproctitle

from filed.files.tree import Tree
from filed.log.sink import Sink
from filed.metrics.process import ProcessStats
from filed.metrics.table import Table
from filed.process import exporter, sandbox
from filed.process.children import Duty, Role
from filed.process.listeners import Listeners
from filed.process.worker import Worker
from filed.settings import ConfigError, Settings

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inheritance:
    """What all children are given by the fork.

    Attributes:
        settings: what was asked for.
        listeners: the sockets, shared.
        tree: what is served; opened once, so that all serve the same.
        table: the shared numbers.
        former: tables of other layouts that workers of other versions still count in.
        sink: where log lines go.
        json: whether they are JSON.
        identity: who the children become.
        master_pidfd: readable once the master has gone (pidfd_open(2)).
    """

    settings: Settings
    listeners: Listeners
    tree: Tree
    table: Table
    former: list[Table]
    sink: Sink
    json: bool
    identity: sandbox.Identity
    master_pidfd: int

    def close(self) -> None:
        """Give all of it back: the daemon ends."""
        self.listeners.close()
        for table in (self.table, *self.former):
            table.close()
        self.sink.close()

    def live(self, duty: Duty, row: int, ready: Callable[[], None]) -> int:
        """Do a duty, in a process just forked, and return the exit code.

        Args:
            duty: which one.
            row: of the table, leased to this process.
            ready: to be called once it does its work.
        """
        setproctitle(f"filed: {duty.title}")
        try:
            stats = ProcessStats(self.table.row(row), duty.role)
            self._enter(duty.role)
            if duty.role is Role.EXPORTER:
                self.listeners.close_served()
                return self._export(self.table.row(row), stats, ready)
            if self.listeners.metrics is not None:
                self.listeners.metrics.close()
            return self._work(duty.number, self.table.row(row), stats, ready)
        except ConfigError as error:
            _log.error("child_failed", role=duty.title, why=str(error))
            return os.EX_CONFIG
        except Exception:  # noqa: BLE001 - the child's last words, whatever it died of
            _log.exception("child_failed", role=duty.title)
            return 1
        finally:
            self.sink.flush()

    def _enter(self, role: Role) -> None:
        if role is Role.EXPORTER:
            sandbox.enter(self.identity, self.settings, beneath=None)
        else:
            sandbox.enter(self.identity, self.settings, beneath=self.tree.root_fd)
            sandbox.check_root(self.tree, self.identity, self.settings)

    def _export(self, row: memoryview, stats: ProcessStats, ready: Callable[[], None]) -> int:
        assert self.listeners.metrics is not None, "there is no such post without a socket"
        return exporter.run(
            self.listeners.metrics,
            self.table,
            row,
            former=self.former,
            stats=stats,
            master_pidfd=self.master_pidfd,
            heartbeat_age_s=self.settings.timeouts.worker,
            ready=ready,
        )

    def _work(
        self, number: int, row: memoryview, stats: ProcessStats, ready: Callable[[], None]
    ) -> int:
        worker = Worker(
            self.settings,
            number=number,
            listeners=self.listeners,
            tree=self.tree,
            table=self.table,
            row=row,
            stats=stats,
            master_pidfd=self.master_pidfd,
            sink=self.sink,
            json=self.json,
        )
        return worker.run(ready)
