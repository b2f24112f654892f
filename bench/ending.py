"""Ending early without leaving anything behind."""

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final

from bench.errors import NoFigure

_ENDING: Final = (signal.SIGINT, signal.SIGTERM)


def ended(measure: Callable[[], int | None]) -> int:
    """Measure, and end without leaving anything behind, whatever happens.

    Args:
        measure: may return an exit code, and raise NoFigure.

    Returns:
        The exit code: that one or 0, or 1 if there is no figure; the reason is on standard error.
    """
    end_on_signals()
    try:
        return measure() or 0
    except NoFigure as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


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
