"""The processes of a server: their CPU time, and their end."""

import os
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from typing import Final

from bench.errors import Missing, NoFigure

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
_STOP_S: Final = 10.0
_LOOK_S: Final = 0.02
_ZOMBIE: Final = "Z"


@dataclass(frozen=True, slots=True)
class Stat:
    """A process as /proc/PID/stat shows it: its state, its session, user and system CPU time."""

    state: str
    session: int
    cpu_s: float


def program(name: str, package: str) -> str:
    """Find a program's path.

    Raises:
        Missing: it is not installed; `package` is the Debian package that has it.
    """
    # Debian keeps daemons in sbin, which is on nobody's PATH but root's.
    path = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if path is None:
        raise Missing(f"{name} is not installed; Debian's package is {package}")
    return path


def parse_stat(line: str) -> Stat:
    """Read a line of /proc/PID/stat, proc_pid_stat(5).

    The second field is the program's name in parentheses, which may itself hold spaces and
    parentheses: what can be counted begins after the last one.
    """
    fields = line.rpartition(")")[2].split()
    return Stat(fields[0], int(fields[3]), (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND)


def session(sid: int) -> dict[int, Stat]:
    """All living processes of a session, by pid. A server is started in one of its own."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = parse_stat((folder / "stat").read_text())
        except (FileNotFoundError, ProcessLookupError):  # it ended while we looked
            continue
        if stat.session == sid and stat.state != _ZOMBIE:
            found[int(folder.name)] = stat
    return found


def cpu_between(before: dict[int, Stat], after: dict[int, Stat]) -> float:
    """Add up the CPU seconds that a server's processes took between two looks at its session.

    Raises:
        NoFigure: a process has ended or another begun, so the difference is not the whole.
    """
    if before.keys() != after.keys():
        raise NoFigure(f"the processes were {sorted(before)}, and are {sorted(after)} now")
    return sum(after[pid].cpu_s - stat.cpu_s for pid, stat in before.items())


def end(process: "Popen[bytes]") -> None:
    """End a server and whatever else is left of its session, by pid."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_S)
    except TimeoutExpired:
        process.kill()
        process.wait()
    _end_session(process.pid)


def _end_session(sid: int) -> None:
    kill_s = time.monotonic() + _STOP_S
    while left := session(sid):
        if time.monotonic() > kill_s:
            for pid in left:
                _kill(pid)
        time.sleep(_LOOK_S)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:  # it ended by itself, which is all that was wanted
        return
