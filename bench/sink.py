"""A receiver that discards: the body of an answer never leaves the kernel.

On loopback the receiver's copy is most of the work of a large transfer and hides what the sender
does. With MSG_TRUNC the kernel drops the bytes instead of copying them (tcp(7)).

`python -m bench.sink PORT NAME CONNECTIONS SECONDS` fetches a file again and again and prints what
that came to as JSON.
"""

import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from bench.errors import NoFigure

_HEAD_END: Final = b"\r\n\r\n"
_HEAD_BYTES: Final = 65536
_DROP_BYTES: Final = 4 * 1024 * 1024
_PATIENCE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer that has arrived whole: its status, and the sizes of its two parts."""

    status: int
    head_bytes: int
    body_bytes: int

    @property
    def size_bytes(self) -> int:
        """How many bytes it was in all."""
        return self.head_bytes + self.body_bytes


def connect(port: int) -> socket.socket:
    """Connect to a server on 127.0.0.1; it has to be quick to answer.

    Raises:
        OSError: it does not take the connection.
    """
    return socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S)


def request(port: int, name: str, fields: tuple[str, ...] = ()) -> bytes:
    """Write a GET request as wrk does."""
    lines = (f"GET /{name} HTTP/1.1", f"Host: 127.0.0.1:{port}", *fields)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def fetch(sock: socket.socket, request: bytes) -> Answer:
    """Send a request on a blocking socket and receive its answer, whose body is thrown away.

    Raises:
        NoFigure: the answer ended early, or does not say its length.
        OSError: the connection failed.
    """
    sock.sendall(request)
    head, begun = _receive_head(sock)
    status = int(head.split(b" ", 2)[1])
    body_bytes = _body_bytes(head, status)
    _drop(sock, body_bytes - len(begun))
    return Answer(status, len(head), body_bytes)


def _receive_head(sock: socket.socket) -> tuple[bytes, bytes]:
    """Receive a head, and what came along of the body."""
    data = b""
    while _HEAD_END not in data:
        piece = sock.recv(_HEAD_BYTES)
        if not piece:
            raise NoFigure(f"the connection ended in the head of an answer: {data!r}")
        data += piece
    size = data.index(_HEAD_END) + len(_HEAD_END)
    return data[:size], data[size:]


def _body_bytes(head: bytes, status: int) -> int:
    if status == 304:
        return 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise NoFigure(f"an answer does not say its length: {head!r}")


def _drop(sock: socket.socket, left: int) -> None:
    buffer = memoryview(bytearray(min(left, _DROP_BYTES)))
    while left:
        dropped = sock.recv_into(buffer[:left], 0, socket.MSG_TRUNC)
        if not dropped:
            raise NoFigure(f"an answer ended {left} bytes early")
        left -= dropped


def _fetch_until(port: int, name: str, end_s: float) -> list[Answer]:
    wanted = request(port, name)
    answers = []
    with connect(port) as sock:
        while time.monotonic() < end_s:
            answers.append(fetch(sock, wanted))
    return answers


def run(port: int, name: str, connections: int, seconds: float) -> list[Answer]:
    """Fetch a file again and again on each of so many connections; each ends with a whole answer.

    Raises:
        NoFigure: an answer ended early.
        OSError: a connection failed.
    """
    end_s = time.monotonic() + seconds
    with ThreadPoolExecutor(connections) as pool:
        streams = [pool.submit(_fetch_until, port, name, end_s) for _ in range(connections)]
        return [answer for stream in streams for answer in stream.result()]


def main(arguments: list[str]) -> None:
    """Run as the module's docstring says."""
    port, name, connections, seconds = arguments
    began_s = time.monotonic()
    answers = run(int(port), name, int(connections), float(seconds))
    told = {
        "requests": len(answers),
        "received_bytes": sum(answer.size_bytes for answer in answers),
        "seconds": time.monotonic() - began_s,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1:])
