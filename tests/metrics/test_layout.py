"""Slots are handed out without gaps or overlaps, and asked for by label."""

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.metrics.layout import MICROSECONDS, Histogram, Layout


def a_histogram(bounds: tuple[float, ...] = (1, 10, 100), scale: int = 1) -> Histogram:
    return Layout().histogram(
        "size", "A size.", labels=("kind",), series=[("a",), ("b",)], bounds=bounds, scale=scale
    )


def test_metrics_get_the_slots_behind_those_of_the_metric_before() -> None:
    layout = Layout()
    first = layout.counter("a_total", "A.", labels=("x",), series=[("1",), ("2",)])
    second = layout.histogram("b", "B.", labels=(), series=[()], bounds=(1, 2))
    third = layout.gauge("c", "C.")
    assert [first.slot("1"), first.slot("2")] == [0, 1]
    assert list(second.bucket_slots()) == [2, 3, 4]
    assert second.sum_slot() == 5
    assert third.slot() == 6
    assert layout.slots == 7


def test_a_series_that_is_not_in_the_catalogue_is_a_mistake() -> None:
    counter = Layout().counter("a_total", "A.", labels=("code",), series=[("200",)])
    with pytest.raises(KeyError):
        counter.slot("299")


@pytest.mark.parametrize(
    ("value", "bucket"), [(0, 0), (1, 0), (1.5, 1), (10, 1), (11, 2), (100, 2), (101, 3)]
)
def test_a_bound_belongs_to_the_bucket_that_it_ends(value: float, bucket: int) -> None:
    histogram = a_histogram()
    row = memoryview(bytearray(8 * 10)).cast("Q")
    histogram.observe(row, value, "b")
    assert row[histogram.bucket_slots("b")[bucket]] == 1
    assert row[histogram.sum_slot("b")] == int(value)


def test_a_sum_is_kept_in_steps_of_the_scale() -> None:
    histogram = a_histogram(scale=MICROSECONDS)
    row = memoryview(bytearray(8 * 10)).cast("Q")
    histogram.observe(row, 0.25, "a")
    histogram.observe(row, 2.5, "a")
    assert row[histogram.sum_slot("a")] == 2_750_000


@given(st.lists(st.floats(min_value=0, max_value=1e6)))
def test_every_value_lands_in_exactly_one_bucket(values: list[float]) -> None:
    histogram = a_histogram()
    row = memoryview(bytearray(8 * 10)).cast("Q")
    for value in values:
        histogram.observe(row, value, "a")
    slots = histogram.bucket_slots("a")
    ends = (-1.0, *histogram.bounds, float("inf"))
    inside = [sum(low < value <= high for value in values) for low, high in pairwise(ends)]
    assert [row[slot] for slot in slots] == inside


def test_only_gauges_end_with_their_process() -> None:
    layout = Layout()
    layout.counter("a_total", "A.")
    gauge = layout.gauge("b", "B.", labels=("x",), series=[("1",), ("2",)])
    layout.histogram("c", "C.", labels=(), series=[()], bounds=(1,))
    beat = layout.row_gauge("d", "D.")
    assert layout.gauge_slots() == [gauge.slot("1"), gauge.slot("2"), beat.slot()]


@pytest.mark.parametrize(
    ("name", "labels"), [("b_total", ("1", "2")), ("a_total", ("2", "1")), ("a_total", ("1",))]
)
def test_another_layout_has_another_digest(name: str, labels: tuple[str, ...]) -> None:
    def digest(name: str, values: tuple[str, ...]) -> int:
        layout = Layout()
        layout.counter(name, "A.", labels=("x",), series=[(value,) for value in values])
        return layout.digest()

    assert digest("a_total", ("1", "2")) == digest("a_total", ("1", "2"))
    assert digest(name, labels) != digest("a_total", ("1", "2"))


def test_the_digest_is_the_same_in_every_process() -> None:
    def digest(seed: str) -> bytes:
        code = "from filed.metrics.catalogue import LAYOUT; print(LAYOUT.digest())"
        return subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout

    assert digest("1") == digest("2")
    assert int(digest("3")) < 2**64
