"""The report: what it says, and that it says it in a Markdown table."""

import json

import pytest
from bench.machine import Machine, cpu_model
from bench.measure import Sample
from bench.report import Setting, markdown, number, table, write

SETTING = Setting(
    date="2024-05-06T07:08:09Z",
    command="python -m bench --case 1k --case 1g-sink",
    machine=Machine("Some CPU", 2, "Linux 6.1", 0.25),
    network="cubic, in a network namespace of its own",
    versions={"filed": "0.1.0", "nginx": "1.22.1"},
    rounds=3,
    seconds=2,
)
RESULTS = {
    "1k": {
        "filed": [Sample(cpu, 90_000, 300, 450) for cpu in (4.0, 5.0, 9.0)],
        "nginx": [Sample(cpu, 60_000, 400, 900) for cpu in (7.0, 7.5, 7.5)],
    },
    "1g-sink": {
        "filed": [Sample(40.0, 7.5, None, None)] * 3,
        "nginx": [Sample(36.0, 8.0, None, None)] * 3,
    },
}


def cells(text):
    """The cells of a Markdown table's rows, without its header."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_each_server_has_a_row_and_peers_are_compared_with_us():
    assert cells(markdown(SETTING, RESULTS)) == [
        [
            "keep-alive, 1 KiB, 32 connections",
            "filed",
            "5.00 µs (4.00 to 9.00)",
            "90,000 requests/s",
            "0.30 ms",
            "0.45 ms",
            "",
        ],
        [
            "",
            "nginx",
            "7.50 µs (7.00 to 7.50)",
            "60,000 requests/s",
            "0.40 ms",
            "0.90 ms",
            "1.50",
        ],
        [
            "1 GiB, to a sink, 4 connections",
            "filed",
            "40.0 ms (40.0 to 40.0)",
            "7.50 GiB/s",
            "",
            "",
            "",
        ],
        ["", "nginx", "36.0 ms (36.0 to 36.0)", "8.00 GiB/s", "", "", "0.90"],
    ]


@pytest.mark.parametrize(
    "fact",
    [
        "2024-05-06",
        "python -m bench --case 1k",
        "Some CPU, 2 cores, Linux 6.1",
        "nginx 1.22.1",
        "cubic",
        "3 rounds of 2 s",
    ],
)
def test_a_figure_comes_with_what_it_depends_on(fact):
    assert fact in markdown(SETTING, RESULTS)


def test_figures_that_do_not_hold_still_are_named():
    last = markdown(SETTING, RESULTS).splitlines()[-1]
    assert "1k of filed" in last
    assert "nginx" not in last
    assert "1g-sink" not in last


def test_the_file_for_programs_holds_every_sample(tmp_path):
    paths = write(tmp_path / "results", SETTING, RESULTS)
    told = json.loads(paths[0].read_text())
    assert [sample["cpu"] for sample in told["cases"]["1k"]["filed"]] == [4.0, 5.0, 9.0]
    assert told["machine"]["cpu"] == "Some CPU"
    assert told["versions"] == SETTING.versions
    assert paths[1].read_text() == markdown(SETTING, RESULTS)


def test_columns_are_as_wide_as_their_widest_cell():
    assert table(("a", "long"), [("µs", "b")]).splitlines() == [
        "| a  | long |",
        "| -- | ---- |",
        "| µs | b    |",
    ]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0.00"),
        (9.994, "9.99"),
        (10.04, "10.0"),
        (99.94, "99.9"),
        (100, "100"),
        (53047.4, "53,047"),
    ],
)
def test_numbers_have_three_digits(value, written):
    assert number(value) == written


def test_the_processor_is_named_where_the_kernel_names_it():
    assert cpu_model("processor\t: 0\nmodel name\t: Some: CPU\n") == "Some: CPU"
    assert cpu_model("processor\t: 0\n") != ""
