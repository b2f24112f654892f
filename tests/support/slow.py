"""Clients that take a large file slowly, or not at all."""

import random
import socket
import time
from functools import cache

from support.http_wire import request

# More than the sockets of both ends hold together, so that a client that stops reading stops the
# server too: 4 MiB to send and 64 KiB to receive (tcp(7), tcp_wmem and SO_RCVBUF below).
LARGE_BYTES = 12 * 1024 * 1024
SMALL = b"a small file\n"

_RECEIVE_BYTES = 65536


@cache
def large():
    """What `large` holds: bytes of which no two pieces are alike, the same each time."""
    return random.Random(7788).randbytes(LARGE_BYTES)


def make_tree(folder):
    """Put the files `small` and `large` into a folder and return it."""
    (folder / "small").write_bytes(SMALL)
    (folder / "large").write_bytes(large())
    return folder


class SlowClient:
    """One that has asked for `large` and reads no more than it is told to.

    Attributes:
        sock: its socket.
        port: its own port.
        protocol: "http" or "plain".
    """

    def __init__(self, port, *, protocol="http", timeout=10.0):
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        self.sock.settimeout(timeout)
        self.sock.connect(("127.0.0.1", port))
        self.port = self.sock.getsockname()[1]
        self.sock.sendall(request("/large") if protocol == "http" else b"large")
        self.protocol = protocol
        self._received = bytearray(self.sock.recv(1))  # the answer has begun

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.sock.close()

    def sip(self, seconds, pause_s=0.05):
        """Take a little now and then, for as long: too little for the server to send more."""
        for _ in range(int(seconds / pause_s)):
            self._received += self.sock.recv(8192)
            time.sleep(pause_s)

    def finish(self, pause_s=0.0):
        """Read on and return the body: all of it, or as much as came before a clean close.

        Args:
            pause_s: how long to rest after each mebibyte.

        Raises:
            ConnectionResetError: the server has cut the transfer.
        """
        received = self._received
        while not self._is_whole(received) and (piece := self.sock.recv(1 << 16)):
            if len(received) >> 20 != len(received) + len(piece) >> 20:
                time.sleep(pause_s)
            received += piece
        return bytes(received[self._head_bytes(received) :])

    def _is_whole(self, received):
        return len(received) >= self._head_bytes(received) + LARGE_BYTES

    def _head_bytes(self, received):
        return received.find(b"\r\n\r\n") + 4 if self.protocol == "http" else 0
