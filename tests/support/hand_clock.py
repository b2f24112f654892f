"""A clock whose hands the test moves."""

from filed.clock import Clock


class HandClock(Clock):
    """Moves when it is told to."""

    def advance(self, seconds=0.0):
        """Begin a turn, so many seconds after the one before."""
        self.turn += 1
        self.now_s = getattr(self, "now_s", 1000.0) + seconds
        self.wall_s = getattr(self, "wall_s", 0.0) + seconds
