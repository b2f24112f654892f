"""What the daemon says of itself as a whole: to the log, and to the service manager."""

import os
from typing import Final

import structlog

from filed import __version__
from filed.clock import Clock
from filed.metrics import catalogue
from filed.metrics.layout import Metric
from filed.metrics.succession import total
from filed.process import sandbox
from filed.process.inheritance import Inheritance
from filed.process.listeners import Listeners, shown
from filed.settings import Loaded
from filed.settings.report import changed

_log = structlog.get_logger()

_UNITS: Final = ("B/s", "KiB/s", "MiB/s", "GiB/s")
_STEP: Final = 1024
_FEW: Final = 10


def tell_start(event: str, loaded: Loaded, identity: sandbox.Identity) -> None:
    """Log what a master begins with, and what its operator may not have meant."""
    settings = loaded.settings
    _log.info(
        event,
        pid=os.getpid(),
        version=__version__,
        root=str(settings.root),
        workers=settings.resolve_workers(),
        settings=changed(loaded),
        sandbox=sandbox.active(identity, settings),
    )
    if sandbox.is_root_in_name(identity):
        _log.warning(
            "children_are_root_in_name",
            hint="set security.user; they have no capability, but own what root owns",
        )
    if os.geteuid() != 0 and (settings.security.user or settings.security.group):
        _log.warning("security_ignored", hint="only root can become another user or group")


def tell_ready(event: str, listeners: Listeners) -> None:
    """Log that everyone does their work, and where they are reached."""
    _log.info(
        event,
        pid=os.getpid(),
        tcp=[shown(sock) for sock in listeners.tcp],
        udp=[shown(sock) for sock in listeners.udp],
        metrics=None if listeners.metrics is None else shown(listeners.metrics),
    )


class Status:
    """A sentence on how things stand, for `systemctl status`."""

    def __init__(self, inheritance: Inheritance, clock: Clock) -> None:
        """Begin to measure now."""
        self._inheritance = inheritance
        self._clock = clock
        self._sent_bytes = self._total(catalogue.SENT_BYTES)
        self._looked_s = clock.now_s

    def under_way(self) -> dict[str, int]:
        """Count connections, and what TFTP has instead, by their names in the log."""
        return {
            "connections": self._total(catalogue.CONNECTIONS),
            "tftp_transfers": self._total(catalogue.TFTP_TRANSFERS),
        }

    def sentence(self, workers: int, draining: int) -> str:
        """Say how much there is to do, and how fast bytes have left since this was last asked.

        Args:
            workers: how many take new connections.
            draining: how many only finish what they have.
        """
        under_way = self.under_way()
        parts = [_counted(workers, "worker"), _counted(under_way["connections"], "connection")]
        if transfers := under_way["tftp_transfers"]:
            parts.append(_counted(transfers, "TFTP transfer"))
        parts.append(rate(self._bytes_a_second()))
        if draining:
            parts.append(f"{_counted(draining, 'worker')} draining")
        return ", ".join(parts)

    def _bytes_a_second(self) -> float:
        before, self._sent_bytes = self._sent_bytes, self._total(catalogue.SENT_BYTES)
        since_s, self._looked_s = self._looked_s, self._clock.now_s
        return max(0, self._sent_bytes - before) / max(self._looked_s - since_s, 0.001)

    def _total(self, metric: Metric) -> int:
        return total(metric, [self._inheritance.table, *self._inheritance.former])


def rate(bytes_a_second: float) -> str:
    """Write a rate with two or three digits that matter."""
    power = 0
    while bytes_a_second >= _STEP ** (power + 1) and power + 1 < len(_UNITS):
        power += 1
    value = bytes_a_second / _STEP**power
    return f"{value:.{1 if power and value < _FEW else 0}f} {_UNITS[power]}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
