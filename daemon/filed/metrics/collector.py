"""The table as Prometheus metrics: rows added up, in an ordinary custom collector.

`prometheus_client` knows the exposition formats; this knows the table. Every series of the
catalogue is there from the first scrape on, since a rate over a series that appears with its first
event misses that event.
"""

import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from filed import __version__
from filed.metrics.catalogue import BUILD_INFO, LAYOUT, PREFIX, SCRAPE_DURATION
from filed.metrics.layout import Counter, Gauge, Histogram, Metric, RowGauge
from filed.metrics.succession import add_former, pairs
from filed.metrics.table import Table

_PYTHON: Final = platform.python_version()


@dataclass(frozen=True, slots=True)
class _Reading:
    """One look at the table; all of a scrape comes from it, so its numbers agree."""

    rows: list[list[int]]
    totals: list[int]


class TableCollector(Collector):
    """Yields all metrics of the catalogue from a table. To be registered in a registry."""

    def __init__(self, table: Table, former: Sequence[Table] = ()) -> None:
        """Collect from tables that stay open as long as the collector is used.

        Args:
            table: of this version's layout.
            former: of other layouts, whose numbers are added by name.
        """
        self._table = table
        self._former = [(each, pairs(each.layout, table.layout)) for each in former]

    def collect(self) -> Iterator[Family]:
        """Read the table once and yield a family for each metric, in the catalogue's order."""
        started_s = time.perf_counter()
        rows = self._table.snapshot()
        totals = [sum(column) for column in zip(*rows, strict=True)]
        add_former(totals, self._former)
        reading = _Reading(rows, totals)
        for metric in LAYOUT.metrics:
            yield _family(metric, reading)
        yield _build_info()
        yield GaugeMetricFamily(
            PREFIX + SCRAPE_DURATION.name,
            SCRAPE_DURATION.meaning,
            value=time.perf_counter() - started_s,
        )


def _family(metric: Metric, reading: _Reading) -> Family:
    match metric:
        case Counter():
            return _counter(metric, reading)
        case Gauge():
            return _gauge(metric, reading)
        case RowGauge():
            return _row_gauge(metric, reading)
        case Histogram():
            return _histogram(metric, reading)
    raise TypeError(f"{metric.name} is of a kind that cannot be exported")


def _counter(metric: Counter, reading: _Reading) -> Family:
    family = CounterMetricFamily(PREFIX + metric.name, metric.meaning, labels=metric.label_names)
    for series, slot in metric.slots.items():
        family.add_metric(series, reading.totals[slot] / metric.scale)
    return family


def _gauge(metric: Gauge, reading: _Reading) -> Family:
    family = GaugeMetricFamily(PREFIX + metric.name, metric.meaning, labels=metric.label_names)
    for series, slot in metric.slots.items():
        family.add_metric(series, reading.totals[slot] / metric.scale)
    return family


def _row_gauge(metric: RowGauge, reading: _Reading) -> Family:
    family = GaugeMetricFamily(PREFIX + metric.name, metric.meaning, labels=("row",))
    slot = metric.slot()
    for number, row in enumerate(reading.rows):
        if row[slot]:
            family.add_metric((str(number),), row[slot] / metric.scale)
    return family


def _histogram(metric: Histogram, reading: _Reading) -> Family:
    family = HistogramMetricFamily(PREFIX + metric.name, metric.meaning, labels=metric.label_names)
    ends = [*map(floatToGoString, metric.bounds), "+Inf"]
    for series in metric.slots:
        buckets = metric.bucket_slots(*series)
        counts = accumulate(reading.totals[buckets.start : buckets.stop])
        total = reading.totals[metric.sum_slot(*series)] / metric.scale
        family.add_metric(series, list(zip(ends, counts, strict=True)), sum_value=total)
    return family


def _build_info() -> Family:
    name = PREFIX + BUILD_INFO.name
    family = GaugeMetricFamily(name, BUILD_INFO.meaning, labels=BUILD_INFO.label_names)
    family.add_metric((__version__, _PYTHON), 1)
    return family
