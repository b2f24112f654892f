"""structlog, set up once a process: the daemon's own events, written through the sink."""

import logging
import sys
from collections.abc import Callable, MutableMapping
from pathlib import PurePath
from typing import Any, Final

import orjson
import structlog

from filed.log.sink import Sink
from filed.log.text import show, show_undecoded

# A traceback longer than this would make the line longer than a pipe takes at once.
_TRACEBACK_CHARS: Final = 2500

Event = MutableMapping[str, Any]


def is_json(choice: str) -> bool:
    """Say whether `log.format` comes to JSON: "auto" does where standard error is no terminal."""
    return choice == "json" or (choice == "auto" and not sys.stderr.isatty())


def set_up(sink: Sink, *, json: bool, level: str) -> None:
    """Send structlog's events of `level` and above to `sink`, each flushed at once."""
    render: Callable[[Any, str, Event], str | bytes]
    if json:
        render = _render_json
    else:
        render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(
                fmt="iso", utc=True, key="ts" if json else "timestamp"
            ),
            structlog.processors.format_exc_info,
            _make_safe,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=lambda *_: _SinkLogger(sink),
        cache_logger_on_first_use=False,
    )


class _SinkLogger:
    """What structlog hands its rendered events to."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def msg(self, event: str | bytes) -> None:
        line = event if isinstance(event, bytes) else event.encode()
        self._sink.add(line + b"\n")
        self._sink.flush()

    debug = info = warning = error = critical = exception = msg


def _make_safe(_logger: object, _method: str, event: Event) -> Event:
    for key, value in event.items():
        event[key] = _safe(value)
    trace = event.get("exception")
    if trace is not None and len(trace) > _TRACEBACK_CHARS:
        event["exception"] = "..." + trace[-_TRACEBACK_CHARS:]
    return event


def _safe(value: object) -> object:
    match value:
        case bytes():
            return show(value)
        case str():
            return show_undecoded(value)
        case PurePath():
            return show_undecoded(str(value))
        case list() | tuple():
            return [_safe(each) for each in value]
        case _:
            return value


def _render_json(_logger: object, _method: str, event: Event) -> bytes:
    first = {key: event.pop(key) for key in ("ts", "level", "event") if key in event}
    return orjson.dumps(first | dict(event), default=str)
