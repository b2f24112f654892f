"""Ending early without leaving anything behind."""

import signal
import sys
from types import FrameType
from typing import Final

_ENDING: Final = (signal.SIGINT, signal.SIGTERM)


def end_on_signals() -> None:
    """Have the first SIGINT or SIGTERM unwind the stack: that ends the servers, removes the tree.

    Nothing is to interrupt that, so later ones are ignored.
    """
    for number in _ENDING:
        signal.signal(number, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    for other in _ENDING:
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)
