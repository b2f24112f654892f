"""Where finished requests are counted and logged, once a turn.

A reply that lies in memory and fits the socket's buffer has gone before the turn is over. Reading
the clock for each would cost as much as counting it, so such requests are settled together at the
end of the turn, and their times are the turn's length: an upper bound, and honest about a turn that
was held up. A transfer has the clock read for itself.
"""

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final
from typing import Protocol as Shape

from filed.clock import Clock
from filed.log.access import AccessLog, Asked, Outcome
from filed.log.text import show_client
from filed.metrics import catalogue
from filed.protocols.messages import Message, Protocol, Request
from filed.site.reply import Reply
from filed.transport.loop import Loop

Peer = tuple[str, int] | tuple[str, int, int, int]
"""A client's address as accept(2) or recvmsg(2) gives it to Python."""

# How transfers_aborted_total names what TFTP has names of its own for.
_AS_ASKED: Final = ("done", "declined")
_ABORTED: Final = {"timeout": "stall", "unanswered": "stall"}


class Delivery(Shape):
    """An answer that takes longer than a turn; times in monotonic seconds."""

    @property
    def message(self) -> Message: ...
    @property
    def reply(self) -> Reply: ...
    @property
    def began_s(self) -> float: ...
    @property
    def first_byte_s(self) -> float | None: ...

    sent_bytes: int
    counted_bytes: int


class _Counters:
    """The slots of one protocol, looked up once."""

    def __init__(self, protocol: str) -> None:
        self.sent = catalogue.SENT_BYTES.slot(protocol)
        self.ttfb = catalogue.TIME_TO_FIRST_BYTE.bucket_slots(protocol)
        self.ttfb_sum = catalogue.TIME_TO_FIRST_BYTE.sum_slot(protocol)


class _TransferCounters(_Counters):
    """The slots of a protocol whose answers are transfers."""

    def __init__(self, protocol: str) -> None:
        super().__init__(protocol)
        self.duration = catalogue.TRANSFER_DURATION.bucket_slots(protocol)
        self.duration_sum = catalogue.TRANSFER_DURATION.sum_slot(protocol)
        self.size = catalogue.TRANSFER_SIZE.bucket_slots(protocol)
        self.size_sum = catalogue.TRANSFER_SIZE.sum_slot(protocol)


_TTFB_SCALE: Final = catalogue.TIME_TO_FIRST_BYTE.scale
_DURATION_SCALE: Final = catalogue.TRANSFER_DURATION.scale


class Ledger:
    """Counts what this worker has answered in its row of the table, and logs it."""

    def __init__(self, row: memoryview, loop: Loop, access: AccessLog | None) -> None:
        """Log to `access`, or nowhere where it is None."""
        self._row = row
        self._loop = loop
        self._clock: Clock = loop.clock
        self._access = access
        self._instant: list[tuple[Peer, Message, Reply]] = []
        self._transfers = {
            protocol: _TransferCounters(protocol)
            for protocol in (Protocol.HTTP, Protocol.PLAIN, Protocol.TFTP)
        }
        self._datagrams = {
            protocol: _Counters(protocol) for protocol in (Protocol.QUERY, Protocol.TFTP)
        }

    def instant(self, peer: Peer, message: Message, reply: Reply) -> None:
        """Take note of an answer that has gone whole within this turn."""
        if not self._instant:
            self._loop.at_end(self._settle)
        self._instant.append((peer, message, reply))

    def progressed(self, transfer: Delivery) -> None:
        """Count what has left of an answer that takes longer: its rate shows while it lasts."""
        sent_slot = self._transfers[transfer.message.protocol].sent
        self._row[sent_slot] += transfer.sent_bytes - transfer.counted_bytes
        transfer.counted_bytes = transfer.sent_bytes

    def finished(
        self,
        peer: Peer,
        transfer: Delivery,
        how: str,
        details: Mapping[str, str | int] | None = None,
    ) -> None:
        """Settle an answer that took longer, or has failed.

        Args:
            peer: who was answered.
            transfer: the answer.
            how: "done", or why it was not.
            details: what the log tells beside what it tells of all protocols.
        """
        row, message = self._row, transfer.message
        seconds = self._clock.exact_s() - transfer.began_s
        first_s = transfer.first_byte_s
        ttfb_s = None if first_s is None else first_s - transfer.began_s
        counters = self._transfers[message.protocol]
        row[transfer.reply.counter] += 1
        self.progressed(transfer)
        if ttfb_s is not None:
            self._count_ttfb(counters, 1, ttfb_s)
        self._count_duration(counters, 1, seconds)
        self._count_size(counters, transfer.sent_bytes)
        if how not in _AS_ASKED:
            reason = _ABORTED.get(how, how)
            row[catalogue.TRANSFERS_ABORTED.slot(message.protocol, reason)] += 1
        if self._access is not None:
            sent, expected = transfer.sent_bytes, transfer.reply.size_bytes
            status = transfer.reply.status
            outcome = Outcome(status, sent, expected, seconds, ttfb_s, how, details or {})
            self._log(peer, message, outcome)

    def answered_at_once(self, peer: Peer, message: Message, reply: Reply) -> None:
        """Settle a datagram that was answered with one of ours."""
        elapsed_s = self._clock.exact_s() - self._clock.now_s
        counters = self._datagrams[message.protocol]
        self._row[reply.counter] += 1
        self._row[counters.sent] += reply.size_bytes
        self._count_ttfb(counters, 1, elapsed_s)
        if self._access is not None:
            size = reply.size_bytes
            self._log(
                peer, message, Outcome(reply.status, size, size, elapsed_s, elapsed_s, "done")
            )

    def _settle(self) -> None:
        instant, self._instant = self._instant, []
        elapsed_s = self._clock.exact_s() - self._clock.now_s
        row, per_protocol = self._row, dict.fromkeys(self._transfers, 0)
        for peer, message, reply in instant:
            counters = self._transfers[message.protocol]
            per_protocol[message.protocol] += 1
            row[reply.counter] += 1
            row[counters.sent] += reply.size_bytes
            self._count_size(counters, reply.size_bytes)
            if self._access is not None:
                size = reply.size_bytes
                outcome = Outcome(reply.status, size, size, elapsed_s, elapsed_s, "done")
                self._log(peer, message, outcome)
        for protocol, count in per_protocol.items():
            if count:
                self._count_ttfb(self._transfers[protocol], count, elapsed_s)
                self._count_duration(self._transfers[protocol], count, elapsed_s)

    def _count_ttfb(self, counters: _Counters, count: int, seconds: float) -> None:
        bucket = bisect_left(catalogue.TIME_TO_FIRST_BYTE.bounds, seconds)
        self._row[counters.ttfb[bucket]] += count
        self._row[counters.ttfb_sum] += int(seconds * _TTFB_SCALE) * count

    def _count_duration(self, counters: _TransferCounters, count: int, seconds: float) -> None:
        bucket = bisect_left(catalogue.TRANSFER_DURATION.bounds, seconds)
        self._row[counters.duration[bucket]] += count
        self._row[counters.duration_sum] += int(seconds * _DURATION_SCALE) * count

    def _count_size(self, counters: _TransferCounters, size_bytes: int) -> None:
        bucket = bisect_left(catalogue.TRANSFER_SIZE.bounds, size_bytes)
        self._row[counters.size[bucket]] += 1
        self._row[counters.size_sum] += size_bytes

    def _log(self, peer: Peer, message: Message, outcome: Outcome) -> None:
        assert self._access is not None
        client, port = show_client(peer[0]), peer[1]
        self._access.write(_asked(message), client, port, outcome, self._clock.wall_s)


def _asked(message: Message) -> Asked:
    wanted = None
    if isinstance(message, Request) and message.conditions is not None:
        wanted = message.conditions.range
    return Asked(
        message.protocol,
        message.method,
        message.target,
        wanted,
        message.user_agent,
        message.referer,
    )
