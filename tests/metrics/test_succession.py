"""What a table of another layout has counted is carried on by the next one, by name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.metrics.catalogue import LAYOUT
from filed.metrics.collector import TableCollector
from filed.metrics.layout import MICROSECONDS, NANOSECONDS, Layout
from filed.metrics.succession import absorb, add_former, pairs
from filed.metrics.table import MASTER_ROW, Table


def former_layout():
    """A layout as another version may have had it: other metrics, labels and bounds."""
    layout = Layout()
    layout.counter("gone_total", "Nobody counts this any more.")
    layout.counter("bytes_total", "B.", labels=("to",), series=[("b",), ("a",)])
    layout.counter("seconds_total", "S.", scale=MICROSECONDS)
    layout.gauge("open", "O.")
    layout.row_gauge("beat", "B.")
    layout.histogram("size", "S.", labels=(), series=[()], bounds=(1, 10, 100))
    return layout


def next_layout():
    layout = Layout()
    layout.counter("seconds_total", "S.", scale=NANOSECONDS)
    layout.counter("bytes_total", "B.", labels=("to",), series=[("a",), ("b",), ("c",)])
    layout.counter("new_total", "N.")
    layout.histogram("size", "S.", labels=(), series=[()], bounds=(5, 10, 50))
    layout.gauge("open", "O.")
    layout.row_gauge("beat", "B.")
    return layout


def slot(layout, name, *labels):
    return next(each for each in layout.metrics if each.name == name).slots[labels]


@pytest.fixture
def former():
    table = Table.create(rows=3, layout=former_layout())
    yield table
    table.close()


@pytest.fixture
def table():
    table = Table.create(rows=3, layout=next_layout())
    yield table
    table.close()


def put(table, name, value, *labels, row=MASTER_ROW):
    table.row(row)[slot(table.layout, name, *labels)] = value


def total(table, name, *labels, former=()):
    totals = table.totals()
    add_former(totals, [(each, pairs(each.layout, table.layout)) for each in former])
    return totals[slot(table.layout, name, *labels)]


def test_a_layout_is_restored_from_its_description():
    described = json.loads(json.dumps(LAYOUT.description()))
    restored = Layout.of(described)
    assert restored.description() == LAYOUT.description()
    assert restored.digest() == LAYOUT.digest()
    assert restored.slots == LAYOUT.slots
    assert restored.gauge_slots() == LAYOUT.gauge_slots()


def test_a_kind_of_metric_that_is_not_known_takes_its_slots_and_nothing_else():
    described = [
        {"kind": "Summary", "name": "odd", "series": [[[], 0]], "slots": 7},
        *former_layout().description(),
    ]
    layout = Layout.of(described)
    assert layout.slots == former_layout().slots + 7
    assert "odd" not in {metric.name for metric in layout.metrics}


def test_the_same_layout_is_carried_on_slot_by_slot():
    gauges_by_row = {s for m in LAYOUT.metrics if "heartbeat" in m.name for s in m.slots.values()}
    carried = pairs(LAYOUT, LAYOUT)
    assert all(pair.slot == pair.former for pair in carried)
    assert {pair.slot for pair in carried} == set(range(LAYOUT.slots)) - gauges_by_row


def test_a_series_is_found_by_its_name_and_labels(former, table):
    put(former, "bytes_total", 7, "a")
    put(former, "bytes_total", 40, "b", row=former.lease())
    put(table, "bytes_total", 2, "b")
    assert total(table, "bytes_total", "a", former=[former]) == 7
    assert total(table, "bytes_total", "b", former=[former]) == 42
    assert total(table, "bytes_total", "c", former=[former]) == 0


def test_finer_steps_make_the_same_seconds(former, table):
    put(former, "seconds_total", 3 * MICROSECONDS)
    assert total(table, "seconds_total", former=[former]) == 3 * NANOSECONDS


def test_a_gauge_counts_for_as_long_as_its_process_lives(former, table):
    row = former.lease()
    put(former, "open", 5, row=row)
    assert total(table, "open", former=[former]) == 5
    former.give_back(row)
    assert total(table, "open", former=[former]) == 0


def test_what_is_absorbed_stays_without_the_former_table(former, table):
    put(former, "bytes_total", 7, "a", row=former.lease())
    put(former, "open", 5)
    put(table, "bytes_total", 1, "a")
    absorb(table, former)
    assert total(table, "bytes_total", "a") == 8
    assert total(table, "open") == 0


@given(st.lists(st.integers(min_value=0, max_value=200), max_size=30))
def test_no_bucket_ever_goes_back_and_none_is_lost(values):
    former, table = Table.create(rows=2, layout=former_layout()), None
    try:
        table = Table.create(rows=2, layout=next_layout())
        before = cumulated(table, [])
        for value in values:
            histogram(former).observe(former.row(MASTER_ROW), value)
            after = cumulated(table, [former])
            assert all(new >= old for new, old in zip(after, before, strict=True))
            before = after
        assert before[-1] == len(values)
        assert total(table, "size", former=[former]) >= 0
    finally:
        former.close()
        if table is not None:
            table.close()


def histogram(table):
    return next(metric for metric in table.layout.metrics if metric.name == "size")


def cumulated(table, former):
    totals = table.totals()
    add_former(totals, [(each, pairs(each.layout, table.layout)) for each in former])
    slots = histogram(table).bucket_slots()
    return [sum(totals[slots.start : end + 1]) for end in slots]


def test_the_exporter_adds_former_tables_by_name():
    former = Table.create(rows=2, layout=renumbered(LAYOUT))
    table = Table.create(rows=2)
    try:
        put(former, "connections_accepted_total", 3)
        put(table, "connections_accepted_total", 4)
        families = {each.name: each for each in TableCollector(table, [former]).collect()}
        assert families["filed_connections_accepted"].samples[0].value == 7
    finally:
        former.close()
        table.close()


def renumbered(layout):
    """The same metrics in another order."""
    other, start = Layout(), 0
    described = layout.description()[::-1]
    for each in described:
        first = min(number for _, number in each["series"])
        each["series"] = [[values, number - first + start] for values, number in each["series"]]
        start += each["slots"]
    other.metrics = Layout.of(described).metrics
    other.slots = start
    return other
