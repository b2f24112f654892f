"""How long a scrape takes with many workers: `python -m bench.scrape`.

A daemon is started with each number of workers and its `/metrics` fetched again and again, as
Prometheus does: on a new connection each time, from the first byte sent to the last one received.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from bench.ending import ended
from bench.errors import NoFigure
from bench.figures import Figure
from bench.peers import OURS, PEERS, Peer, Place
from bench.report import table
from bench.server import serving
from bench.tree import temporary_tree

_WORKERS: Final = (1, 16, 64)
_ACCEPTS: Final = {"text": "text/plain", "OpenMetrics": "application/openmetrics-text"}
_HEADER: Final = ("workers", "format", "page", "scrape (lowest to highest)")
_HEARTBEAT: Final = b"\nfiled_worker_heartbeat_timestamp_seconds{"

_TIMEOUT_S: Final = 10.0
_PATIENCE_S: Final = 60.0
_LOOK_S: Final = 0.1


def main(arguments: list[str]) -> int:
    """Measure and print a table; return the exit code."""
    options = _parser().parse_args(arguments)
    return ended(lambda: _measure(options))


def _measure(options: argparse.Namespace) -> None:
    with temporary_tree() as folder:
        print(table(_HEADER, list(_rows(folder, options))))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.scrape", description="Time scrapes of daemons with many workers."
    )
    parser.add_argument(
        "--workers", type=int, nargs="+", default=_WORKERS, help="default: %(default)s"
    )
    parser.add_argument(
        "--scrapes", type=int, default=100, help="of each format (default: %(default)s)"
    )
    return parser


def _rows(folder: Path, options: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    peer = Peer(OURS, PEERS[OURS].version, _command)
    for workers in options.workers:
        with serving(peer, folder, workers=workers) as server:
            _await_workers(server.port, workers)
            for name, accept in _ACCEPTS.items():
                scrapes = [_scrape(server.port, accept) for _ in range(options.scrapes)]
                took = Figure.of(seconds * 1000 for seconds, _ in scrapes)
                page_kib = len(scrapes[-1][1]) / 1024
                yield str(workers), name, f"{page_kib:.0f} KiB", _in_words(took)


def _command(place: Place) -> list[str]:
    """Serve metrics where others are asked for files: what is measured is the exporter."""
    options = {
        "--listen.tcp": "127.0.0.1:0",
        "--listen.udp": "[]",
        "--metrics.listen": f"127.0.0.1:{place.port}",
        "--workers": str(place.workers),
    }
    arguments = [word for option in options.items() for word in option]
    return [sys.executable, "-m", "filed", "serve", str(place.root), *arguments]


def _await_workers(port: int, workers: int) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while _scrape(port, "")[1].count(_HEARTBEAT) < workers:
        if time.monotonic() > deadline_s:
            raise NoFigure(f"not all of {workers} workers have started in {_PATIENCE_S:.0f} s")
        time.sleep(_LOOK_S)


def _scrape(port: int, accept: str) -> tuple[float, bytes]:
    """Fetch the page once; return the seconds that took, and the page."""
    began_s = time.perf_counter()
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    connection.request("GET", "/metrics", headers={"Accept": accept})
    page = connection.getresponse().read()
    connection.close()
    return time.perf_counter() - began_s, page


def _in_words(figure: Figure) -> str:
    return f"{figure.median:.1f} ms ({figure.low:.1f} to {figure.high:.1f})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
