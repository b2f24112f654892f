"""A moment to be woken at, as a descriptor to wait for (timerfd_create(2)).

epoll_wait(2) can be told how long to wait, but then the kernel sets up a timer and takes it down
again each time, which shows where a turn does little (`python -m bench.tftp --case 512`). This one
stays until the moment changes, which is seldom.
"""

import ctypes
import math
import os
import time
from typing import Final

# linux/timerfd.h, asm-generic/fcntl.h; Python has these calls from 3.13 on.
_TFD_TIMER_ABSTIME: Final = 1
_TFD_NONBLOCK: Final = os.O_NONBLOCK
_TFD_CLOEXEC: Final = os.O_CLOEXEC
_NANOSECONDS: Final = 1_000_000_000
_EXPIRATIONS_BYTES: Final = 8

_libc: Final = ctypes.CDLL(None, use_errno=True)


class _ItimerSpec(ctypes.Structure):
    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class Alarm:
    """Becomes readable at a moment, and stays so until it is `heard`.

    Attributes:
        fd: what to wait for.
        at_s: monotonic seconds of that moment; infinite where there is none.
    """

    def __init__(self) -> None:
        """Begin without a moment.

        Raises:
            OSError: no descriptor is free.
        """
        self.at_s = math.inf
        self.fd: int = _checked(
            _libc.timerfd_create(time.CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC)
        )

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.fd)

    def set(self, at_s: float) -> None:
        """Choose another moment; one that has passed already counts as now."""
        self.at_s = at_s
        # A moment of zero would be none at all.
        nanoseconds = 0 if at_s == math.inf else max(1, int(at_s * _NANOSECONDS))
        spec = _ItimerSpec(0, 0, *divmod(nanoseconds, _NANOSECONDS))
        _checked(_libc.timerfd_settime(self.fd, _TFD_TIMER_ABSTIME, ctypes.byref(spec), None))

    def heard(self) -> None:
        """Wait for no moment any more until the next is `set`."""
        self.at_s = math.inf
        try:
            os.read(self.fd, _EXPIRATIONS_BYTES)
        except BlockingIOError:  # it was set anew since
            return


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
