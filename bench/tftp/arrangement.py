"""Which cores the server and the clients have."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Who runs where.

    Attributes:
        name: for the report.
        server: the cores of the server.
        clients: the cores of the clients.
        workers: how many processes serve, where a server has a choice.
    """

    name: str
    server: frozenset[int]
    clients: frozenset[int]
    workers: int = 1

    @property
    def is_apart(self) -> bool:
        """Server and clients have no core in common: each side's speed is its own."""
        return not self.server & self.clients


def for_one_client() -> list[Arrangement]:
    """One core for both, where only the CPU time tells; and a core for each, if there are two."""
    *others, last = sorted(os.sched_getaffinity(0))
    one = frozenset({last})
    together = Arrangement("one", one, one)
    if not others:
        return [together]
    return [together, Arrangement("one each", frozenset({others[-1]}), one)]


def for_a_storm() -> Arrangement:
    """Everybody has all cores."""
    every = frozenset(os.sched_getaffinity(0))
    return Arrangement("all", every, every, workers=2)


@contextmanager
def on_cores(cores: Collection[int]) -> Iterator[None]:
    """Have processes that are started within the block run on these."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
