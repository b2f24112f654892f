"""How evenly the workers of a server share its connections: `python -m bench.fairness`.

Some hundred connections come in, each with a request, and stay: once one each millisecond, once all
at once. Then the sockets that each worker holds are counted.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench import sink
from bench.ending import ended
from bench.errors import NoFigure
from bench.figures import Figure
from bench.peers import OURS, PEERS, Peer
from bench.report import number, table
from bench.server import Server, serving
from bench.tree import temporary_tree

_SERVERS: Final = (OURS, "nginx")
# How they arrive, and the seconds between two of them.
_ARRIVALS: Final[Mapping[str, float]] = {"one each ms": 0.001, "all at once": 0.0}
_FILE: Final = "1k.bin"
_HEADER: Final = (
    "connections",
    "server",
    "busiest worker has",
    "idlest worker has",
    "busiest / mean",
)

_PATIENCE_S: Final = 20.0
_LOOK_S: Final = 0.02
# CPU time is counted in hundredths of a second: a server that took none for so long is at rest.
_REST_S: Final = 0.3


def main(arguments: list[str]) -> int:
    """Measure and print a table; return the exit code."""
    options = _parser().parse_args(arguments)
    return ended(lambda: _measure(options))


def _measure(options: argparse.Namespace) -> None:
    with temporary_tree() as folder:
        print(table(_HEADER, list(_rows(folder, options))))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.fairness",
        description="Count how the workers of a server share its connections.",
    )
    for option, default, meaning in (
        ("--workers", 4, "worker processes of each server"),
        ("--connections", 600, "how many come in"),
        ("--runs", 5, "runs of each kind, each with a server newly started"),
    ):
        words = f"{meaning} (default: %(default)s)"
        parser.add_argument(option, type=int, default=default, help=words)
    return parser


def _rows(folder: Path, options: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    mean = options.connections / options.workers
    for arrival, pause_s in _ARRIVALS.items():
        for name in _SERVERS:
            runs = [_run(PEERS[name], folder, options, pause_s) for _ in range(options.runs)]
            busiest = Figure.of(max(counts) for counts in runs)
            idlest = Figure.of(min(counts) for counts in runs)
            yield (
                f"{options.connections}, {arrival}",
                name,
                _in_words(busiest),
                _in_words(idlest),
                number(busiest.median / mean),
            )


def _in_words(figure: Figure) -> str:
    return f"{figure.median:.0f} ({figure.low:.0f} to {figure.high:.0f})"


def _run(peer: Peer, folder: Path, options: argparse.Namespace, pause_s: float) -> list[int]:
    """Let connections come in once; return how many each worker has taken."""
    with serving(peer, folder, workers=options.workers) as server, ExitStack() as clients:
        _await(lambda: _is_at_rest(server, options.workers), f"{server.name} to be at rest")
        before = _sockets_of_workers(server)
        _arrive(server.port, options.connections, pause_s, clients)
        return _taken(server, before, options.connections)


def _arrive(port: int, connections: int, pause_s: float, clients: ExitStack) -> None:
    wanted = sink.request(port, _FILE)
    due_s = time.monotonic()
    for _ in range(connections):
        clients.enter_context(sink.connect(port)).sendall(wanted)
        due_s += pause_s
        time.sleep(max(0.0, due_s - time.monotonic()))


def _taken(server: Server, before: Mapping[int, int], connections: int) -> list[int]:
    counts: list[int] = []

    def all_are_taken() -> bool:
        now = _sockets_of_workers(server)
        counts[:] = [now[pid] - count for pid, count in before.items()]
        return sum(counts) == connections

    _await(all_are_taken, f"{server.name} to take {connections} connections")
    return counts


def _is_at_rest(server: Server, workers: int) -> bool:
    before = server.processes()
    time.sleep(_REST_S)
    return len(before) == workers + 1 and before == server.processes()


def _sockets_of_workers(server: Server) -> dict[int, int]:
    return {pid: _sockets(pid) for pid in server.processes() if pid != server.process.pid}


def _sockets(pid: int) -> int:
    return sum(map(_is_socket, Path(f"/proc/{pid}/fd").iterdir()))


def _is_socket(fd: Path) -> bool:
    try:
        return str(fd.readlink()).startswith("socket:")
    except FileNotFoundError:  # closed while we looked
        return False


def _await(condition: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > deadline_s:
            raise NoFigure(f"waited {_PATIENCE_S:.0f} s in vain for {what}")
        time.sleep(_LOOK_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
