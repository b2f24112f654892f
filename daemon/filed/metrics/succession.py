"""Two layouts of the table: where a number of the former one lies in the one after it.

An upgrade may bring another layout. Workers that were there before it count on in the table they
have, and a sum must not go back when they end. So numbers of the former table are added to those of
the next one that mean the same, found by name and labels: by the exporter while workers still
write the former table, and by the master, once and for all, when none does any more.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from filed.metrics.layout import Counter, Histogram, Layout, Metric, RowGauge
from filed.metrics.table import MASTER_ROW, Table, add


@dataclass(frozen=True, slots=True)
class Pair:
    """A slot that carries on a slot of a former layout.

    Attributes:
        slot, former: where the number lies in each.
        scale, former_scale: steps of each in one unit of the metric's name.
        counts: whether it is part of a counter or histogram, which outlives its process.
    """

    slot: int
    former: int
    scale: int
    former_scale: int
    counts: bool

    def carried(self, value: int) -> int:
        """What a number of the former slot comes to in this one."""
        return value * self.scale // self.former_scale


def pairs(former: Layout, layout: Layout) -> list[Pair]:
    """Find for each number of a former layout which one carries it on, if any does.

    Rows of a former table are not the rows of this one, so gauges by row have none.
    """
    return list(_all_pairs(former, layout))


def add_former(totals: list[int], tables: list[tuple[Table, list[Pair]]]) -> None:
    """Add to the totals of a layout, slot by slot, what former tables hold of it."""
    for table, carrying in tables:
        former = table.totals()
        for pair in carrying:
            totals[pair.slot] += pair.carried(former[pair.former])


def total(metric: Metric, tables: Iterable[Table]) -> int:
    """Add up all series of a metric over tables of any layout."""
    found = ((table, table.layout.find(metric.name)) for table in tables)
    return sum(
        table.total(slot) * metric.scale // same.scale
        for table, same in found
        if same is not None
        for slot in same.slots.values()
    )


def absorb(table: Table, former: Table) -> None:
    """Add the counts of a former table, which nobody writes or reads any more, to the master's row.

    Nobody may read `table` meanwhile, if what was read of `former` is not to be missed or doubled.
    """
    row, totals = table.row(MASTER_ROW), former.totals()
    for pair in pairs(former.layout, table.layout):
        if pair.counts:
            add(row, pair.slot, pair.carried(totals[pair.former]))


def _all_pairs(former: Layout, layout: Layout) -> Iterator[Pair]:
    by_name = {_identity(metric): metric for metric in former.metrics}
    for metric in layout.metrics:
        old = by_name.get(_identity(metric))
        if old is None or isinstance(metric, RowGauge):
            continue
        counts = isinstance(metric, Counter | Histogram)
        for slot, before in _pairs(metric, old):
            yield Pair(slot, before, metric.scale, old.scale, counts)


def _identity(metric: Metric) -> tuple[type[Metric], str, tuple[str, ...]]:
    return type(metric), metric.name, metric.label_names


def _pairs(metric: Metric, former: Metric) -> Iterator[tuple[int, int]]:
    for series in metric.slots.keys() & former.slots.keys():
        if isinstance(metric, Histogram) and isinstance(former, Histogram):
            yield from _buckets(metric, former, series)
        else:
            yield metric.slots[series], former.slots[series]


def _buckets(
    metric: Histogram, former: Histogram, series: tuple[str, ...]
) -> Iterator[tuple[int, int]]:
    """Pair each former bucket with the one whose values its own are sure to be among or below."""
    buckets = metric.bucket_slots(*series)
    ends = [bisect_left(metric.bounds, bound) for bound in former.bounds]
    for end, before in zip([*ends, len(metric.bounds)], former.bucket_slots(*series), strict=True):
        yield buckets[end], before
    yield metric.sum_slot(*series), former.sum_slot(*series)
