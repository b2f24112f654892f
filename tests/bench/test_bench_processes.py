"""Reading /proc/PID/stat, and adding up CPU time."""

import os
import subprocess
import sys

import pytest
from bench.errors import Missing, NoFigure
from bench.processes import Stat, cpu_between, parse_stat, program, session

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
AFTER_THE_NAME = "S 1 42 41 0 -1 4194560 9 9 9 9 250 150 7 7 20 0 1 0 123 456 789"


@pytest.mark.parametrize("name", ["nginx", "filed: worker 0", "a b) S 9 9 9", ")", "((", ""])
def test_a_programs_name_cannot_shift_the_fields(name):
    assert parse_stat(f"17 ({name}) {AFTER_THE_NAME}\n") == Stat("S", 41, 400 / TICKS_A_SECOND)


def test_the_real_one_tells_of_this_process():
    process = session(os.getsid(0))[os.getpid()]
    assert process.state == "R"
    assert process.cpu_s > 0


def test_a_session_holds_those_started_in_it_and_no_others():
    waiting = [sys.executable, "-c", "input()"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE, start_new_session=True) as child:
        try:
            assert list(session(child.pid)) == [child.pid]
        finally:
            child.kill()
    assert session(child.pid) == {}


def test_cpu_time_is_added_up_over_all_processes():
    before = {1: Stat("S", 1, 1.0), 2: Stat("S", 1, 5.0)}
    after = {1: Stat("S", 1, 1.5), 2: Stat("R", 1, 7.0)}
    assert cpu_between(before, after) == 2.5


@pytest.mark.parametrize("pids", [(1,), (1, 2, 3), (1, 3), ()])
def test_there_is_no_figure_when_processes_come_or_go(pids):
    before = {1: Stat("S", 1, 1.0), 2: Stat("S", 1, 5.0)}
    with pytest.raises(NoFigure, match="processes"):
        cpu_between(before, {pid: Stat("S", 1, 9.0) for pid in pids})


def test_a_missing_program_is_told_with_its_package():
    with pytest.raises(Missing, match=r"no-such-program.*some-package"):
        program("no-such-program", "some-package")
