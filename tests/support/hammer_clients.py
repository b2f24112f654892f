"""The clients of `support.hammer`, as a program: `hammer_clients READY DOWNLOADS`.

READY is the daemon's event of that name. A line on standard output says that all downloads have
begun; the end of standard input asks to finish, and what was seen is the second line.
"""

import json
import random
import socket
import sys
import threading
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice

from support.clients import ask, receive_all
from support.daemon import Daemon
from support.hammer import LARGE, SMALL, Seen, is_growing
from support.http_wire import answers, request

_RECEIVE_BYTES = 65536
_HEAD_BYTES = 4096  # more than the server sends before a body
_SIP_BYTES = 512
_SIP_S = 0.25
_LONGEST_PAUSE_S = 0.02
_SCRAPE_S = 0.2
_PATIENCE_S = 30.0


@contextmanager
def connected(daemon, seen, receive_bytes=0):
    with socket.socket() as sock:
        if receive_bytes:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        sock.settimeout(_PATIENCE_S)
        sock.connect(("127.0.0.1", daemon.port))
        seen.connections += 1
        yield sock


@contextmanager
def noted(seen, who):
    """Write down whatever goes wrong."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - it is what the test wants to know
        seen.wrong.append(f"{who}: {error!r}")


# Small files, again and again.


def keep_a_connection(daemon, seen, stop):
    """Ask on one connection until the server says that it closes it."""
    with connected(daemon, seen) as sock:
        while not stop.wait(random.uniform(0, _LONGEST_PAUSE_S)):
            sock.sendall(request("/small"))
            if take_small(sock, seen)["connection"] == "close":
                assert sock.recv(1) == b"", "more than the last answer"
                return


def take_small(sock, seen):
    stream = b""
    while not stream.endswith(SMALL):
        piece = sock.recv(65536)
        assert piece, f"closed after {stream!r}"
        stream += piece
    (answer,) = answers(stream, "GET")
    assert (answer.status, answer.body) == (200, SMALL), stream
    seen.take("http", len(stream))
    return answer


def ask_once_over_http(daemon, seen, _stop):
    with connected(daemon, seen) as sock:
        sock.sendall(request("/small", "Connection: close"))
        take_small(sock, seen)
        assert sock.recv(1) == b"", "more than the answer"


def ask_over_plain_tcp(daemon, seen, _stop):
    with connected(daemon, seen) as sock:
        sock.sendall(b"small")
        received = receive_all(sock)
    assert received == SMALL, received
    seen.take("plain", len(received))


def ask_over_udp(daemon, seen, _stop):
    answer = ask(daemon.udp_port, b"small", timeout=_PATIENCE_S)
    assert answer is not None, "no answer"
    assert str(len(SMALL)).encode() in answer, answer
    seen.take("query", len(answer))


def again_and_again(client, daemon, seen, stop):
    while not stop.wait(random.uniform(0, _LONGEST_PAUSE_S)):
        with noted(seen, client.__name__):
            client(daemon, seen, stop)


# Large ones, slowly.


class Download:
    """One that fetches the large file, with a small buffer."""

    def __init__(self, sock, protocol, seen):
        self._sock, self._protocol, self._seen = sock, protocol, seen
        self._head_bytes = self._body_bytes = 0
        sock.sendall(request("/large") if protocol == "http" else b"large")

    def begin(self):
        first = self._sock.recv(_HEAD_BYTES)
        if self._protocol == "http":
            head, blank_line, first = first.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 "), head
            self._head_bytes = len(head + blank_line)
        if first or self._protocol == "plain":
            self._compare(first)

    def sip(self):
        self._compare(self._sock.recv(_SIP_BYTES))

    def finish(self):
        while self._body_bytes < len(LARGE):
            self._compare(self._sock.recv(1 << 20))
        if self._protocol == "plain":
            assert self._sock.recv(1) == b"", "more than the file"
        self._seen.take(self._protocol, self._head_bytes + self._body_bytes)

    def _compare(self, piece):
        assert piece, f"closed after {self._body_bytes} bytes"
        end = self._body_bytes + len(piece)
        assert piece == LARGE[self._body_bytes : end], f"wrong bytes before {end}"
        self._body_bytes = end


def download(number, begun, daemon, seen, stop):
    """Fetch the large file `number` times at once, slowly, and quickly once told to stop."""
    with ExitStack() as stack:
        stack.callback(begun.set)  # whatever happens, nobody waits in vain
        with noted(seen, "downloads"):
            each = [
                Download(
                    stack.enter_context(connected(daemon, seen, _RECEIVE_BYTES)), protocol, seen
                )
                for protocol in islice(cycle(("http", "plain")), number)
            ]
            each = all_do(Download.begin, each, seen)
            begun.set()
            while not stop.wait(_SIP_S):
                each = all_do(Download.sip, each, seen)
            all_do(Download.finish, each, seen)


def all_do(step, downloads, seen):
    """Let each take a step; return those that could."""
    return [one for one in downloads if could(step, one, seen)]


def could(step, one, seen):
    with noted(seen, step.__qualname__):
        step(one)
        return True
    return False


# Prometheus.


def scrape(daemon, seen, stop):
    """Look that no counter goes back, and that each scrape is answered."""
    before = {}
    while not stop.wait(_SCRAPE_S):
        with noted(seen, "scrape"):
            now = daemon.metrics()
            seen.scrapes += 1
            for series in filter(is_growing, now):
                was = before.get(series, 0)
                assert now[series] >= was, f"{series}: {was}, then {now[series]}"
            before |= now


_ASKING = (
    *(keep_a_connection,) * 3,
    *(ask_once_over_http,) * 3,
    *(ask_over_plain_tcp,) * 2,
    *(ask_over_udp,) * 2,
)


class Clients:
    """Threads, each with what it has seen; all of one kind end together."""

    def __init__(self, daemon):
        self._daemon = daemon
        self._stop = threading.Event()
        self._threads = []
        self._seen = []

    def start(self, work, *arguments):
        seen = Seen()
        thread = threading.Thread(target=work, args=(*arguments, self._daemon, seen, self._stop))
        thread.start()
        self._threads.append(thread)
        self._seen.append(seen)

    def end(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return sum(self._seen, Seen())


def main(ready, downloads):
    daemon = Daemon(process=None, log_path=None, ready=json.loads(ready))
    clients, scraper, begun = Clients(daemon), Clients(daemon), threading.Event()
    scraper.start(scrape)
    for client in _ASKING:
        clients.start(again_and_again, client)
    clients.start(download, int(downloads), begun)
    begun.wait()
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    sys.stdin.read()
    sys.stdout.write((clients.end() + scraper.end()).write())


if __name__ == "__main__":
    main(*sys.argv[1:])
