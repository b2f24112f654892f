"""The daemon's own events as lines: one each, whole, and nothing in them that acts."""

import json
import os
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from filed.log import events
from filed.log.sink import PIPE_BYTES, Sink

HOSTILE = "a\x1b[2J\nts ready\x9bpid=1\u2028\u202ex\x7f\r"


@pytest.fixture
def written(tmp_path):
    """Returns the lines that come of what a function logs in a format."""

    def write(log, *, json):
        with (tmp_path / "log").open("wb") as file, closing(Sink(file.fileno())) as sink:
            events.set_up(sink, json=json, level="info")
            log(structlog.get_logger())
        return (tmp_path / "log").read_bytes().decode()

    yield write
    structlog.reset_defaults()


def fail(log, why, **fields):
    """Log an exception with those words."""
    try:
        _raise(why)
    except ValueError:
        log.exception("failed", **fields)


def _raise(why):
    raise ValueError(why)


@pytest.mark.parametrize("json", [True, False], ids=["json", "console"])
@pytest.mark.parametrize(
    "value",
    [
        HOSTILE,
        HOSTILE.encode(),
        Path(HOSTILE),
        [HOSTILE],
        {HOSTILE: HOSTILE},
        OSError(HOSTILE),
        os.fsdecode(b"\xff" + HOSTILE.encode()),
    ],
    ids=["text", "bytes", "a path", "a list", "a mapping", "an error", "undecoded"],
)
def test_no_value_forges_a_line_or_acts_on_a_terminal(written, value, json):
    text = written(lambda log: log.info("starting", root=value), json=json)
    assert text.count("\n") == 1
    assert text.endswith("\n")
    assert all(character.isprintable() for character in text[:-1])
    assert "starting" in text


@pytest.mark.parametrize("json", [True, False], ids=["json", "console"])
def test_a_message_of_an_error_cannot_pass_for_a_line(written, json):
    text = written(lambda log: fail(log, HOSTILE), json=json)
    first, *rest, end = text.split("\n")
    assert end == ""
    assert "failed" in first
    assert all(line.startswith("  ") for line in rest)
    assert all(character.isprintable() for line in (first, *rest) for character in line)


def test_a_console_event_is_readable_and_an_exception_is_written_as_python_does(written):
    lines = written(lambda log: fail(log, "wrong", client="192.0.2.7"), json=False).splitlines()
    assert "[error" in lines[0]
    assert "client=192.0.2.7" in lines[0]
    assert lines[1] == "  Traceback (most recent call last):"
    assert lines[-1] == "  ValueError: wrong"


LONG = {
    "text": "é" * 9000,
    "quotes": '"\\' * 4000,
    "controls": "\n" * 4000,
    "a list": ["127.0.0.1:65535"] * 1000,
    "a mapping": {f"key-{number}": "x" * 100 for number in range(100)},
    "bytes": b"\xff" * 5000,
}


@pytest.mark.parametrize("json", [True, False], ids=["json", "console"])
@pytest.mark.parametrize("value", LONG.values(), ids=LONG)
def test_no_event_is_longer_than_a_pipe_takes_at_once(written, value, json):
    fields = {"one": value, "two": value, "three": value, "port": 7788}
    text = written(lambda log: fail(log, value, **fields), json=json)
    assert len(text.encode()) <= PIPE_BYTES
    assert "... (cut)" in text
    assert "7788" in text


def test_values_keep_their_types_in_json(written):
    values = {"number": 1, "share": 0.5, "yes": True, "none": None, "many": [1, "two"]}
    logged = json.loads(written(lambda log: log.info("x", **values, huge=10**30), json=True))
    assert {key: logged[key] for key in values} == values
    assert logged["huge"] == str(10**30)
