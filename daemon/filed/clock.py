"""The one place that reads the clock, once a turn of a process's loop.

What happens within a turn happens at one time. That saves a system call or two per request, and it
makes decisions within a turn agree with one another.
"""

import time


class Clock:
    """The time of the current turn.

    Attributes:
        turn: counts the turns; what was found out in this turn need not be asked again in it.
        now_s: monotonic seconds, for durations and deadlines.
        wall_s: seconds since the epoch, for dates.
    """

    __slots__ = ("now_s", "turn", "wall_s")

    def __init__(self) -> None:
        self.turn = 0
        self.advance()

    def advance(self) -> None:
        """Begin a turn: read both clocks."""
        self.turn += 1
        self.now_s = time.monotonic()
        self.wall_s = time.time()

    def forget(self) -> None:
        """Have what was found out in this turn asked again, though the time stays the same."""
        self.turn += 1

    def exact_s(self) -> float:
        """Monotonic seconds at this very moment: to say how long something took within a turn."""
        return time.monotonic()
