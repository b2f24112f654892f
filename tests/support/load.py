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
from typing import NamedTuple

from support.clients import ask, exchange
from support.http_wire import get
from support.tftp import Client, Refused

SMALL = b"a small file\n"
MEDIUM = random.Random(7788).randbytes(200_000)

_PAUSE_S = 0.04
_SINCE = "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"


class _Daemon(NamedTuple):
    """Whom to ask, as far as a process of its own knows it."""

    port: int
    udp_port: int


def _read(daemon, name):
    """Read a file by TFTP; a refusal is an answer too."""
    with Client(daemon, timeout=2.0) as client:
        try:
            return client.read(name, blksize=1428, windowsize=4)
        except Refused as refused:
            return refused.packet.body


KINDS = (
    lambda daemon: get(daemon.port, "/small"),
    lambda daemon: get(daemon.port, "/medium"),
    lambda daemon: get(daemon.port, "/small", method="HEAD"),
    lambda daemon: get(daemon.port, "/small", _SINCE),
    lambda daemon: get(daemon.port, "/small", "Range: bytes=2-5"),
    lambda daemon: get(daemon.port, "/nothing"),
    lambda daemon: exchange(daemon.port, b"medium"),
    lambda daemon: exchange(daemon.port, b"nothing"),
    lambda daemon: ask(daemon.udp_port, b"small", timeout=2.0),
    lambda daemon: _read(daemon, b"small"),
    lambda daemon: _read(daemon, b"medium"),
    lambda daemon: _read(daemon, b"nothing"),
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
    def __init__(self, daemon, stop):
        super().__init__()
        self.answered = self.lost = 0
        self._daemon, self._stop_asking = daemon, stop

    def run(self):
        for kind in cycle(KINDS):
            if self._stop_asking.wait(_PAUSE_S):
                return
            try:
                whole = kind(self._daemon) is not None
            except (AssertionError, OSError):  # it came to nothing, or to less than was announced
                whole = False
            self.answered += whole
            self.lost += not whole


def main(tcp, udp, clients):
    """Ask until standard input ends, then tell what came of it."""
    stop = threading.Event()
    threads = [_Client(_Daemon(tcp, udp), stop) for _ in range(clients)]
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
