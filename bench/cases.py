"""What is asked of each server. Another case is another row of `CASES`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bench.load import Generator, Load, Sink, Wrk
from bench.tree import GIB, MODIFIED


@dataclass(frozen=True, slots=True)
class Unit:
    """What the CPU time of a round is divided by.

    Attributes:
        name: of one, as in "each request".
        many: of several, as in "requests a second".
        cpu: the unit of CPU time that suits it.
        cpu_per_second: how many of those make a second.
        count: how many there were in a load.
    """

    name: str
    many: str
    cpu: str
    cpu_per_second: float
    count: Callable[[Load], float]


REQUEST: Final = Unit("request", "requests", "µs", 1e6, lambda load: load.requests)
GIBIBYTE: Final = Unit("GiB", "GiB", "ms", 1e3, lambda load: load.received_bytes / GIB)


_WRK: Final = Wrk()


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of load.

    Attributes:
        name: for the command line.
        title: for the report.
        file: which of the tree's is asked for.
        generator: what asks.
        connections: how many at once.
        unit: what is counted.
        status: that every answer is to have.
    """

    name: str
    title: str
    file: str
    generator: Generator = _WRK
    connections: int = 32
    unit: Unit = REQUEST
    status: int = 200


CASES: Final[Mapping[str, Case]] = {
    case.name: case
    for case in (
        Case("1k", "keep-alive, 1 KiB", "1k.bin"),
        Case("16k", "keep-alive, 16 KiB", "16k.bin"),
        Case("128k", "keep-alive, 128 KiB", "128k.bin"),
        Case("1m", "keep-alive, 1 MiB", "1m.bin"),
        Case("304", "304", "1k.bin", Wrk((f"If-Modified-Since: {MODIFIED}",)), status=304),
        Case("new", "a new connection each, 1 KiB", "1k.bin", Wrk(("Connection: close",))),
        Case("unlike", "heads never alike, 2 KiB", "1k.bin", Wrk(unlike=True)),
        Case("1g", "1 GiB, to wrk", "1g.bin", connections=4, unit=GIBIBYTE),
        Case("1g-sink", "1 GiB, to a sink", "1g.bin", Sink(), connections=4, unit=GIBIBYTE),
    )
}
