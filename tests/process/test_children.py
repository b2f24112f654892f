import os
import signal
import subprocess
import sys
import time

import pytest

from filed.process.children import Child, Duty, Post, Role, fork
from filed.process.words import cause_of_death

WORKER = Duty(Role.WORKER, 0)


def child(started_s, *, ready=True):
    return Child(WORKER, 0, None, 1, ready_fd=None, started_s=started_s, ready=ready)


def losses(count, *, lived_s=1.0, ready=True):
    """How long a post waits after each of so many deaths."""
    post = Post(WORKER)
    now_s = 100.0
    waits = []
    for _ in range(count):
        started_s, now_s = now_s, now_s + lived_s
        post.lost(child(started_s, ready=ready), 0, now_s)
        waits.append(round(post.start_s - now_s, 6))
        now_s = post.start_s
    return waits


def test_the_first_to_die_is_replaced_at_once_and_the_next_after_growing_waits():
    assert losses(10) == [0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5]


def test_the_wait_stays_bounded_for_ever():
    assert losses(2000)[-1] == 5


def test_one_that_lived_long_did_not_die_of_what_killed_the_one_before():
    assert losses(10, lived_s=10.0) == [0] * 10


def test_after_a_long_life_the_waits_begin_anew():
    post = Post(WORKER)
    for _ in range(5):
        post.lost(child(0.0), 0, 1.0)
    assert post.start_s > 1.0
    post.lost(child(1.0), 0, 11.0)
    assert post.start_s == 11.0
    post.lost(child(11.0), 0, 12.0)
    assert post.start_s == 12.1


def test_only_those_that_died_before_they_were_ready_count_as_boot_failures():
    post = Post(Duty(Role.EXPORTER, 0))
    for expected in (1, 2, 3):
        post.lost(child(0.0, ready=False), 0, 0.1)
        assert post.boot_failures == expected
    post.lost(child(0.0), 0, 0.1)
    assert post.boot_failures == 0
    assert post.child is None


@pytest.mark.parametrize(
    ("duty", "title"), [(Duty(Role.WORKER, 3), "worker 3"), (Duty(Role.EXPORTER, 0), "exporter")]
)
def test_a_duty_s_title(duty, title):
    assert duty.title == title


def ended(pid):
    return os.waitpid(pid, 0)[1]


def wait_for(fd):
    """Read from the descriptor once it is readable, and close it."""
    os.set_blocking(fd, True)
    try:
        return os.read(fd, 10)
    finally:
        os.close(fd)


def test_a_child_lives_its_life_and_exits_with_what_that_returns():
    pid, ready_fd = fork(lambda _ready: 7)
    assert wait_for(ready_fd) == b""
    assert cause_of_death(ended(pid)) == "exited with 7"


def test_a_child_says_when_it_is_ready():
    def life(ready):
        ready()
        signal.pause()
        return 0

    pid, ready_fd = fork(life)
    assert wait_for(ready_fd) == b"r"
    os.kill(pid, signal.SIGKILL)
    assert cause_of_death(ended(pid)) == "killed by SIGKILL"


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt(), SystemExit(0)])
def test_whatever_a_child_dies_of_nothing_of_its_maker_s_runs_in_it(error, capfd):
    def life(_ready):
        raise error

    pid, ready_fd = fork(life)
    assert wait_for(ready_fd) == b""
    assert cause_of_death(ended(pid)) == "exited with 1"
    assert capfd.readouterr().err == ""


def test_signals_wait_until_the_child_can_hear_them():
    def life(ready):
        heard = []
        signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
        ready()
        while signal.SIGTERM not in signal.sigpending():
            time.sleep(0.001)
        assert heard == []
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        return 5 if heard == [signal.SIGTERM] else 6

    pid, ready_fd = fork(life)
    os.kill(pid, signal.SIGTERM)
    assert wait_for(ready_fd) == b"r"
    assert cause_of_death(ended(pid)) == "exited with 5"


def test_a_fork_leaves_the_maker_s_own_signals_as_they_were():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    pid, ready_fd = fork(lambda _ready: 0)
    wait_for(ready_fd)
    ended(pid)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


ADOPT = """
import ctypes, os
from filed.process.children import reap_strangers

PR_SET_CHILD_SUBREAPER = 36  # what process 1 is without asking for it
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
reader, writer = os.pipe()
os.dup2(reader, 0)
own = os.spawnlp(os.P_NOWAIT, "sh", "sh", "-c", "(true &); exec cat")  # until its input ends
orphan = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
assert orphan.si_pid != own
reap_strangers({own})
with open(f"/proc/self/task/{os.getpid()}/children") as children:
    assert children.read().split() == [str(own)]
os.close(writer)
os.waitid(os.P_PID, own, os.WEXITED | os.WNOWAIT)
reap_strangers({own})
assert os.waitpid(own, 0) == (own, 0)
"""


def test_orphans_are_buried_and_children_of_our_own_left_alone():
    subprocess.run([sys.executable, "-c", ADOPT], check=True, timeout=30)


def test_a_child_can_be_sent_a_signal():
    pid, ready_fd = fork(lambda _ready: signal.pause() or 0)
    Child(WORKER, pid, None, 1, ready_fd, 0.0).signal(signal.SIGKILL)
    assert wait_for(ready_fd) == b""
    assert cause_of_death(ended(pid)) == "killed by SIGKILL"
