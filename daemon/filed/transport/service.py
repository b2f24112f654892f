"""What all connections of a worker share."""

from typing import TYPE_CHECKING, Final

from filed.log.limited import Limited
from filed.log.text import show_client
from filed.metrics import catalogue
from filed.settings import Settings
from filed.settings.report import assigned
from filed.transport.states import GAUGES, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from filed.clock import Clock
    from filed.protocols.http.syntax import Reader
    from filed.site import Site
    from filed.transport.connection import Connection
    from filed.transport.ledger import Ledger
    from filed.transport.loop import Loop
    from filed.transport.transfer import Transfer

# How long to wait after "G" for the rest of "GET ", before it is taken for a file's name.
_DECIDE_S: Final = 0.3
# How long a peer is listened to after the last byte was sent: closing with its bytes unread would
# be a reset, which can wipe out the reply on its way (RFC 9112 §9.6).
_LINGER_S: Final = 2.0
# How often a slow transfer's rate is looked at, where there is a least one.
_RATE_PERIOD_S: Final = 1.0
# How many times within its patience a transfer that waits is looked at.
_LOOKS: Final = 8
# The timeouts that cost a client an answer, and what they come to.
_TIMED_OUT: Final = {
    "head": "a connection whose request did not arrive in time was ended",
    "stall": "an answer was cut short, since its client took no byte of it for so long",
    "min_rate": "an answer was cut short, since its client took it too slowly",
    "answer": "a client was sent away, since a listing was not made in time",
}
# The settings of those that have none of their own name.
_SETTINGS: Final = {"answer": "stall"}


class Service:
    """The worker's part of a connection.

    Attributes:
        loop, clock: who calls a connection, and when that is.
        reader: reads heads of HTTP requests.
        site: answers them.
        ledger: is told of each answer that has ended.
        patience_s: how long a connection may stay in each state without progress.
        left: called with each connection that has closed.
        limited: logs what many connections may meet.
    """

    def __init__(  # noqa: PLR0913 - one of each, by name
        self,
        settings: Settings,
        row: memoryview,
        *,
        loop: "Loop",
        reader: "Reader",
        site: "Site",
        ledger: "Ledger",
        limited: Limited,
        left: "Callable[[Connection], None]",
    ) -> None:
        """Bring the parts together."""
        self.loop = loop
        self.clock: Clock = loop.clock
        self.reader = reader
        self.site = site
        self.ledger = ledger
        self.left = left
        self.limited = limited
        timeouts = settings.timeouts
        self._min_rate = timeouts.min_rate
        self._min_rate_grace_s = timeouts.min_rate_grace
        self.patience_s = {
            State.NEW: timeouts.head,
            State.DECIDING: _DECIDE_S,
            State.READING: timeouts.head,
            State.DROPPING: timeouts.head,
            State.IDLE: timeouts.idle,
            State.WAITING: timeouts.stall,
            State.SENDING: timeouts.stall,
            State.LINGERING: _LINGER_S,
        }
        self._row = row
        self._gauges = {state: catalogue.CONNECTIONS.slot(label) for state, label in GAUGES.items()}
        self._timeouts = {
            phase: catalogue.TIMEOUTS.slot(phase)
            for phase in ("head", "idle", "stall", "min_rate", "linger", "drain", "answer")
        }
        self._written = {
            phase: assigned(f"timeouts.{_SETTINGS.get(phase, phase)}", settings)
            for phase in _TIMED_OUT
        }

    def next_look_s(self, state: State, since_s: float) -> float:
        """Say when a connection has to be looked at again, at the latest.

        Args:
            state: what it is doing.
            since_s: since when, or since its last progress, in monotonic seconds.
        """
        patience_s = self.patience_s[state]
        deadline_s = since_s + patience_s
        if state is not State.SENDING:
            return deadline_s
        period_s = patience_s / _LOOKS
        if self._min_rate:
            period_s = min(period_s, _RATE_PERIOD_S)
        return min(deadline_s, self.clock.now_s + period_s)

    def is_too_slow(self, transfer: "Transfer") -> bool:
        """Say whether a client takes less in a second, on average, than it has to."""
        elapsed_s = self.clock.now_s - transfer.sending_s
        if not self._min_rate or elapsed_s <= self._min_rate_grace_s:
            return False
        return transfer.sent_bytes < elapsed_s * self._min_rate

    def count_state(self, before: State | None, after: State) -> None:
        """Keep the gauge of connections by state."""
        if before is not None:
            self._row[self._gauges[before]] -= 1
        if after is not State.CLOSED:
            self._row[self._gauges[after]] += 1

    def count_timeout(self, phase: str) -> None:
        """Count a connection that had to be ended."""
        self._row[self._timeouts[phase]] += 1

    def timed_out(self, phase: str, host: str) -> None:
        """Count and log that a client was not waited for any longer."""
        self.count_timeout(phase)
        self.limited.info(
            "timed_out",
            setting=self._written[phase],
            meaning=_TIMED_OUT[phase],
            client=show_client(host),
        )
