"""Threads for what may wait on a disk or takes long: the loop goes on meanwhile.

They are few, and begin with the first work. What comes of a work is handed over in the loop's own
thread, so nothing else in a worker has to know that there are threads.

Threads share one interpreter lock. Whoever computes gives it up when another has waited for the
switch interval; a loop that lets go of it for each system call would wait so long each time. So the
interval is made a tenth of Python's own: a listing of 100,000 names then costs the loop's requests
about a millisecond each while it is made, and nothing where no thread has work. More threads that
compute would cost the loop more; two are enough that one which waits for a disk stops nobody else.
"""

import os
import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.thread import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from filed.transport.loop import READ, Loop

_THREADS: Final = 2
_SWITCH_INTERVAL_S: Final = 0.0005

T = TypeVar("T")


class DiskThreads:
    """Does work beside the loop."""

    def __init__(self, loop: Loop) -> None:
        """Hand over what is done in the thread of `loop`."""
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        self._loop = loop
        self._executor = ThreadPoolExecutor(_THREADS, "disk")
        self._done: deque[Callable[[], None]] = deque()
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        loop.add(self._fd, READ, lambda _mask: self._hand_over())

    def submit(self, work: Callable[[], T], done: Callable[["Future[T]"], None]) -> None:
        """Have a thread do some work, in the order in which it comes.

        Args:
            work: called in a thread. What it raises is kept for `done`.
            done: called in the loop's thread afterwards, with the result.

        Raises:
            RuntimeError: a thread was to be started, and none can be.
        """
        future = self._executor.submit(work)
        future.add_done_callback(lambda finished: self._note(finished, done))

    def close(self) -> None:
        """Wait for what is being done, and give the threads and the descriptor back.

        A worker does not: it ends without waiting for a disk.
        """
        self._executor.shutdown(cancel_futures=True)
        self._loop.remove(self._fd)
        os.close(self._fd)

    def _note(self, finished: "Future[Any]", done: "Callable[[Future[Any]], None]") -> None:
        self._done.append(lambda: done(finished))
        os.eventfd_write(self._fd, 1)

    def _hand_over(self) -> None:
        os.eventfd_read(self._fd)
        while self._done:
            self._done.popleft()()
