"""Clients that ask for everything there is, at a pace of their own that they never exceed.

They live in a process of their own, so that a test can look at its own descriptors meanwhile.
"""

import json
import os
import random
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from support.clients import ask, exchange
from support.http_wire import get

SMALL = b"a small file\n"
MEDIUM = random.Random(7788).randbytes(200_000)

_PAUSE_S = 0.04
_READ_REQUEST = b"\0\1small\0octet\0"  # RFC 1350
_SINCE = "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"

KINDS = (
    lambda tcp, _udp: get(tcp, "/small"),
    lambda tcp, _udp: get(tcp, "/medium"),
    lambda tcp, _udp: get(tcp, "/small", method="HEAD"),
    lambda tcp, _udp: get(tcp, "/small", _SINCE),
    lambda tcp, _udp: get(tcp, "/small", "Range: bytes=2-5"),
    lambda tcp, _udp: get(tcp, "/nothing"),
    lambda tcp, _udp: exchange(tcp, b"medium"),
    lambda tcp, _udp: exchange(tcp, b"nothing"),
    lambda _tcp, udp: ask(udp, b"small", timeout=2.0),
    lambda _tcp, udp: ask(udp, _READ_REQUEST, timeout=2.0),
)


def make_tree(folder):
    """Put what is asked for into a folder and return it."""
    (folder / "small").write_bytes(SMALL)
    (folder / "medium").write_bytes(MEDIUM)
    return folder


@dataclass
class Load:
    """Clients at work.

    Attributes:
        most_per_second: they make no more requests than that.
        answered: once they have ended, how many requests got an answer.
        lost: and how many got none, or only a part of one.
    """

    most_per_second: float
    answered: int = 0
    lost: int = 0


@contextmanager
def steady_load(daemon, *, clients=4):
    """Load a daemon while the block lasts.

    Args:
        daemon: who is asked.
        clients: how many ask at a time, each about 25 times a second.
    """
    load = Load(clients / _PAUSE_S)
    process = subprocess.Popen(
        [sys.executable, "-m", "support.load", *map(str, (daemon.port, daemon.udp_port, clients))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        cwd=Path(__file__).parents[1],
    )
    try:
        yield load
    finally:
        told, _ = process.communicate()  # the end of its standard input tells it to end
    load.answered, load.lost = json.loads(told)


class _Client(threading.Thread):
    def __init__(self, tcp, udp, stop):
        super().__init__()
        self.answered = self.lost = 0
        self._ports, self._stop_asking = (tcp, udp), stop

    def run(self):
        for kind in cycle(KINDS):
            if self._stop_asking.wait(_PAUSE_S):
                return
            try:
                whole = kind(*self._ports) is not None
            except (AssertionError, OSError):  # it came to nothing, or to less than was announced
                whole = False
            self.answered += whole
            self.lost += not whole


def main(tcp, udp, clients):
    """Ask until standard input ends, then tell what came of it."""
    stop = threading.Event()
    threads = [_Client(tcp, udp, stop) for _ in range(clients)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
    json.dump(
        [sum(each.answered for each in threads), sum(each.lost for each in threads)], sys.stdout
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
