"""Rounds: each server in turn, again and again, so that a change of the weather meets them all."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from bench import sink
from bench.cases import Case
from bench.errors import NoFigure
from bench.load import verify
from bench.processes import cpu_between
from bench.server import Server

_WARM_UP_S: Final = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one server.

    Attributes:
        cpu: user and system time of all its processes for each request or GiB, in the case's unit.
        rate: requests or GiB a second.
        p50_us, p99_us: quantiles of the latency; None where it was not measured.
    """

    cpu: float
    rate: float
    p50_us: float | None
    p99_us: float | None


def measure(
    case: Case,
    servers: Sequence[Server],
    *,
    rounds: int,
    seconds: int,
    tell: Callable[[str], None],
) -> dict[str, list[Sample]]:
    """Measure one case on all servers.

    Args:
        case: what to ask of them.
        servers: who is asked, in this order in every round.
        rounds: how many count; one more goes before them to warm up.
        seconds: how long each is.
        tell: is called with a line about each round.

    Returns:
        The samples of each server, by its name.

    Raises:
        NoFigure: an answer was not what it should be, or a process of a server ended.
    """
    reply_bytes = {server.name: _probe(server, case) for server in servers}
    samples: dict[str, list[Sample]] = {server.name: [] for server in servers}
    for number in range(rounds + 1):
        for server in servers:
            duration_s = seconds if number else _WARM_UP_S
            sample = _round(case, server, duration_s, reply_bytes[server.name])
            if number:
                samples[server.name].append(sample)
                tell(f"{case.name} {number}/{rounds} {server.name}: {sample.cpu:.2f}")
    return samples


@contextmanager
def blaming(server: Server, case: str) -> Iterator[None]:
    """Tell with what goes wrong whom it was asked of, and what that server has said."""
    try:
        yield
    except (NoFigure, OSError) as error:
        raise NoFigure(f"{case}, {server.name}: {error}\n{server.last_words()}") from error


def _probe(server: Server, case: Case) -> int:
    """Ask once and look at the answer closely; return its size. All others must have the same."""
    wanted = sink.request(server.port, case.file, case.generator.fields)
    with blaming(server, case.name), sink.connect(server.port) as sock:
        answer = sink.fetch(sock, wanted)
        if answer.status != case.status:
            raise NoFigure(f"the answer is {answer.status}, not {case.status}")
    return answer.size_bytes


def _round(case: Case, server: Server, seconds: int, reply_bytes: int) -> Sample:
    with blaming(server, case.name):
        before = server.processes()
        load = case.generator.run(server.port, case.file, case.connections, seconds)
        cpu_s = cpu_between(before, server.processes())
        verify(load, reply_bytes, case.connections)
        if not (count := case.unit.count(load)):
            raise NoFigure(f"{seconds} s were too short for a single {case.unit.name}")
    return Sample(
        cpu_s * case.unit.cpu_per_second / count, count / load.seconds, load.p50_us, load.p99_us
    )
