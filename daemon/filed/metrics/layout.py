"""The kinds of metric, and where each one's values lie in a row of the table.

A row is a run of unsigned 64-bit slots, written by one process and read by others. A metric is
given its slots when it is declared, right behind those of the metric before it: so the order of
the catalogue is the layout, and nobody counts slots by hand. Asking a metric for a slot is a
look-up by its labels; hot code does that once, at its start, and keeps the number.

A slot holds a whole number. A metric in seconds keeps them in finer steps, `scale` of them to the
second; only the collector turns them back.
"""

import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

Series = tuple[str, ...]
"""The values of a metric's labels, in the order of their names; `()` where it has none."""

WHOLE: Final = 1
MICROSECONDS: Final = 1_000_000
NANOSECONDS: Final = 1_000_000_000

_UNLABELLED: Final[tuple[Series, ...]] = ((),)


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """What all metrics in the table have in common.

    Attributes:
        name: without the `filed_` that all of them start with.
        meaning: one sentence for HELP and the documentation.
        label_names: in the order in which label values are given.
        slots: the first slot of each series there is. There are no other series.
        scale: steps of a slot's number in one unit of the name.
    """

    name: str
    meaning: str
    label_names: tuple[str, ...]
    slots: Mapping[Series, int]
    scale: int

    def label_values(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each label's name with all the values it can have, in the catalogue's order."""
        columns = zip(*self.slots, strict=True)
        for name, values in zip(self.label_names, columns, strict=True):
            yield name, tuple(dict.fromkeys(values))


@dataclass(frozen=True, slots=True, eq=False)
class _OneSlot(Metric):
    """A metric that keeps one number for each of its series."""

    def slot(self, *labels: str) -> int:
        """The index in a row of the series with these label values.

        Raises:
            KeyError: the catalogue knows no such series: a mistake in the calling code.
        """
        return self.slots[labels]


@dataclass(frozen=True, slots=True, eq=False)
class Counter(_OneSlot):
    """A number that only grows; it outlives the process that wrote it. Rows are added up."""


@dataclass(frozen=True, slots=True, eq=False)
class Gauge(_OneSlot):
    """A number that goes up and down and ends with its process. Rows are added up."""


@dataclass(frozen=True, slots=True, eq=False)
class RowGauge(_OneSlot):
    """A gauge that says nothing when added up: each row is exported by itself, unless it is 0.

    Its label `row` is not in `label_names`: it is where the value lies, not a slot.
    """


@dataclass(frozen=True, slots=True, eq=False)
class Histogram(Metric):
    """How often a value fell between two bounds, and the sum of all the values.

    Each series has a slot for each bound, one for what is above them all, and one for the sum.
    A bucket counts only what is in it; the collector adds up the ones below, as Prometheus wants.

    Attributes:
        bounds: the upper, inclusive ends of the buckets, ascending, in the unit of the name.
    """

    bounds: tuple[float, ...]

    def bucket_slots(self, *labels: str) -> range:
        """The slots of the buckets: one for each bound, then the one above them all.

        The bucket of a value is `bucket_slots(…)[bisect_left(bounds, value)]`.

        Raises:
            KeyError: the catalogue knows no such series.
        """
        first = self.slots[labels]
        return range(first, first + len(self.bounds) + 1)

    def sum_slot(self, *labels: str) -> int:
        """The slot to which `int(value * scale)` is added.

        Raises:
            KeyError: the catalogue knows no such series.
        """
        return self.slots[labels] + len(self.bounds) + 1

    def observe(self, row: memoryview, value: float, *labels: str) -> None:
        """Count one value in a row.

        Args:
            row: the calling process's own row.
            value: not negative, in the unit of the metric's name (seconds, bytes).
            labels: the series.
        """
        row[self.bucket_slots(*labels)[bisect_left(self.bounds, value)]] += 1
        row[self.sum_slot(*labels)] += int(value * self.scale)


@dataclass(frozen=True, slots=True)
class Computed:
    """A gauge that has no slot: the collector finds its value when it is asked."""

    name: str
    meaning: str
    label_names: tuple[str, ...]


class Layout:
    """Hands out slots to metrics in the order in which they are declared.

    Attributes:
        metrics: all that have slots, in that order.
        computed: those that have none.
        slots: how many slots a row has.
    """

    def __init__(self) -> None:
        self.metrics: list[Metric] = []
        self.computed: list[Computed] = []
        self.slots = 0

    def counter(
        self,
        name: str,
        meaning: str,
        *,
        labels: tuple[str, ...] = (),
        series: Iterable[Series] = _UNLABELLED,
        scale: int = WHOLE,
    ) -> Counter:
        """Declare a counter with one slot for each of `series`."""
        assert name.endswith("_total"), name
        counter = Counter(name, meaning, labels, self._place(labels, series), scale)
        self.metrics.append(counter)
        return counter

    def gauge(
        self,
        name: str,
        meaning: str,
        *,
        labels: tuple[str, ...] = (),
        series: Iterable[Series] = _UNLABELLED,
        scale: int = WHOLE,
    ) -> Gauge:
        """Declare a gauge with one slot for each of `series`."""
        gauge = Gauge(name, meaning, labels, self._place(labels, series), scale)
        self.metrics.append(gauge)
        return gauge

    def row_gauge(self, name: str, meaning: str, *, scale: int = WHOLE) -> RowGauge:
        """Declare a gauge that is exported row by row."""
        gauge = RowGauge(name, meaning, (), self._place((), _UNLABELLED), scale)
        self.metrics.append(gauge)
        return gauge

    def histogram(  # noqa: PLR0913 - the catalogue gives all of them by name
        self,
        name: str,
        meaning: str,
        *,
        labels: tuple[str, ...],
        series: Iterable[Series],
        bounds: tuple[float, ...],
        scale: int = WHOLE,
    ) -> Histogram:
        """Declare a histogram whose buckets end at `bounds`."""
        assert list(bounds) == sorted(set(bounds)), name
        slots = self._place(labels, series, slots_each=len(bounds) + 2)
        histogram = Histogram(name, meaning, labels, slots, scale, bounds)
        self.metrics.append(histogram)
        return histogram

    def compute(self, name: str, meaning: str, *, labels: tuple[str, ...] = ()) -> Computed:
        """Declare a gauge without slots."""
        computed = Computed(name, meaning, labels)
        self.computed.append(computed)
        return computed

    def find(self, name: str) -> Metric | None:
        """The metric of this name; None where there is none."""
        return next((metric for metric in self.metrics if metric.name == name), None)

    def gauge_slots(self) -> list[int]:
        """The slots that mean nothing once their process has ended."""
        gauges = [metric for metric in self.metrics if isinstance(metric, Gauge | RowGauge)]
        return [slot for gauge in gauges for slot in gauge.slots.values()]

    def description(self) -> list[dict[str, Any]]:
        """All that `of` needs to read a row of this layout, ready for JSON.

        It is read by other versions of this program: what it holds may grow, but not change.
        """
        return [_described(metric) for metric in self.metrics]

    @classmethod
    def of(cls, description: Iterable[Mapping[str, Any]]) -> Self:
        """The layout that gave this description, in this version or another one.

        Metrics of a kind that this version does not know are left out, since nobody asks for them.
        """
        layout = cls()
        layout.metrics = [_restored(each) for each in description if each["kind"] in _KINDS]
        layout.slots = sum(each["slots"] for each in description)
        return layout

    def digest(self) -> int:
        """64 bits that differ between layouts, and are the same in every process of one."""
        described = json.dumps(self.description()).encode()
        return int.from_bytes(hashlib.sha256(described).digest()[:8], "little")

    def _place(
        self, labels: tuple[str, ...], series: Iterable[Series], slots_each: int = 1
    ) -> dict[Series, int]:
        slots: dict[Series, int] = {}
        for values in series:
            assert len(values) == len(labels), values
            assert values not in slots, values
            slots[values] = self.slots
            self.slots += slots_each
        return slots


_ONE_SLOT: Final = {kind.__name__: kind for kind in (Counter, Gauge, RowGauge)}
_KINDS: Final = frozenset({*_ONE_SLOT, Histogram.__name__})


def _described(metric: Metric) -> dict[str, Any]:
    bounds = metric.bounds if isinstance(metric, Histogram) else ()
    slots_each = len(bounds) + 2 if isinstance(metric, Histogram) else 1
    return {
        "kind": type(metric).__name__,
        "name": metric.name,
        "labels": list(metric.label_names),
        "scale": metric.scale,
        "bounds": list(bounds),
        "series": [[list(values), slot] for values, slot in metric.slots.items()],
        "slots": slots_each * len(metric.slots),
    }


def _restored(described: Mapping[str, Any]) -> Metric:
    name, scale, labels = described["name"], described["scale"], tuple(described["labels"])
    slots = {tuple(values): slot for values, slot in described["series"]}
    kind = _ONE_SLOT.get(described["kind"])
    if kind is None:
        return Histogram(name, "", labels, slots, scale, tuple(described["bounds"]))
    return kind(name, "", labels, slots, scale)
