"""The access log: one line for each request, when its transfer has ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import orjson

from filed.log.sink import PIPE_BYTES, Sink
from filed.log.text import show

# How much of each field that a client sent is shown where the line would be longer than a pipe
# takes at once. A byte may become five (`\\x1b`: a control shown, its backslash escaped for
# JSON), and there are five such fields.
_SHORT_BYTES: Final = 96


@dataclass(frozen=True, slots=True)
class Asked:
    """What the client sent of a request, as far as the log shows it; None where it did not."""

    protocol: str
    method: bytes
    name: bytes
    range: bytes | None = None
    user_agent: bytes | None = None
    referer: bytes | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request has ended. Bytes, and seconds from the request to its first and last byte.

    Attributes:
        details: what only its protocol has, by the name in the log.
    """

    status: int
    sent_bytes: int
    expected_bytes: int
    seconds: float
    ttfb_s: float | None
    how: str
    details: Mapping[str, str | int] = field(default_factory=dict)


class AccessLog:
    """Writes request events in the format of the others."""

    def __init__(self, sink: Sink, *, json: bool, worker: int) -> None:
        """Write to `sink`; `worker` is the number of this process."""
        self._sink = sink
        self._json = json
        self._worker = worker
        self._second = -1
        self._stamp = ""

    def write(self, asked: Asked, client: str, port: int, outcome: Outcome, wall_s: float) -> None:
        """Log a request that has ended at `wall_s`, seconds since the epoch."""
        render = self._render_json if self._json else self._render_console
        line = render(asked, client, port, outcome, wall_s)
        if len(line) > PIPE_BYTES:
            line = render(_cut(asked), client, port, outcome, wall_s)
        self._sink.add(line)

    def _render_json(
        self, asked: Asked, client: str, port: int, outcome: Outcome, wall_s: float
    ) -> bytes:
        event = {
            "ts": self._time(wall_s),
            "event": "request",
            "protocol": asked.protocol,
            "client": client,
            "port": port,
            "method": show(asked.method),
            "name": show(asked.name),
            "status": outcome.status,
            "sent": outcome.sent_bytes,
            "expected": outcome.expected_bytes,
            "seconds": round(outcome.seconds, 6),
            "ttfb": None if outcome.ttfb_s is None else round(outcome.ttfb_s, 6),
            "range": _show(asked.range),
            "user_agent": _show(asked.user_agent),
            "referer": _show(asked.referer),
            "worker": self._worker,
            "outcome": outcome.how,
            **outcome.details,
        }
        return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)

    def _render_console(
        self, asked: Asked, client: str, port: int, outcome: Outcome, wall_s: float
    ) -> bytes:
        seen = f"{asked.protocol} {show(asked.method)} {show(asked.name)}"
        told = f"{outcome.status} {outcome.sent_bytes} B {outcome.seconds * 1000:.1f} ms"
        where = f"{client}:{port}" if ":" not in client else f"[{client}]:{port}"
        more = "".join(f" {name}={value}" for name, value in outcome.details.items())
        return f"{self._time(wall_s)} {where} {seen} {told} {outcome.how}{more}\n".encode()

    def _time(self, wall_s: float) -> str:
        second = int(wall_s)
        if second != self._second:
            self._second = second
            self._stamp = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        return f"{self._stamp}{int(wall_s % 1 * 1000):03d}Z"


def _show(value: bytes | None) -> str | None:
    return None if value is None else show(value)


def _cut(asked: Asked) -> Asked:
    def short(value: bytes) -> bytes:
        return value if len(value) <= _SHORT_BYTES else value[:_SHORT_BYTES] + b"... (cut)"

    def short_or_none(value: bytes | None) -> bytes | None:
        return None if value is None else short(value)

    return Asked(
        asked.protocol,
        short(asked.method),
        short(asked.name),
        short_or_none(asked.range),
        short_or_none(asked.user_agent),
        short_or_none(asked.referer),
    )
