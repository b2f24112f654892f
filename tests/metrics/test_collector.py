"""The collector says what the table holds: all of it, in closed labels, whatever is in there."""

import math
import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from filed import __version__
from filed.metrics.catalogue import (
    CONNECTIONS,
    CONNECTIONS_ACCEPTED,
    LAYOUT,
    PREFIX,
    PROCESS_CPU,
    TIME_TO_FIRST_BYTE,
    WORKER_HEARTBEAT,
)
from filed.metrics.collector import TableCollector
from filed.metrics.layout import Counter, Gauge, Histogram
from filed.metrics.table import Header, Table

FORMATS = {"": parse_text, "application/openmetrics-text": parse_openmetrics}

Labels = dict[str, str]


def exposed(table: Table, accept: str = "") -> list[Family]:
    """What a scraper understands, after the way through the format it accepts."""
    registry = CollectorRegistry()
    registry.register(TableCollector(table))
    encode, _ = choose_encoder(accept)
    return list(FORMATS[accept](encode(registry).decode()))


def samples(families: list[Family]) -> Iterator[tuple[str, Labels, float]]:
    for family in families:
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def value(families: list[Family], name: str, **labels: str) -> float:
    found = [
        value for one, its, value in samples(families) if (one, its) == (PREFIX + name, labels)
    ]
    assert len(found) == 1, (name, labels)
    return found[0]


def known_series() -> set[tuple[str, frozenset[tuple[str, str]]]]:
    """Each sample that the catalogue allows, but for rows and for what is computed."""
    known = set()
    for metric in LAYOUT.metrics:
        for series in metric.slots:
            labels = dict(zip(metric.label_names, series, strict=True))
            if isinstance(metric, Counter | Gauge):
                known.add((metric.name, frozenset(labels.items())))
            elif isinstance(metric, Histogram):
                known |= histogram_series(metric, labels)
    return known


def histogram_series(
    metric: Histogram, labels: Labels
) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    plain = {(f"{metric.name}_{end}", frozenset(labels.items())) for end in ("count", "sum")}
    ends = [str(float(bound)) for bound in metric.bounds] + ["+Inf"]
    bucket = f"{metric.name}_bucket"
    return plain | {(bucket, frozenset({**labels, "le": le}.items())) for le in ends}


def normalised(labels: Labels) -> frozenset[tuple[str, str]]:
    """With `le` in Python's writing of numbers; the format has Go's."""
    le = labels.get("le", "+Inf")
    if le != "+Inf":
        labels = {**labels, "le": str(float(le))}
    return frozenset(labels.items())


@pytest.mark.parametrize("accept", FORMATS)
def test_zeros_of_every_series_are_there_from_the_start(table: Table, accept: str) -> None:
    found = {
        (name.removeprefix(PREFIX), normalised(labels)): value
        for name, labels, value in samples(exposed(table, accept))
    }
    computed = {("scrape_duration_seconds", frozenset())}
    info = {key for key in found if key[0] == "build_info"}
    assert len(info) == 1
    assert set(found) == known_series() | computed | info
    assert {found[key] for key in known_series()} == {0}


def test_only_rows_add_labels_beyond_the_catalogue(table: Table) -> None:
    for number in range(table.rows):
        row = table.row(table.lease() if number else 0)
        for slot in range(LAYOUT.slots):
            row[slot] = number + 1
    others = {
        name: labels
        for name, labels, _ in samples(exposed(table))
        if (name.removeprefix(PREFIX), normalised(labels)) not in known_series()
    }
    assert set(others) == {
        "filed_worker_heartbeat_timestamp_seconds",
        "filed_exporter_heartbeat_timestamp_seconds",
        "filed_build_info",
        "filed_scrape_duration_seconds",
    }
    assert set(others["filed_worker_heartbeat_timestamp_seconds"]) == {"row"}


def test_rows_are_added_up(table: Table) -> None:
    for count in (3, 4):
        row = table.row(table.lease())
        row[CONNECTIONS_ACCEPTED.slot()] = count
        row[CONNECTIONS.slot("idle")] = 1
    families = exposed(table)
    assert value(families, "connections_accepted_total") == 7
    assert value(families, "connections", state="idle") == 2
    assert value(families, "connections", state="sending") == 0


def test_steps_become_seconds(table: Table) -> None:
    table.row(0)[PROCESS_CPU.slot("master")] = 1_500_000_000
    assert value(exposed(table), "process_cpu_seconds_total", role="master") == 1.5


def test_a_heartbeat_is_exported_for_each_row_that_has_one(table: Table) -> None:
    for number in (1, 2, 3):
        assert table.lease() == number
    table.row(1)[WORKER_HEARTBEAT.slot()] = 1_700_000_000_000_000_000
    table.row(3)[WORKER_HEARTBEAT.slot()] = 1_700_000_001_500_000_000
    beats = {
        labels["row"]: value
        for name, labels, value in samples(exposed(table))
        if name == "filed_worker_heartbeat_timestamp_seconds"
    }
    assert beats == {"1": 1_700_000_000, "3": 1_700_000_001.5}


def test_the_build_is_named(table: Table) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    (labels,) = (its for name, its, _ in samples(exposed(table)) if name == "filed_build_info")
    assert labels["version"] == __version__
    assert labels["python"].startswith(version)


def test_a_scrape_tells_how_long_it_took(table: Table) -> None:
    assert 0 < value(exposed(table), "scrape_duration_seconds") < 10


@given(st.lists(st.floats(min_value=0, max_value=100)))
def test_buckets_are_cumulative(values: list[float]) -> None:
    table = Table.create(rows=2)
    for one in values:
        TIME_TO_FIRST_BYTE.observe(table.row(0), one, "http")
    families = exposed(table)
    name = TIME_TO_FIRST_BYTE.name
    buckets = {
        float(labels["le"]): value
        for one, labels, value in samples(families)
        if one == f"{PREFIX}{name}_bucket" and labels["protocol"] == "http"
    }
    ends = (*TIME_TO_FIRST_BYTE.bounds, math.inf)
    assert buckets == {end: sum(one <= end for one in values) for end in ends}
    assert value(families, f"{name}_count", protocol="http") == len(values)
    steps = len(values) * 1e-6  # each value is cut to a whole number of microseconds
    measured = value(families, f"{name}_sum", protocol="http")
    assert sum(values) - steps - 1e-6 <= measured <= sum(values) + 1e-6
    table.close()


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20))
def test_no_number_in_the_table_can_stop_a_scrape(numbers: list[int]) -> None:
    table = Table.create(rows=3)
    table.lease()
    for number in range(table.rows_in_use):
        row = table.row(number)
        for slot in range(LAYOUT.slots):
            row[slot] = numbers[(number + slot) % len(numbers)]
    os.pwrite(table.fd, numbers[0].to_bytes(8, "little"), 8 * Header.ROWS_USED)
    for accept in FORMATS:
        exposed(table, accept)
    table.close()
