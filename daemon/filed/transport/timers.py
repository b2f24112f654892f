"""Deadlines that cost nothing while they are met.

A connection's deadline moves with everything it does, thousands of times for each time that it
matters. So nothing is rescheduled when a deadline moves away: an item stands in the bucket of some
tick no later than its deadline, and when that tick has come it is asked; one that still has time
goes into a later bucket. Only a deadline that moves nearer has to be told (`watch`).

Ticks are 5 ms for what is near and a quarter of a second for what is further off, so that ten
thousand idle connections share a few hundred buckets.
"""

import heapq
import math
from collections.abc import Callable
from typing import Final, Protocol

from filed.clock import Clock

_TICK_S: Final = 0.005
_NEAR: Final = 200  # ticks: a second
_COARSE: Final = 50  # ticks


class Timed(Protocol):
    """Something with a deadline. `tick` belongs to `Timers`; it begins as 0."""

    tick: int

    def on_wake(self) -> None:
        """Called at or before the deadline, or a tick after it: act, or `watch` again."""


class Timers:
    """Items by the tick in which they want to be looked at.

    Attributes:
        due_s: monotonic seconds before which nothing is due; infinite where nothing ever is.
    """

    def __init__(self, clock: Clock) -> None:
        """Begin empty."""
        self.due_s = math.inf
        self._clock = clock
        self._buckets: dict[int, set[Timed]] = {}
        self._order: list[int] = []  # a heap of the buckets' ticks

    def watch(self, item: Timed, deadline_s: float) -> None:
        """See to it that an item is woken once its deadline (monotonic seconds) has come."""
        now = int(self._clock.now_s / _TICK_S)
        tick = max(int(deadline_s / _TICK_S), now) + 1
        if tick - now > _NEAR:
            tick += -tick % _COARSE
        if item.tick:
            if item.tick <= tick:
                return
            self.forget(item)
        item.tick = tick
        bucket = self._buckets.get(tick)
        if bucket is None:
            bucket = self._buckets[tick] = set()
            heapq.heappush(self._order, tick)
            self.due_s = _begin_s(self._order[0])
        bucket.add(item)

    def forget(self, item: Timed) -> None:
        """Let an item go; one that is not watched is fine too."""
        if item.tick:
            self._buckets[item.tick].discard(item)
            item.tick = 0

    def expire(self) -> None:
        """Wake what is due in this turn."""
        now = int(self._clock.now_s / _TICK_S)
        while self._order and self._order[0] <= now:
            bucket = self._buckets[self._order[0]]
            while bucket:  # one that is woken may forget another of its bucket
                item = bucket.pop()
                item.tick = 0
                item.on_wake()
            del self._buckets[heapq.heappop(self._order)]
        self.due_s = _begin_s(self._order[0]) if self._order else math.inf


def _begin_s(tick: int) -> float:
    # A little after its beginning, where no rounding puts the clock into the tick before.
    return (tick + 0.001) * _TICK_S


class Periodic:
    """Calls something every `period_s` seconds, for as long as the loop runs."""

    def __init__(
        self, timers: Timers, clock: Clock, period_s: float, call: Callable[[], None]
    ) -> None:
        """Begin now: the first call comes after one period."""
        self.tick = 0
        self._timers = timers
        self._clock = clock
        self._period_s = period_s
        self._call = call
        timers.watch(self, clock.now_s + period_s)

    def on_wake(self) -> None:
        """Call, and wait for the next time."""
        self._timers.watch(self, self._clock.now_s + self._period_s)
        self._call()
