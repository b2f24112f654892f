"""A child's life, from the fork to its exit code."""

import os
from collections.abc import Callable

import structlog
from setproctitle import setproctitle

from filed.metrics.process import ProcessStats
from filed.process import exporter, sandbox
from filed.process.children import Duty, Role
from filed.process.inheritance import Inheritance
from filed.process.worker import Worker
from filed.settings import ConfigError

_log = structlog.get_logger()


def live(inheritance: Inheritance, duty: Duty, row: int, ready: Callable[[], None]) -> int:
    """Do a duty, in a process just forked, until told to stop.

    Args:
        inheritance: what there is to do it with.
        duty: which one.
        row: of the table, leased to this process.
        ready: to be called once it does its work.

    Returns:
        The exit code: 0 stopped as asked, 78 the configuration cannot be served, 1 failed.
    """
    setproctitle(f"filed: {duty.title}")
    inheritance.listeners.close_given_up()
    try:
        stats = ProcessStats(inheritance.table.row(row), duty.role)
        if duty.role is Role.EXPORTER:
            return _export(inheritance, row, stats, ready)
        return _work(inheritance, duty.number, row, stats, ready)
    except ConfigError as error:
        _log.error("child_failed", role=duty.title, why=str(error))
        return os.EX_CONFIG
    except Exception:  # noqa: BLE001 - the child's last words, whatever it died of
        _log.exception("child_failed", role=duty.title)
        return 1
    finally:
        inheritance.sink.flush()


def _export(
    inheritance: Inheritance, row: int, stats: ProcessStats, ready: Callable[[], None]
) -> int:
    sandbox.enter(inheritance.identity, inheritance.settings, beneath=None)
    inheritance.listeners.close_served()
    assert inheritance.listeners.metrics is not None, "there is no such duty without a socket"
    return exporter.run(
        inheritance.listeners.metrics,
        inheritance.table,
        inheritance.table.row(row),
        former=inheritance.former,
        stats=stats,
        master_pidfd=inheritance.master_pidfd,
        heartbeat_age_s=inheritance.settings.timeouts.worker,
        ready=ready,
    )


def _work(
    inheritance: Inheritance,
    number: int,
    row: int,
    stats: ProcessStats,
    ready: Callable[[], None],
) -> int:
    tree, identity, settings = inheritance.tree, inheritance.identity, inheritance.settings
    sandbox.enter(identity, settings, beneath=tree.root_fd)
    sandbox.check_root(tree, identity, settings)
    if inheritance.listeners.metrics is not None:
        inheritance.listeners.metrics.close()
    return Worker(inheritance, number, inheritance.table.row(row), stats).run(ready)
