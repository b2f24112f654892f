"""What every test is held to: it leaves nothing behind."""

import os
import threading
from pathlib import Path

import pytest


def _descriptors():
    found = {}
    for fd in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
        try:
            found[fd] = str(Path(f"/proc/self/fd/{fd}").readlink())
        except FileNotFoundError:  # the one that listed them
            continue
    return found


def _children():
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


@pytest.fixture(autouse=True)
def _leaves_nothing_behind():
    """After each test: no descriptor, thread or child process that was not there before."""
    before = _descriptors(), threading.active_count(), _children()
    yield
    descriptors, threads, children = _descriptors(), threading.active_count(), _children()
    opened = {fd: what for fd, what in descriptors.items() if fd not in before[0]}
    assert not opened, f"descriptors left open: {opened}"
    assert threads <= before[1], f"threads left running: {threading.enumerate()}"
    assert set(children) <= set(before[2]), f"children left: {children}"
