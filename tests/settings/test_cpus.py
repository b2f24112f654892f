import math
import os

import pytest

from filed.settings.cpus import quota_cpus, usable_cpus


@pytest.fixture
def machine(tmp_path):
    """Write the kernel's files below a folder of our own."""

    def write(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return tmp_path

    return write


V2 = {"proc/self/cgroup": "0::/system.slice/filed.service\n"}
V1 = {"proc/self/cgroup": "3:memory:/a\n2:cpu,cpuacct:/docker/abc\n1:cpuset:/\n"}


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        ({}, math.inf),
        (V2, math.inf),
        (V2 | {"sys/fs/cgroup/system.slice/filed.service/cpu.max": "max 100000\n"}, math.inf),
        (V2 | {"sys/fs/cgroup/system.slice/filed.service/cpu.max": "150000 100000\n"}, 1.5),
        (
            V2
            | {
                "sys/fs/cgroup/system.slice/filed.service/cpu.max": "400000 100000\n",
                "sys/fs/cgroup/system.slice/cpu.max": "20000 10000\n",
            },
            2,
        ),
        (V2 | {"sys/fs/cgroup/cpu.max": "5000 10000\n"}, 0.5),
        (
            V1
            | {
                "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us": "100000\n",
            },
            math.inf,
        ),
        (
            V1
            | {
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            3,
        ),
    ],
    ids=[
        "no cgroups",
        "no cpu controller",
        "no quota",
        "a quota",
        "a smaller quota above",
        "the path is the host's",
        "v1 without a quota",
        "v1 with a quota, the path the host's",
    ],
)
def test_the_quota_is_the_smallest_on_the_way_up(machine, files, cpus):
    assert quota_cpus(machine(files)) == cpus


def test_no_more_cpus_are_counted_than_the_process_may_run_on():
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert usable_cpus() == 1
    finally:
        os.sched_setaffinity(0, allowed)
