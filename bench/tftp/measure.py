"""Rounds: each server in turn, again and again, so that a change of the weather meets them all."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Final

from bench.errors import NoFigure
from bench.measure import blaming
from bench.peers import Peer
from bench.server import Server, serving
from bench.tftp import load
from bench.tftp.arrangement import Arrangement, on_cores
from bench.tftp.cases import SMALL, Case
from bench.tftp.client import fetch
from bench.tftp.control_group import ControlGroup, control_group
from bench.tftp.download import Wanted
from bench.tftp.outcome import Outcome
from bench.tree import GIB, MIB

# A server has something to do yet after the last acknowledgement, which belongs to the round.
_REST_S: Final = 0.2
_WARM_UP_CLIENTS: Final = 50


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that is running, and what counts its CPU time."""

    server: Server
    group: ControlGroup


@dataclass(frozen=True, slots=True)
class Contest:
    """Servers that run side by side.

    Attributes:
        contenders: in the order in which they have their turns.
        arrangement: where they run, and their clients.
        root: the directory that all of them serve.
    """

    contenders: tuple[Contender, ...]
    arrangement: Arrangement
    root: Path


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one server.

    Attributes:
        seconds: from the first request to the last acknowledgement.
        cpu_s: user and system time of all processes that the server has or had.
        received_bytes: of files.
        client_share: how much of the time a client process was on a CPU; 1 is all of it.
        windows: the window sizes that were granted.
        failures: why downloads failed.
        resent: how often a client waited in vain and sent its last packet again.
        duplicates, gaps: blocks that came once more, and ones that came before one that is missing.
    """

    seconds: float
    cpu_s: float
    received_bytes: int
    client_share: float
    windows: tuple[int, ...]
    failures: tuple[str, ...]
    resent: int
    duplicates: int
    gaps: int

    def __str__(self) -> str:
        """Say it in a few words."""
        words = f"{self.seconds:.1f} s, {self.mib_per_s:.0f} MiB/s, {self.cpu_s_per_gib:.2f} s/GiB"
        return f"{words}, {len(self.failures)} failed" if self.failures else words

    @property
    def cpu_s_per_gib(self) -> float:
        """CPU seconds of the server for each GiB of files."""
        return self.cpu_s / (self.received_bytes / GIB)

    @property
    def mib_per_s(self) -> float:
        """MiB of files a second."""
        return self.received_bytes / MIB / self.seconds


@contextmanager
def contest(peers: Iterable[Peer], folder: Path, arrangement: Arrangement) -> Iterator[Contest]:
    """Run peers side by side, each in a control group of its own, until the block ends.

    Args:
        peers: who is to serve.
        folder: a tree made by `temporary_tree`.
        arrangement: on which cores.
    """
    with ExitStack() as stack:
        with on_cores(arrangement.server):
            contenders = [
                stack.enter_context(_contender(peer, folder, arrangement)) for peer in peers
            ]
        yield Contest(tuple(contenders), arrangement, folder / "root")


@contextmanager
def _contender(peer: Peer, folder: Path, arrangement: Arrangement) -> Iterator[Contender]:
    with control_group(peer.name) as group:
        member = replace(peer, command=lambda place: group.entered(peer.command(place)))
        with serving(member, folder, workers=arrangement.workers) as server:
            yield Contender(server, group)


def measure(
    case: Case, contest: Contest, *, rounds: int, tell: Callable[[str], None]
) -> dict[str, list[Sample]]:
    """Measure one case on all servers that can do it.

    Args:
        case: what to ask of them.
        contest: who is asked.
        rounds: how many count; one more goes before them, in which contents are compared.
        tell: is called with a line about each round.

    Returns:
        The samples of each server, by its name. One that grants no window is left out where a
        single client asks for one: it would be measured in lockstep once more. In a storm all take
        part: the clients do not know whom they ask. One that crashes has no more samples.

    Raises:
        NoFigure: what came was not the file, or a single client could not get it.
    """
    able = [one for one in contest.contenders if one.server.is_running and _can(case, one.server)]
    samples: dict[str, list[Sample]] = {}
    file = contest.root / case.file
    for number, contender in product(range(rounds + 1), able):
        if not contender.server.is_running:
            continue
        with blaming(contender.server, case.name):
            if not number:
                _warm_up(case, contender, contest.arrangement, file)
                continue
            sample = _round(case, contender, contest.arrangement, file)
        name = contender.server.name
        samples.setdefault(name, []).append(sample)
        tell(f"{case.name} {number}/{rounds} {name}: {sample}")
    return samples


def _can(case: Case, server: Server) -> bool:
    with blaming(server, case.name):
        outcome = fetch(Wanted(server.port, SMALL, case.blksize, case.windowsize), 1)
    return case.windowsize == 1 or case.is_storm or outcome.windows != [1]


def _warm_up(case: Case, contender: Contender, arrangement: Arrangement, file: Path) -> None:
    """Download once, or with some of the clients of a storm, and compare the contents."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    lighter = replace(case, times=1, clients=min(case.clients, _WARM_UP_CLIENTS))
    outcome = load.run(lighter, contender.server.port, arrangement, digest)
    if outcome.failures:
        raise NoFigure(outcome.reasons)
    time.sleep(_REST_S)


def _round(case: Case, contender: Contender, arrangement: Arrangement, file: Path) -> Sample:
    before_s = contender.group.cpu_s()
    outcome = load.run(case, contender.server.port, arrangement)
    time.sleep(_REST_S)
    cpu_s = contender.group.cpu_s() - before_s
    _verify(case, outcome, file.stat().st_size)
    if not contender.server.is_running:
        outcome.failures.append(f"it crashed: {contender.server.last_words().splitlines()[-1:]}")
    return Sample(
        seconds=outcome.seconds,
        cpu_s=cpu_s,
        received_bytes=outcome.received_bytes,
        client_share=outcome.busy,
        windows=tuple(outcome.windows),
        failures=tuple(outcome.failures),
        resent=outcome.resent,
        duplicates=outcome.duplicates,
        gaps=outcome.gaps,
    )


def _verify(case: Case, outcome: Outcome, size_bytes: int) -> None:
    """Check that every download is accounted for, and that all that are whole have the size."""
    if outcome.done + len(outcome.failures) != case.downloads:
        raise NoFigure(f"of {case.downloads} downloads {outcome.done} are done: {outcome.reasons}")
    if not outcome.done:
        raise NoFigure(f"not one download is done: {outcome.reasons}")
    if not outcome.failures and outcome.received_bytes != case.downloads * size_bytes:
        raise NoFigure(
            f"{case.downloads} files of {size_bytes} bytes came to {outcome.received_bytes}"
        )
