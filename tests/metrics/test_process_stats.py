"""A process's own figures, and that its CPU time survives it."""

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from filed.metrics import process
from filed.metrics.catalogue import PROCESS_CPU, PROCESS_FDS, PROCESS_MEMORY
from filed.metrics.process import ProcessStats, listed_descriptors, open_descriptors
from filed.metrics.table import Table

CPU = PROCESS_CPU.slot("worker")
BURNT_NS = 20_000_000


def work_and_report(row: memoryview) -> None:
    stats = ProcessStats(row, "worker")
    stats.update()
    start_ns = time.process_time_ns()
    while time.process_time_ns() - start_ns < BURNT_NS:
        pass
    stats.update()


def test_cpu_time_is_added_to_that_of_the_row_s_former_holders(
    table: Table, in_child: Callable[[Callable[[], None]], None]
) -> None:
    seen = [0]
    for _ in range(3):
        number = table.lease()
        in_child(lambda number=number: work_and_report(table.row(number)))
        table.give_back(number)
        assert number == 1
        seen.append(table.total(CPU))
        assert seen[-1] - seen[-2] >= BURNT_NS


def test_cpu_time_is_counted_once(table: Table) -> None:
    stats = ProcessStats(table.row(0), "worker")
    for _ in range(5):
        stats.update()
    assert table.row(0)[CPU] <= time.process_time_ns()
    stats.close()


def test_memory_is_the_resident_set(table: Table) -> None:
    stats = ProcessStats(table.row(0), "master")
    stats.update()
    stats.close()
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    told = int(line.split()[1]) * 1024
    assert table.row(0)[PROCESS_MEMORY.slot("master")] == pytest.approx(told, rel=0.2)


def test_descriptors_are_counted_as_they_come_and_go(table: Table) -> None:
    stats = ProcessStats(table.row(0), "exporter")
    slot = PROCESS_FDS.slot("exporter")
    stats.update()
    before = table.row(0)[slot]
    more = [os.dup(0) for _ in range(5)]
    stats.update()
    assert table.row(0)[slot] == before + 5
    for fd in more:
        os.close(fd)
    stats.update()
    assert table.row(0)[slot] == before
    stats.close()


def test_when_descriptors_cannot_be_counted_the_last_count_stands(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    stats = ProcessStats(table.row(0), "worker")
    stats.update()
    before = table.row(0).tolist()
    monkeypatch.setattr(process, "open_descriptors", listed_descriptors)  # as before Linux 6.2
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    stats.update()
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    after = table.row(0).tolist()
    assert after[PROCESS_FDS.slot("worker")] == before[PROCESS_FDS.slot("worker")] > 0
    assert after[CPU] > before[CPU]
    stats.close()


def test_counting_one_by_one_comes_to_the_same() -> None:
    assert listed_descriptors() == open_descriptors()


def test_counting_through_a_descriptor_comes_to_the_same() -> None:
    folder = os.open("/proc/self/fd", os.O_RDONLY)
    assert listed_descriptors(folder) == open_descriptors(folder) == open_descriptors()
    os.close(folder)


def test_closing_gives_its_descriptors_back(table: Table) -> None:
    before = listed_descriptors()
    ProcessStats(table.row(0), "master").close()
    assert listed_descriptors() == before
