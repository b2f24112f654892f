"""The command: `python -m bench`."""

import argparse
import platform
import shlex
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import network, report
from bench.cases import CASES
from bench.ending import ended
from bench.load import wrk_version
from bench.machine import Machine, one_core
from bench.measure import Sample, measure
from bench.options import parser_of
from bench.peers import OURS, PEERS, Peer
from bench.report import Setting
from bench.server import serving
from bench.tree import temporary_tree

_RESULTS: Final = Path(__file__).with_name("results")
_ROUND_S: Final = 3
_QUICK_ROUND_S: Final = 1


def main(arguments: list[str]) -> int:
    """Measure and report; return the exit code."""
    options = _parser().parse_args(arguments)
    return ended(lambda: _run(options, arguments))


def _run(options: argparse.Namespace, arguments: list[str]) -> int | None:
    if network.is_wanted():
        return network.run_inside([sys.executable, "-m", "bench", *arguments])
    _measure_and_report(options, shlex.join(["python", "-m", "bench", *arguments]))
    return None


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("python -m bench", "Measure filed and other servers side by side.", CASES)
    parser.add_argument(
        "--peer",
        action="append",
        choices=[name for name in PEERS if name != OURS],
        help="compare with this server; may be given more than once (default: nginx)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"rounds of {_QUICK_ROUND_S} s instead of {_ROUND_S} s; the kernel tells CPU time in "
        "hundredths of a second, so the figures are coarse",
    )
    return parser


def _measure_and_report(options: argparse.Namespace, command: str) -> None:
    peers = [PEERS[name] for name in (OURS, *(options.peer or ("nginx",)))]
    setting = Setting(
        date=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        command=command,
        machine=Machine.here(),
        network=network.described(),
        versions={peer.name: peer.version() for peer in peers}
        | {"Python": platform.python_version(), "wrk": wrk_version()},
        rounds=options.rounds,
        seconds=_QUICK_ROUND_S if options.quick else _ROUND_S,
    )
    one_core()
    results = _measure(options.case or list(CASES), peers, setting)
    print(report.markdown(setting, results))
    for path in report.write(_RESULTS, setting, results):
        print(path.relative_to(_RESULTS.parents[1]))


def _measure(
    names: list[str], peers: list[Peer], setting: Setting
) -> dict[str, dict[str, list[Sample]]]:
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_tree())
        servers = [stack.enter_context(serving(peer, folder)) for peer in peers]
        return {
            name: measure(
                CASES[name], servers, rounds=setting.rounds, seconds=setting.seconds, tell=_tell
            )
            for name in names
        }


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
