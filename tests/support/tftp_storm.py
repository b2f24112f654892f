"""Many TFTP clients at once, as when a hall full of machines is switched on.

Each has an address of its own on the loopback, compares every byte, and asks again as firmware
does: after a second, then after twice as long each time. They live in a few processes, also as a
program: `tftp_storm PORT FIRST COUNT`, COUNT clients from the one with the number FIRST on. A line
on its standard output says that they have half of all bytes, the next one what they have seen.
"""

import json
import os
import random
import select
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from support.tftp import Refused, error
from support.tftp_download import Download

NAME = b"image"
SIZE_BYTES = 8 << 20
# Half of them take windows of blocks that fit into Ethernet's frames, the others one large block at
# a time.
WINDOWED = {"blksize": 1428, "windowsize": 16}
LOCKSTEP = {"blksize": 8192}

_PROCESSES = 2
_PACKET_BYTES = 65536
_PACKETS_A_TURN = 32
_LOOK_S = 0.05
_FIRST_WAIT_S = 1.0
_TRIES = 8
_NOT_MINE = error(5)  # RFC 1350 §4: for who sends from a port that this transfer is not with


@cache
def image():
    """What each of them fetches: bytes of which no two pieces are alike, the same each time."""
    return random.Random(7788).randbytes(SIZE_BYTES)


def make_tree(folder):
    """Put it into a folder and return that."""
    folder.chmod(0o755)
    (folder / NAME.decode()).write_bytes(image())
    return folder


class Storm:
    """The processes of the clients."""

    def __init__(self, port, count):
        """Let them all ask at once.

        Args:
            port: where the server takes requests, on the loopback.
            count: how many; each process has as many of them.
        """
        share = count // _PROCESSES
        self._processes = [_start(port, share * number, share) for number in range(_PROCESSES)]

    def wait_until_half(self):
        """Wait until half of all bytes have arrived."""
        for process in self._processes:
            process.stdout.readline()

    def finish(self):
        """Wait for their end and return what they have seen, as a Counter:

        whole: how many have the exact file.
        asked_again, acknowledged_again: packets that were sent again since nothing had come.
        offered_twice: packets that came from a second transfer, which was refused.
        seconds: the longest that a process took.
        Whatever else there is went wrong, in words.
        """
        told = [json.loads(process.stdout.readlines()[-1]) for process in self._processes]
        seen = sum(map(Counter, told), Counter())
        seen["seconds"] = max(each["seconds"] for each in told)
        return seen

    def end(self):
        """End the processes, whatever they are at."""
        for process in self._processes:
            process.kill()
            process.wait()
            process.stdout.close()


@contextmanager
def storming(port, count):
    """Let `count` clients ask at once, while the block lasts; see `Storm`."""
    storm = Storm(port, count)
    try:
        yield storm
    finally:
        storm.end()


def _start(port, first, count):
    return subprocess.Popen(
        [sys.executable, "-m", "support.tftp_storm", *map(str, (port, first, count))],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        cwd=Path(__file__).parents[1],
    )


class _Client:
    def __init__(self, number, server, seen):
        self.download = Download(NAME, image(), **(WINDOWED, LOCKSTEP)[number % 2])
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind((f"127.1.{number >> 8}.{number & 255}", 0))
        self.over = False
        self._seen = seen
        self._listener = server
        self._server = None
        self._wait_s = _FIRST_WAIT_S
        self._due_s = time.monotonic() + self._wait_s
        self._tries = 0
        self.socket.sendto(self.download.request, server)

    def on_readable(self, now_s):
        try:
            for _ in range(_PACKETS_A_TURN):
                self._take(*self.socket.recvfrom(_PACKET_BYTES))
                if self.download.done:
                    self._end("whole")
                    return
        except BlockingIOError:
            pass
        except (Refused, AssertionError) as error:
            self._end(repr(error))
            return
        self._wait_s, self._tries = _FIRST_WAIT_S, 0
        self._due_s = now_s + self._wait_s

    def on_time(self, now_s):
        if now_s < self._due_s:
            return
        self._tries += 1
        if self._tries > _TRIES:
            self._end(f"gave up after {self.download.taken} blocks")
            return
        self._wait_s *= 2
        self._due_s = now_s + self._wait_s
        self._seen["acknowledged_again" if self.download.taken else "asked_again"] += 1
        self._send(self.download.again(), self._server or self._listener)

    def _take(self, packet, server):
        self._server = self._server or server
        if server != self._server:
            self._seen["offered_twice"] += 1
            self._send(_NOT_MINE, server)
        elif (answer := self.download.take(packet)) is not None:
            self._send(answer, server)

    def _send(self, packet, server):
        try:
            self.socket.sendto(packet, server)
        except BlockingIOError:
            self._seen["not sent, since the socket was full"] += 1

    def _end(self, how):
        self._seen[how] += 1
        self.over = True
        self.socket.close()


def main(port, first, count):
    """Fetch, and tell what came of it."""
    seen = Counter()
    image()
    begin_s = time.monotonic()
    clients = [_Client(first + number, ("127.0.0.1", port), seen) for number in range(count)]
    with select.epoll() as epoll:
        _fetch(clients, epoll)
    sys.stdout.write(json.dumps(seen | {"seconds": round(time.monotonic() - begin_s, 1)}))


def _fetch(clients, epoll):
    by_fd = {client.socket.fileno(): client for client in clients}
    for fd in by_fd:
        epoll.register(fd, select.EPOLLIN)
    look_s, is_half = time.monotonic(), False
    while by_fd:
        ready = epoll.poll(_LOOK_S)
        now_s = time.monotonic()
        for fd, _ in ready:
            by_fd[fd].on_readable(now_s)
            if by_fd[fd].over:
                del by_fd[fd]
        if now_s >= look_s:
            look_s = now_s + _LOOK_S
            by_fd = _look(by_fd, now_s)
            if not is_half and _is_half(clients):
                is_half = True
                sys.stdout.write("half\n")
                sys.stdout.flush()


def _look(by_fd, now_s):
    """Let those wait no longer who have waited too long; return who goes on."""
    for client in by_fd.values():
        client.on_time(now_s)
    return {fd: client for fd, client in by_fd.items() if not client.over}


def _is_half(clients):
    """Say whether they have half of all bytes."""
    taken = sum(SIZE_BYTES if each.over else each.download.taken_bytes for each in clients)
    return taken * 2 >= SIZE_BYTES * len(clients)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
