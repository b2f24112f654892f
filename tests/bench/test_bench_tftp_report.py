"""The report of the TFTP servers: one table for single clients, one for storms."""

import json
from dataclasses import replace

import pytest
from bench.machine import Machine
from bench.report import Scene
from bench.tftp.arrangement import Arrangement
from bench.tftp.cases import CASES
from bench.tftp.measure import Sample
from bench.tftp.outcome import Outcome
from bench.tftp.report import Result, markdown, write
from bench.tree import GIB

SCENE = Scene(
    date="2024-05-06T07:08:09Z",
    command="python -m bench.tftp",
    machine=Machine("Some CPU", 2, "Linux 6.1", 0.25),
    network="cubic, in a network namespace of its own",
    versions={"filed": "0.1.0", "atftpd": "0.8.0"},
    rounds=3,
)
ONE = Arrangement("one", frozenset({1}), frozenset({1}))
APART = Arrangement("one each", frozenset({0}), frozenset({1}))
ALL = Arrangement("all", frozenset({0, 1}), frozenset({0, 1}))


def sample(seconds, cpu_s, **more):
    plain = Sample(
        seconds=seconds,
        cpu_s=cpu_s,
        received_bytes=GIB // 2,
        client_share=0.5,
        windows=(16,),
        failures=(),
        resent=0,
        duplicates=0,
        gaps=0,
    )
    return replace(plain, **more)


OURS = [sample(2.0, cpu_s) for cpu_s in (0.5, 0.51, 0.52)]
THEIRS = [sample(4.0, 1.53, resent=1, duplicates=2, gaps=3)] * 3


def rows(case, arrangement, ours=OURS, theirs=THEIRS):
    result = Result(CASES[case], arrangement, {"filed": ours, "atftpd": theirs})
    lines = [line for line in markdown(SCENE, [result]).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_on_cores_of_their_own_cost_and_rate_are_compared():
    title, cores, window = "window 16 at 1428", "one each", "16"
    assert rows("window-16", APART) == [
        [
            *(title, cores, "filed", window, "1.02 s (1.00 to 1.04)", "256 MiB/s", "50%"),
            *("0, 0, 0", "", ""),
        ],
        [
            *(title, cores, "atftpd", window, "3.06 s (3.06 to 3.06)", "128 MiB/s", "50%"),
            *("3, 6, 9", "3.00", "2.00"),
        ],
    ]


def test_on_one_core_for_both_only_the_cost_is_told():
    ours, theirs = rows("512", ONE)
    assert ours[4:] == ["1.02 s (1.00 to 1.04)", "", "", "0, 0, 0", "", ""]
    assert theirs[-2:] == ["3.00", ""]


def test_a_rate_that_is_the_clients_limit_is_in_parentheses():
    busy = [replace(one, client_share=0.95) for one in OURS]
    ours, theirs = rows("window-16", APART, ours=busy)
    assert ours[5:7] == ["(256 MiB/s)", "95%"]
    assert theirs[5] == "128 MiB/s"


def test_a_storm_is_compared_by_when_the_last_one_is_done():
    ours, theirs = rows("storm-16", ALL)
    assert ours[:5] == [
        *("storm, window 16 at 1428, 500 clients", "filed", "16", "2.00 s (2.00 to 2.00)", "0"),
    ]
    assert theirs[-2:] == ["3.00", "2.00"]


def test_failures_are_counted_and_their_reasons_told():
    failed = [sample(2.0, 0.5, failures=("silent", "silent"))] * 3
    assert rows("storm", ALL, ours=failed)[0][4] == "6"
    result = Result(CASES["storm"], ALL, {"filed": failed})
    assert "failures of storm with filed: silent" in markdown(SCENE, [result])


def test_without_our_own_server_nothing_is_compared():
    text = markdown(SCENE, [Result(CASES["512"], APART, {"atftpd": THEIRS})])
    assert text.count("| atftpd |") == 1


@pytest.mark.parametrize("fact", ["2024-05-06", "Some CPU, 2 cores", "atftpd 0.8.0", "3 rounds"])
def test_a_figure_comes_with_what_it_depends_on(fact):
    assert fact in markdown(SCENE, [Result(CASES["512"], APART, {"filed": OURS})])


def test_figures_that_do_not_hold_still_are_named():
    apart = [sample(2.0, cpu_s) for cpu_s in (0.5, 0.6, 0.7)]
    result = Result(CASES["512"], APART, {"filed": apart, "atftpd": THEIRS})
    last = markdown(SCENE, [result]).splitlines()[-1]
    assert "512 (one each) of filed" in last
    assert "atftpd" not in last


def test_the_file_for_programs_holds_every_sample(tmp_path):
    results = [Result(CASES["512"], APART, {"filed": OURS})]
    paths = write(tmp_path / "results", SCENE, results)
    told = json.loads(paths[0].read_text())["results"][0]
    assert (told["case"]["name"], told["cores"]) == ("512", "one each")
    assert [one["cpu_s"] for one in told["samples"]["filed"]] == [0.5, 0.51, 0.52]
    assert paths[1].read_text() == markdown(SCENE, results)
    assert all(path.stem == "2024-05-06T070809Z-tftp" for path in paths)


def test_processes_that_ran_side_by_side_are_one_outcome():
    first = Outcome(began_s=1.0, ended_s=3.0, cpu_s=1.0, done=2, windows=[1, 16])
    second = Outcome(began_s=1.5, ended_s=5.0, cpu_s=3.0, done=1, windows=[16], failures=["why"])
    both = Outcome.merged([first, second])
    assert (both.processes, both.seconds, both.busy) == (2, 4.0, 0.5)
    assert (both.done, both.windows, both.reasons) == (3, [1, 16], "why (1 times)")
    assert Outcome.read(both.written()) == both
