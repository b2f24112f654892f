"""A peer that is running."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import processes
from bench.errors import NoFigure
from bench.peers import Peer, Place
from bench.processes import Stat

_START_S: Final = 20.0
_LOOK_S: Final = 0.02
_LAST_WORDS_BYTES: Final = 2000


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, in a session of its own.

    Attributes:
        name: the peer's.
        port: where on 127.0.0.1 it answers.
        process: the first of its processes; the session has its pid.
        log: the file with what it has written.
    """

    name: str
    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    def processes(self) -> dict[int, Stat]:
        """All of its living processes, by pid."""
        return processes.session(self.process.pid)

    @property
    def is_running(self) -> bool:
        """Say whether the first of its processes has not ended yet."""
        return self.process.poll() is None

    def last_words(self) -> str:
        """The end of what it has written, for the report of a failure."""
        return self.log.read_bytes()[-_LAST_WORDS_BYTES:].decode(errors="replace")


@contextmanager
def serving(peer: Peer, folder: Path, *, workers: int = 1) -> Iterator[Server]:
    """Run a peer, on a free port if it may be any, until the block ends.

    Args:
        peer: who is to serve.
        folder: a tree made by `temporary_tree`.
        workers: how many processes are to serve.

    Raises:
        NoFigure: it ended, or does not answer.
    """
    own = folder / peer.name
    own.mkdir(exist_ok=True)
    place = Place(folder / "root", own, peer.port or _free_port(), workers)
    log = own / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            peer.command(place),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        server = Server(peer.name, place.port, process, log)
        _await(server, peer.answers)
        yield server
    finally:
        processes.end(process)


def _await(server: Server, answers: Callable[[int], bool]) -> None:
    deadline_s = time.monotonic() + _START_S
    while not answers(server.port):
        if not server.is_running or time.monotonic() > deadline_s:
            raise NoFigure(f"{server.name} does not serve:\n{server.last_words()}")
        time.sleep(_LOOK_S)


def _free_port() -> int:
    """Find a port that is free for TCP and for UDP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            with suppress(OSError):
                udp.bind(("127.0.0.1", port))
                return port
