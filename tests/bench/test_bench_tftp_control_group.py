"""CPU time is counted for processes that have ended and that nobody has waited for, too."""

import subprocess
import sys

import pytest
from bench.errors import NoFigure
from bench.tftp.control_group import control_group, mount, own_path, parse_usage

BUSY_S = 0.3
# A server such as tftpd-hpa: its child works, ends and is forgotten by the kernel.
FORKING = f"""
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if not os.fork():
    while time.process_time() < {BUSY_S}: pass
    os._exit(0)
try:
    os.wait()
except ChildProcessError:
    print(sum(os.times()[:4]))
"""


@pytest.fixture
def group():
    try:
        with control_group("test") as made:
            yield made
    except NoFigure as error:
        pytest.skip(str(error))


def test_the_time_of_a_child_that_was_never_waited_for_counts(group):
    command = group.entered([sys.executable, "-c", FORKING])
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert float(told) < BUSY_S
    assert group.cpu_s() >= BUSY_S


def test_a_group_counts_its_members_alone(group):
    subprocess.run([sys.executable, "-c", "sum(range(10**6))"], check=True)
    assert group.cpu_s() == 0.0


def test_the_folder_is_removed_in_the_end():
    try:
        with control_group("test") as group:
            assert group.folder.is_dir()
    except NoFigure as error:
        pytest.skip(str(error))
    assert not group.folder.exists()


def test_usage_is_in_microseconds():
    assert parse_usage("usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n") == 1.5


@pytest.mark.parametrize(
    ("membership", "path"),
    [
        ("0::/\n", ""),
        ("0::/user.slice/session-1.scope\n", "user.slice/session-1.scope"),
        ("4:memory:/other\n1:cpu:/\n0::/a\n", "a"),
    ],
)
def test_the_own_group_is_found_among_those_of_version_1(membership, path):
    assert own_path(membership) == path


def test_without_version_2_there_is_no_figure():
    with pytest.raises(NoFigure, match="version 2"):
        own_path("4:memory:/other\n")


def test_they_may_be_mounted_beside_those_of_version_1():
    mounts = (
        "cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
    )
    assert str(mount(mounts)) == "/sys/fs/cgroup/unified"
    with pytest.raises(NoFigure, match="none are mounted"):
        mount("tmpfs /tmp tmpfs rw 0 0\n")
