"""How long to wait for an ACK, and when to give up.

The wait follows the round trips that were measured, as TCP's does (RFC 6298), and doubles with each
one that was in vain. It stays as long until a round trip was measured again (Karn's algorithm), or
a client that has become slower would be sent everything twice from then on: no ACK of what was sent
twice is a measure. What a client is given up by is time, not packets: on a fast network the first
few go out again within a second, and a client that erases its flash meanwhile is still there. So
only waits as long as the one for a client not yet known count as tries.
"""

from typing import Final

# A shorter wait would take a client that writes a block to its disk for one that has lost it.
_LEAST_S: Final = 0.02
_MOST_S: Final = 60.0  # RFC 6298 §2.4
# What a timer and a busy turn of the loop may add to a round trip (RFC 6298's G).
_GRANULARITY_S: Final = 0.01


class Patience:
    """The wait for one transfer's ACKs.

    Attributes:
        wait_s: how long to wait for the next one.
        least_s: the shortest round trip that was measured; 0 before.
    """

    __slots__ = (
        *("_deviation_s", "_is_fixed", "_left", "_retries", "_rto_s", "_smoothed_s", "_timeout_s"),
        *("least_s", "wait_s"),
    )

    def __init__(self, timeout_s: float, retries: int, fixed_s: float | None = None) -> None:
        """Begin without knowing the client.

        Args:
            timeout_s: how long to wait until a round trip was measured.
            retries: how often to try again after a wait of at least that length.
            fixed_s: how long to wait each time, where the client has said it (RFC 2349).
        """
        self._timeout_s = timeout_s if fixed_s is None else fixed_s
        self._is_fixed = fixed_s is not None
        self._retries = self._left = retries
        self._rto_s = self.wait_s = self._timeout_s
        self.least_s = 0.0
        self._smoothed_s = 0.0
        self._deviation_s = 0.0

    def measured(self, round_trip_s: float) -> None:
        """Take note of the time from a packet, sent once, to its ACK."""
        self.least_s = min(self.least_s or round_trip_s, round_trip_s)
        if self._is_fixed:
            return
        if not self._smoothed_s:
            self._smoothed_s = round_trip_s
            self._deviation_s = round_trip_s / 2
        else:
            error_s = round_trip_s - self._smoothed_s
            self._deviation_s += (abs(error_s) - self._deviation_s) / 4
            self._smoothed_s += error_s / 8
        rto_s = self._smoothed_s + max(_GRANULARITY_S, 4 * self._deviation_s)
        self._rto_s = self.wait_s = min(max(_LEAST_S, rto_s), _MOST_S)

    def progressed(self) -> None:
        """The client has shown that it is there: begin to count anew."""
        self.wait_s = min(self.wait_s, max(self._rto_s, self._timeout_s))
        self._left = self._retries

    def lost(self) -> None:
        """The client has said what it misses: so it was the network, and nobody is slow."""
        self.wait_s = self._rto_s

    def in_vain(self) -> bool:
        """Take note that a wait is over, and say whether to try once more."""
        if self.wait_s >= self._timeout_s:
            self._left -= 1
        if not self._is_fixed:
            self.wait_s = min(self.wait_s * 2, max(_MOST_S, self._timeout_s))
        return self._left >= 0
