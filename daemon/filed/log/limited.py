"""Events that may come by the thousand: a limit that bites, a fault that repeats.

Of each kind one is logged at once. What comes within the next ten seconds is counted, and the
latest of it kept; once they are over, that one is logged and says how many were left out. So a
flood costs one line in ten seconds, and its end is told too, though nothing follows it.
"""

import math
import traceback
from dataclasses import dataclass, field
from typing import Final

import structlog

from filed.clock import Clock

_log = structlog.get_logger()

PERIOD_S: Final = 10.0


@dataclass(slots=True)
class _Kind:
    event: str
    told_s: float = -math.inf
    untold: int = 0
    level: str = ""
    fields: dict[str, object] = field(default_factory=dict)


class Limited:
    """Logs at most one event of a kind in `PERIOD_S` seconds.

    A kind is an event's name and, where it has one, its field `setting`: what has bitten.
    """

    def __init__(self, clock: Clock) -> None:
        """Tell the time by `clock`."""
        self._clock = clock
        self._kinds: dict[tuple[str, object], _Kind] = {}

    def info(self, event: str, **fields: object) -> None:
        """Log something that is no fault of anybody here."""
        self._note("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Log something that costs clients what they came for."""
        self._note("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Log a fault."""
        self._note("error", event, fields)

    def exception(self, event: str, **fields: object) -> None:
        """Log a fault with the traceback of the exception that is being handled."""
        # As text: a traceback that is kept would keep alive all that its frames refer to.
        self._note("error", event, fields | {"exception": traceback.format_exc().rstrip()})

    def look(self) -> None:
        """Tell what was kept back and is due. To be called about once a second."""
        for kind in self._kinds.values():
            if kind.untold and self._is_due(kind):
                self._tell(kind)

    def close(self) -> None:
        """Tell all that was kept back: the process ends."""
        for kind in self._kinds.values():
            if kind.untold:
                self._tell(kind)

    def _note(self, level: str, event: str, fields: dict[str, object]) -> None:
        kind = self._kinds.setdefault((event, fields.get("setting")), _Kind(event))
        kind.level, kind.fields = level, fields
        kind.untold += 1
        if self._is_due(kind):
            self._tell(kind)

    def _is_due(self, kind: _Kind) -> bool:
        return self._clock.now_s - kind.told_s >= PERIOD_S

    def _tell(self, kind: _Kind) -> None:
        left_out, kind.untold = kind.untold - 1, 0
        kind.told_s = self._clock.now_s
        more = {"suppressed": left_out} if left_out else {}
        getattr(_log, kind.level)(kind.event, **kind.fields, **more)
