"""How many datagrams of an address are answered: nobody is flooded in a forged sender's name."""

from collections import Counter
from typing import Final

from filed.clock import Clock
from filed.log.limited import Limited
from filed.log.text import show_client
from filed.settings import Settings
from filed.settings.report import assigned

# How many source addresses are told apart within a second; forged ones must not fill memory.
_SOURCES_A_SECOND: Final = 65536


class Rate:
    """Answers to each address within this second."""

    def __init__(self, settings: Settings, clock: Clock, limited: Limited) -> None:
        """Keep to `limits.udp_rate`; log to `limited` that it bites."""
        self._clock = clock
        self._limited = limited
        self._most = settings.limits.udp_rate
        self._written = assigned("limits.udp_rate", settings)
        self._answered: Counter[str] = Counter()
        self._second = 0

    def allows(self, host: str) -> bool:
        """Say whether an address may be answered once more, and take it that it is."""
        second = int(self._clock.now_s)
        if second != self._second:
            self._second = second
            self._answered.clear()
        if self._answered[host] >= self._most or len(self._answered) >= _SOURCES_A_SECOND:
            self._limited.warning(
                "datagrams_dropped",
                setting=self._written,
                meaning="an address was answered no more within that second",
                client=show_client(host),
            )
            return False
        self._answered[host] += 1
        return True

    def give_back(self, host: str) -> None:
        """Take back one answer: the address has shown that it wanted it."""
        if self._answered[host]:
            self._answered[host] -= 1
