"""What has happened, in words for the log."""

import signal
from os import EX_CONFIG, waitstatus_to_exitcode
from typing import Final

_MOST_LINES: Final = 20
_TRACEBACK: Final = "Traceback "


def cause_of_death(status: int) -> str:
    """Say how a process ended, from what waitpid(2) returned."""
    code = waitstatus_to_exitcode(status)
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exited with {code}"


def last_words(said: str, status: int) -> str:
    """Say why a program of ours gave up, from its standard error and what waitpid(2) returned.

    A configuration's faults are a line each, all of them to be told. Of a traceback the last line
    says what was wrong.
    """
    lines = said.strip().splitlines()
    if not lines:
        return cause_of_death(status)
    if waitstatus_to_exitcode(status) != EX_CONFIG and _TRACEBACK in said:
        return lines[-1]
    return "; ".join(lines[:_MOST_LINES])
