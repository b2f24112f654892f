"""What a listing of a huge directory costs the others: `python -m bench.listing`.

One worker serves a small file to one client, a request at a time, while another client asks for
listings of a directory. The first one's waits are shown, and what they are where nobody lists.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from threading import Event, Thread
from typing import Final

from bench.ending import ended
from bench.errors import NoFigure
from bench.peers import OURS, PEERS
from bench.report import table
from bench.server import serving
from bench.tree import temporary_tree

_HEADER: Final = ("meanwhile", "takes", "requests", "p50", "p99", "longest")
_NAME: Final = "many"
_IDLE_S: Final = 1.0
_TIMEOUT_S: Final = 60.0
# Each once only, since a page is remembered for a second; the first one reads the directory.
_LISTINGS: Final = {
    "the first page": "format=json",
    "the last page": "format=json&order=desc",
    "by size": "format=json&sort=size",
    "by a filter": "format=json&filter=77",
    "as HTML": "page=2",
}


def main(arguments: list[str]) -> int:
    """Measure and print a table; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.listing", description="Time small requests beside listings."
    )
    parser.add_argument(
        "--entries", type=int, default=100_000, help="of the directory (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    return ended(lambda: _measure(options.entries))


def _measure(entries: int) -> None:
    with temporary_tree() as folder:
        _fill(folder / "root" / _NAME, entries)
        with serving(PEERS[OURS], folder) as server:
            print(table(_HEADER, list(_rows(server.port))))


def _fill(folder: Path, entries: int) -> None:
    folder.mkdir()
    for number in range(entries):
        os.mknod(folder / f"{number:07}.bin")
    time.sleep(2.0)  # what has changed just now is not remembered


def _rows(port: int) -> Iterator[tuple[str, ...]]:
    yield _row("nobody lists", port, lambda: time.sleep(_IDLE_S))
    for name, query in _LISTINGS.items():
        yield _row(name, port, lambda query=query: _list(port, query))


def _row(name: str, port: int, meanwhile: Callable[[], None]) -> tuple[str, ...]:
    over = Event()

    def run() -> None:
        meanwhile()
        over.set()

    began_s = time.perf_counter()
    thread = Thread(target=run)
    thread.start()
    waits_s = list(_small_requests(port, over))
    thread.join()
    took_s = time.perf_counter() - began_s
    percent = quantiles(waits_s, n=100, method="inclusive")
    figures = (percent[49], percent[98], max(waits_s))
    shown = [f"{seconds * 1000:.2f} ms" for seconds in figures]
    return name, f"{took_s * 1000:.0f} ms", f"{len(waits_s):,}", *shown


def _small_requests(port: int, over: Event) -> Iterator[float]:
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    while not over.is_set():
        began_s = time.perf_counter()
        connection.request("GET", "/1k.bin")
        connection.getresponse().read()
        yield time.perf_counter() - began_s
    connection.close()


def _list(port: int, query: str) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    connection.request("GET", f"/{_NAME}/?{query}")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise NoFigure(f"/{_NAME}/?{query} was answered with {answer.status}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
