"""What a process asks of the kernel, as strace(1) shows it."""

import re
import subprocess
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from support.clients import program

_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+)(?: (\w+))?")


class Call(NamedTuple):
    """One system call.

    Attributes:
        name: sendto(2) or whichever.
        arguments: as strace writes them.
        result: what it returned, -1 for an error.
        error: the error's name, as EAGAIN; "" without one.
    """

    name: str
    arguments: str
    result: int
    error: str


class Trace:
    """The calls of a process while the block of `traced` lasts; complete afterwards."""

    def __init__(self, path):
        self._path = path

    def calls(self, name):
        found = (_CALL.match(line) for line in self._path.read_text().splitlines())
        return [
            Call(match[1], match[2], int(match[3]), match[4] or "")
            for match in found
            if match and match[1] == name
        ]


@contextmanager
def traced(pid, path, *names):
    """Write down the calls of these names that a process makes.

    Args:
        pid: the process; of its threads only the first is looked at.
        path: a file to write to.
        names: of system calls.
    """
    strace = program("strace", "strace")
    expression = f"trace={','.join(names)}"
    command = [strace, "-p", str(pid), "-e", expression, "-s", "0", "-o", path]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    with process:
        line = process.stderr.readline()
        if "attached" not in line:
            process.wait()
            pytest.skip(f"this process may not be traced: {line.strip()}")
        try:
            yield Trace(path)
        finally:
            process.terminate()
            process.communicate()
