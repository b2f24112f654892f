"""Runs the clients, in processes of their own."""

import subprocess
import sys
from contextlib import ExitStack

from bench.errors import NoFigure
from bench.tftp import client
from bench.tftp.arrangement import Arrangement, on_cores
from bench.tftp.cases import Case
from bench.tftp.outcome import Outcome

Process = subprocess.Popen[str]


def run(case: Case, port: int, arrangement: Arrangement, digest: str | None = None) -> Outcome:
    """Put a load on a server, once. All clients begin at the same moment.

    Args:
        case: what to ask for.
        port: of the server on 127.0.0.1.
        arrangement: where the clients run; a storm has one process on each of their cores.
        digest: SHA-256 that the contents have to have; None where they are not looked at.

    Raises:
        NoFigure: the single client failed. Failures in a storm are counted.
    """
    count = len(arrangement.clients) if case.is_storm else 1
    with ExitStack() as stack, on_cores(arrangement.clients):
        processes = [
            _start(stack, [*_arguments(case, port, digest), f"--clients={clients}"])
            for clients in shares(case.clients, count)
        ]
        for process in processes:
            _await_ready(process)
        for process in processes:
            _say_go(process)
        return Outcome.merged([_outcome(process) for process in processes])


def shares(whole: int, parts: int) -> list[int]:
    """Divide as evenly as can be."""
    return [(whole + part) // parts for part in range(parts)]


def _arguments(case: Case, port: int, digest: str | None) -> list[str]:
    return [
        *(f"--port={port}", f"--name={case.file}", f"--times={case.times}"),
        *(f"--blksize={case.blksize}", f"--windowsize={case.windowsize}"),
        *((f"--digest={digest}",) if digest else ()),
    ]


def _start(stack: ExitStack, arguments: list[str]) -> Process:
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", client.__name__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    stack.callback(process.kill)
    return process


def _await_ready(process: Process) -> None:
    assert process.stdout
    if process.stdout.readline().strip() != client.READY:
        raise NoFigure(f"a client did not start:\n{process.communicate()[1]}")


def _say_go(process: Process) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def _outcome(process: Process) -> Outcome:
    told, errors = process.communicate()
    if process.returncode:
        raise NoFigure(errors.strip().rpartition("\n")[2])
    return Outcome.read(told)
