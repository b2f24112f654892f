"""The command: `python -m bench.tftp`."""

import argparse
import platform
import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import bench
from bench import network
from bench.ending import ended
from bench.machine import Machine
from bench.options import parser_of
from bench.peers import Peer
from bench.report import Scene
from bench.tftp import report
from bench.tftp.arrangement import Arrangement, for_a_storm, for_one_client
from bench.tftp.cases import CASES, QUICK_SIZES, SIZES, Case
from bench.tftp.measure import contest, measure
from bench.tftp.peers import PEERS
from bench.tftp.report import Result
from bench.tree import temporary_tree

_RESULTS: Final = Path(bench.__file__).with_name("results")


def main(arguments: list[str]) -> int:
    """Measure and report; return the exit code."""
    options = _parser().parse_args(arguments)
    return ended(lambda: _run(options, arguments))


def _run(options: argparse.Namespace, arguments: list[str]) -> int | None:
    if network.is_wanted():
        return network.run_inside([sys.executable, "-m", "bench.tftp", *arguments])
    _measure_and_report(options, shlex.join(["python", "-m", "bench.tftp", *arguments]))
    return None


def _parser() -> argparse.ArgumentParser:
    description = "Measure filed and other TFTP servers side by side."
    parser = parser_of("python -m bench.tftp", description, CASES)
    parser.add_argument(
        "--peer",
        action="append",
        choices=PEERS,
        help="measure this server only; may be given more than once (default: all of them)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="smaller files, so the figures are coarse"
    )
    return parser


def _measure_and_report(options: argparse.Namespace, command: str) -> None:
    peers = [peer for name, peer in PEERS.items() if name in (options.peer or PEERS)]
    cases = [case for name, case in CASES.items() if name in (options.case or CASES)]
    scene = Scene(
        date=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        command=command,
        machine=Machine.here(),
        network=network.described(),
        versions={peer.name: peer.version() for peer in peers}
        | {"Python": platform.python_version()},
        rounds=options.rounds,
    )
    results: list[Result] = []
    try:
        with temporary_tree(QUICK_SIZES if options.quick else SIZES) as folder:
            results.extend(_results(cases, peers, folder, options.rounds))
    finally:  # what was measured before something went wrong took its time too
        if results:
            _report(scene, results)


def _report(scene: Scene, results: list[Result]) -> None:
    print(report.markdown(scene, results))
    for path in report.write(_RESULTS, scene, results):
        print(path.relative_to(_RESULTS.parents[1]))


def _results(cases: list[Case], peers: list[Peer], folder: Path, rounds: int) -> Iterator[Result]:
    for arrangement, suitable in _plan(cases):
        with contest(peers, folder, arrangement) as running:
            for case in suitable:
                samples = measure(case, running, rounds=rounds, tell=_tell)
                yield Result(case, arrangement, samples)


def _plan(cases: list[Case]) -> Iterator[tuple[Arrangement, list[Case]]]:
    """Say which cases are measured in which arrangement."""
    storms = [case for case in cases if case.is_storm]
    others = [case for case in cases if not case.is_storm]
    if others:
        yield from ((arrangement, others) for arrangement in for_one_client())
    if storms:
        yield for_a_storm(), storms


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
