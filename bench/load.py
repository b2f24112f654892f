"""What generates the load: wrk, or a sink that throws away what it receives."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from bench import sink
from bench.errors import NoFigure
from bench.processes import program

_SCRIPT: Final = Path(__file__).with_name("wrk.lua")
# wrk counts a slower request as an error, and keeps eight bytes for each microsecond of it.
_WRK_TIMEOUT_S: Final = 10


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of a generator came to.

    Attributes:
        requests: answered whole.
        received_bytes: heads and bodies, those under way at the end included.
        seconds: how long the run was.
        p50_us, p99_us: quantiles of the latency; None where the generator does not measure it.
    """

    requests: int
    received_bytes: int
    seconds: float
    p50_us: float | None = None
    p99_us: float | None = None


class Generator(Protocol):
    """Sends requests over and over."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The header fields of each request, besides Host."""

    def run(self, port: int, name: str, connections: int, seconds: int) -> Load:
        """Ask for one file on all connections for so long.

        Raises:
            NoFigure: an answer was an error, or did not arrive whole.
        """


@dataclass(frozen=True, slots=True)
class Wrk:
    """wrk, one thread.

    Attributes:
        fields: header fields to send.
        unlike: send heads of 2 KiB of which no two are alike.
    """

    fields: tuple[str, ...] = ()
    unlike: bool = False

    def run(self, port: int, name: str, connections: int, seconds: int) -> Load:
        """As `Generator` says."""
        command = [
            *(program("wrk", "wrk"), "--threads", "1", "--connections", str(connections)),
            *("--duration", f"{seconds}s", "--timeout", f"{_WRK_TIMEOUT_S}s"),
            *("--script", str(_SCRIPT)),
            *(word for field in self.fields for word in ("--header", field)),
            *(f"http://127.0.0.1:{port}/{name}", "--"),
            *(("unlike", str(time.time_ns())) if self.unlike else ()),
        ]
        return parse_wrk(_run(command))


@dataclass(frozen=True, slots=True)
class Sink:
    """Our own receiver, which has the kernel throw the bodies away uncopied."""

    fields: tuple[str, ...] = ()

    def run(self, port: int, name: str, connections: int, seconds: int) -> Load:
        """As `Generator` says."""
        arguments = [str(port), name, str(connections), str(seconds)]
        told = json.loads(_run([sys.executable, "-m", sink.__name__, *arguments]))
        return Load(told["requests"], told["received_bytes"], told["seconds"])


def parse_wrk(output: str) -> Load:
    """Read what `wrk.lua` printed at the end of a run.

    Raises:
        NoFigure: wrk met errors.
    """
    told = json.loads(output.splitlines()[-1])
    errors = {what: count for what, count in told["errors"].items() if count}
    if errors:
        raise NoFigure(f"wrk met errors: {errors}")
    load = Load(told["requests"], told["bytes"], told["duration_us"] / 1e6)
    if not load.requests:  # a large transfer may take longer than the run, and has no latency then
        return load
    latency = told["latency_us"]
    return replace(load, p50_us=latency["p50"], p99_us=latency["p99"])


def wrk_version() -> str:
    """Say which wrk is installed.

    Raises:
        Missing: none is.
    """
    # wrk has no exit code for having told its version: it is 1, as for a usage error.
    told = subprocess.run(
        [program("wrk", "wrk"), "--version"], capture_output=True, text=True, check=False
    )
    return told.stdout.split()[1]


def verify(load: Load, reply_bytes: int, connections: int) -> None:
    """Check that what a load received is its requests' answers, to the byte.

    Besides them there can be the part of an answer on each connection that was under way at the
    end.

    Raises:
        NoFigure: less or more came than so many answers of `reply_bytes` come to.
    """
    least = load.requests * reply_bytes
    most = (load.requests + connections) * reply_bytes
    if not least <= load.received_bytes <= most:
        raise NoFigure(
            f"{load.requests} answers of {reply_bytes} bytes came to {load.received_bytes} bytes"
        )


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoFigure(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
