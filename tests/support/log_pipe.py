"""A daemon whose standard error is a pipe or a socket, and what comes out of that."""

import fcntl
import json
import os
import socket
import threading
from contextlib import contextmanager

from support.daemon import START_S, running, wait_until

_PIPE_BYTES = 1 << 20


def pipe():
    """The ends of a large pipe: where to read and where to write."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return reader, writer


def stream_socket():
    """The same of a socket, as a service manager gives its services one."""
    reader, writer = socket.socketpair()
    writer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _PIPE_BYTES)
    return reader.detach(), writer.detach()


class PipedLog:
    """Reads as fast as it can, so many bytes at a time."""

    def __init__(self, fd, piece_bytes=_PIPE_BYTES):
        self._fd = fd
        self._piece_bytes = piece_bytes
        self._received = bytearray()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        while piece := os.read(self._fd, self._piece_bytes):
            self._received += piece

    def close(self):
        """Wait for the end: all who write to it have gone."""
        self._thread.join()
        os.close(self._fd)

    def lines(self):
        """The whole lines that have come so far."""
        return bytes(self._received).split(b"\n")[:-1]

    def rest(self):
        """What has come behind the last whole line."""
        return bytes(self._received).rpartition(b"\n")[2]

    def events(self, name=None):
        """The events so far. Fails for a line that is not one event in JSON."""
        found = [json.loads(line) for line in self.lines()]
        return [event for event in found if name is None or event["event"] == name]


@contextmanager
def running_on_pipe(root, *options, ends=pipe, piece_bytes=_PIPE_BYTES, **more):
    """Serve `root` with a pipe for standard error; yields the daemon, ready, and its log.

    Args:
        root: the directory to serve.
        options: more of the command line.
        ends: makes the pipe, or what takes its place.
        piece_bytes: how much of it is read at a time.
        more: as `running` has it.
    """
    reader, writer = ends()
    log = PipedLog(reader, piece_bytes)
    with os.fdopen(writer, "wb") as end:
        try:
            with running(root, *options, stderr=end, **more) as daemon:
                end.close()
                daemon.ready = wait_until(
                    lambda: next(iter(log.events("ready")), None), "the daemon to be ready", START_S
                )
                yield daemon, log
        finally:
            end.close()
            log.close()
