"""The catalogue keeps Prometheus's rules for names and promises what the other parts count."""

import re

import pytest

from filed.metrics import catalogue
from filed.metrics.catalogue import LAYOUT, REQUESTS
from filed.metrics.layout import Counter, Histogram, Metric
from filed.protocols.messages import Protocol

HISTOGRAMS = [metric for metric in LAYOUT.metrics if isinstance(metric, Histogram)]


def by_name(metric: Metric) -> str:
    return metric.name


def test_no_name_is_given_twice() -> None:
    names = [metric.name for metric in (*LAYOUT.metrics, *LAYOUT.computed)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("metric", LAYOUT.metrics, ids=by_name)
def test_a_name_follows_the_conventions(metric: Metric) -> None:
    assert re.fullmatch("[a-z]+(_[a-z]+)*", metric.name)
    assert metric.name.endswith("_total") == isinstance(metric, Counter)
    assert metric.meaning.endswith(".")


@pytest.mark.parametrize("metric", LAYOUT.metrics, ids=by_name)
def test_only_seconds_are_kept_in_finer_steps(metric: Metric) -> None:
    assert (metric.scale > 1) == ("seconds" in metric.name)


def test_each_slot_of_a_row_belongs_to_one_series() -> None:
    used: list[int] = []
    for metric in LAYOUT.metrics:
        each = len(metric.bounds) + 2 if isinstance(metric, Histogram) else 1
        for first in metric.slots.values():
            used.extend(range(first, first + each))
    assert used == list(range(LAYOUT.slots))


@pytest.mark.parametrize("histogram", HISTOGRAMS, ids=by_name)
def test_a_histogram_has_a_sensible_number_of_buckets(histogram: Histogram) -> None:
    assert 7 <= len(histogram.bounds) <= 16


@pytest.mark.parametrize(
    ("histogram", "lowest", "highest"),
    [
        (catalogue.TIME_TO_FIRST_BYTE, 50e-6, 10),
        (catalogue.TRANSFER_DURATION, 1e-3, 3600),
        (catalogue.TRANSFER_SIZE, 1024, 16 * 1024**3),
    ],
)
def test_a_histogram_spans_what_can_be_expected(
    histogram: Histogram, lowest: float, highest: float
) -> None:
    assert (histogram.bounds[0], histogram.bounds[-1]) == (lowest, highest)


def test_the_protocols_are_those_that_requests_know() -> None:
    assert tuple(Protocol) == catalogue.PROTOCOLS


@pytest.mark.parametrize(
    "labels",
    [
        ("http", "GET", "206"),
        ("http", "other", "501"),
        (Protocol.PLAIN, "GET", "404"),
        (Protocol.QUERY, "GET", "400"),
        (Protocol.TFTP, "GET", "403"),
    ],
)
def test_an_answer_that_can_be_given_has_a_counter(labels: tuple[str, ...]) -> None:
    assert 0 <= REQUESTS.slot(*labels) < LAYOUT.slots


@pytest.mark.parametrize(
    "labels",
    [("http", "GET", "418"), ("http", "BREW", "200"), ("plain", "HEAD", "200"), ("gopher",)],
)
def test_an_answer_that_cannot_be_given_has_none(labels: tuple[str, ...]) -> None:
    with pytest.raises(KeyError):
        REQUESTS.slot(*labels)
