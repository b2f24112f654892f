r"""Where log lines go: collected, written whole, and never waited for.

Several processes write to one descriptor, which may be anybody's: a pipe, a terminal, a socket of
journald, a file. Lines stay whole since no write to a pipe or socket is longer than 4,096 bytes
(pipe(7): PIPE_BUF) and each ends with a line. A write must not block, yet the descriptor's own
flags are shared with whoever else has it open; so a pipe or terminal is opened anew through /proc,
which gives a description of our own to set O_NONBLOCK on, and a socket is told MSG_DONTWAIT.
Regular files do not block. What cannot be written is dropped and counted.
"""

import os
import select
import socket
import stat
from collections.abc import Callable
from functools import partial
from typing import Final

PIPE_BYTES: Final = 4096
_COLLECT_BYTES: Final = 65536


class Sink:
    """A descriptor that takes whole lines.

    Attributes:
        dropped: lines that could not be written and that `take_dropped` has not told yet.
    """

    def __init__(self, fd: int) -> None:
        """Write to `fd`, which stays the caller's."""
        self.dropped = 0
        self._lines: list[bytes] = []
        self._size = 0
        self._torn = False
        self._write, self._most, self._close = _writer(fd)

    def add(self, line: bytes) -> None:
        """Collect a line, its newline included; `flush` writes it, at the latest at 64 KiB."""
        self._lines.append(line)
        self._size += len(line)
        if self._size >= _COLLECT_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what was collected, as far as it is taken without waiting."""
        if not self._lines:
            return
        lines, self._lines, self._size = self._lines, [], 0
        chunk: list[bytes] = []
        size = 0
        for index, line in enumerate(lines):
            if size + len(line) > self._most and chunk:
                if not self._put(chunk):
                    self.dropped += len(lines) - index
                    return
                chunk, size = [], 0
            chunk.append(line)
            size += len(line)
        self._put(chunk)

    def take_dropped(self) -> int:
        """Return how many lines were lost since the last time it was asked."""
        dropped, self.dropped = self.dropped, 0
        return dropped

    def close(self) -> None:
        """Give back what was opened to write. Lines that were not flushed are lost."""
        self._close()

    def _put(self, chunk: list[bytes]) -> bool:
        # Where a disk filled up within a line, what comes next begins a new one.
        data = b"".join([b"\n", *chunk] if self._torn else chunk)
        try:
            taken = self._write(data)
        except OSError:  # full, closed, or nobody reads: counted, and serving goes on
            taken = 0
        if taken:
            self._torn = not data[:taken].endswith(b"\n")
        self.dropped += min(data[taken:].count(b"\n"), len(chunk))
        return taken == len(data)


def _writer(fd: int) -> tuple[Callable[[bytes], int], int, Callable[[], None]]:
    """Return how to write, how much at once, and how to close what was opened for that."""
    mode = os.fstat(fd).st_mode
    if stat.S_ISSOCK(mode):
        sock = socket.socket(fileno=os.dup(fd))
        return lambda data: sock.send(data, socket.MSG_DONTWAIT), PIPE_BYTES, sock.close
    if stat.S_ISREG(mode):
        return lambda data: os.write(fd, data), _COLLECT_BYTES, _nothing_to_close
    try:
        own = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:  # another user's pipe: not ours to open anew, so ask before each write
        return _write_if_ready(fd), PIPE_BYTES, _nothing_to_close
    return lambda data: os.write(own, data), PIPE_BYTES, partial(os.close, own)


def _nothing_to_close() -> None:
    pass


def _write_if_ready(fd: int) -> Callable[[bytes], int]:
    ready = select.poll()
    ready.register(fd, select.POLLOUT)

    def write(data: bytes) -> int:
        return os.write(fd, data) if ready.poll(0) else 0

    return write
