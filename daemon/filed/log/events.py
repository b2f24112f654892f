"""structlog, set up once a process: the daemon's own events, written through the sink."""

import logging
import sys
import textwrap
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

import orjson
import structlog

from filed.log.sink import PIPE_BYTES, Sink
from filed.log.text import show, show_text

# What of a traceback nearly always fits a line, which is no longer than a pipe takes at once; and
# what is left of it and of any other value where the line did not fit.
_TRACEBACK_CHARS: Final = 2500
_SHORT_TRACEBACK_CHARS: Final = 600
_SHORT_BYTES: Final = 96
# A longer integer is written as text: orjson takes no more (and there is always a longer one).
_INTEGER_BITS: Final = 64

Event = MutableMapping[str, Any]
Render = Callable[[object, str, Event], str | bytes]


def is_json(choice: str) -> bool:
    """Say whether `log.format` comes to JSON: "auto" does where standard error is no terminal."""
    return choice == "json" or (choice == "auto" and not sys.stderr.isatty())


def set_up(sink: Sink, *, json: bool, level: str) -> None:
    """Send structlog's events of `level` and above to `sink`, each flushed at once."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(
                fmt="iso", utc=True, key="ts" if json else "timestamp"
            ),
            structlog.processors.format_exc_info,
            _make_safe,
            _fitting(_render_json if json else _console()),
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

    def msg(self, line: bytes) -> None:
        self._sink.add(line)
        self._sink.flush()

    debug = info = warning = error = critical = exception = msg


def _make_safe(_logger: object, _method: str, event: Event) -> Event:
    trace = event.pop("exception", None)
    safe: Event = {key: _safe(value) for key, value in event.items()}
    if trace is not None:
        lines = "\n".join(map(show_text, trace.split("\n")))
        safe["exception"] = _end_of(lines, _TRACEBACK_CHARS)
    return safe


def _safe(value: object) -> object:
    match value:
        case bytes():
            return show(value)
        case None | bool() | float():
            return value
        case int() if value.bit_length() < _INTEGER_BITS:
            return value
        case list() | tuple():
            return [_safe(each) for each in value]
        case Mapping():
            return {_safe(key): _safe(each) for key, each in value.items()}
        case _:
            return show_text(str(value))


def _fitting(render: Render) -> Callable[[object, str, Event], bytes]:
    """Render an event as a line that a pipe takes at once; cut its values where it is longer."""

    def line(event: Event) -> bytes:
        rendered = render(None, "", dict(event))
        return (rendered if isinstance(rendered, bytes) else rendered.encode()) + b"\n"

    def fit(_logger: object, _method: str, event: Event) -> bytes:
        whole = line(event)
        return whole if len(whole) <= PIPE_BYTES else line(_cut(event))

    return fit


def _cut(event: Event) -> Event:
    cut = {key: _short(value) for key, value in event.items()}
    if "exception" in event:
        cut["exception"] = _end_of(event["exception"], _SHORT_TRACEBACK_CHARS)
    return cut


def _short(value: object) -> object:
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    raw = text.encode()
    return value if len(raw) <= _SHORT_BYTES else f"{show(raw[:_SHORT_BYTES])}... (cut)"


def _end_of(trace: str, chars: int) -> str:
    return trace if len(trace) <= chars else "..." + trace[-chars:]


def _console() -> Render:
    render = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        sort_keys=False,
        exception_formatter=structlog.dev.plain_traceback,
    )

    def indented(logger: object, method: str, event: Event) -> str:
        # What follows the first line is indented, so that no message can pass for a line.
        first, *rest = render(logger, method, event).split("\n")
        return "\n".join([first, *(textwrap.indent(line, "  ") for line in rest)])

    return indented


def _render_json(_logger: object, _method: str, event: Event) -> bytes:
    first = {key: event.pop(key) for key in ("ts", "level", "event") if key in event}
    return orjson.dumps(first | dict(event), default=str)
