"""The table is shared, sealed, leased row by row, and never loses a count."""

import fcntl
import os
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filed.metrics.catalogue import CONNECTIONS, CONNECTIONS_ACCEPTED, LAYOUT, WORKER_HEARTBEAT
from filed.metrics.process import open_descriptors
from filed.metrics.table import Header, Table

ACCEPTED = CONNECTIONS_ACCEPTED.slot()
IDLE = CONNECTIONS.slot("idle")

InChild = Callable[[Callable[[], None]], None]


def header_of(table: Table) -> list[int]:
    return memoryview(os.pread(table.fd, 8 * len(Header), 0)).cast("Q").tolist()


def overwrite_header(table: Table, slot: Header, value: int) -> None:
    os.pwrite(table.fd, value.to_bytes(8, "little"), 8 * slot)


def test_a_new_table_is_all_zeros(table: Table) -> None:
    for number in range(table.rows):
        assert table.row(number).tolist() == [0] * LAYOUT.slots


def test_the_header_names_the_layout(table: Table) -> None:
    header = header_of(table)
    assert header[Header.MAGIC].to_bytes(8, "little") == b"filedtab"
    assert header[Header.LAYOUT] == LAYOUT.digest()
    assert header[Header.ROW_SLOTS] == LAYOUT.slots
    assert header[Header.ROWS] == table.rows


def test_rows_do_not_overlap(table: Table) -> None:
    for number in range(table.rows):
        row = table.row(number)
        for slot in range(LAYOUT.slots):
            row[slot] = number
    for number in range(table.rows):
        assert table.row(number).tolist() == [number] * LAYOUT.slots
    assert header_of(table)[Header.ROWS] == table.rows


@pytest.mark.parametrize("size", [0, 4096, 1 << 30])
def test_nobody_can_resize_it(table: Table, size: int) -> None:
    with pytest.raises(PermissionError):
        os.ftruncate(table.fd, size)


def test_nobody_can_seal_it_against_writing(table: Table) -> None:
    with pytest.raises(PermissionError):
        fcntl.fcntl(table.fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)


def test_the_descriptor_ends_at_an_exec(table: Table) -> None:
    assert not os.get_inheritable(table.fd)


def test_closing_it_leaves_no_descriptor_and_no_row_behind() -> None:
    before = open_descriptors()
    table = Table.create(rows=3)
    row = table.row(table.lease())
    table.close()
    assert open_descriptors() == before
    with pytest.raises(ValueError, match="released"):
        row[ACCEPTED] += 1


def test_what_a_child_writes_is_there_for_the_parent(table: Table, in_child: InChild) -> None:
    row = table.row(table.lease())

    def accept() -> None:
        row[ACCEPTED] += 7

    in_child(accept)
    assert row[ACCEPTED] == 7
    assert table.total(ACCEPTED) == 7


def test_leases_take_the_lowest_free_row(table: Table) -> None:
    assert [table.lease() for _ in range(4)] == [1, 2, 3, 4]
    table.give_back(3)
    table.give_back(2)
    assert [table.lease() for _ in range(3)] == [2, 3, 5]


def test_the_master_s_row_is_never_leased(table: Table) -> None:
    assert 0 not in [table.lease() for _ in range(table.rows - 1)]


def test_when_no_row_is_free_the_error_says_so(table: Table) -> None:
    for _ in range(table.rows - 1):
        table.lease()
    with pytest.raises(RuntimeError, match="all 8 rows of the table are held"):
        table.lease()


@pytest.mark.parametrize("number", [0, 2, 99])
def test_what_was_not_leased_cannot_be_given_back(table: Table, number: int) -> None:
    table.lease()
    with pytest.raises(RuntimeError, match=f"row {number} of the table is not leased"):
        table.give_back(number)


def test_giving_back_ends_gauges_and_keeps_counters(table: Table) -> None:
    number = table.lease()
    row = table.row(number)
    row[ACCEPTED] = 5
    row[IDLE] = 3
    row[WORKER_HEARTBEAT.slot()] = 1
    table.give_back(number)
    assert (row[ACCEPTED], row[IDLE], row[WORKER_HEARTBEAT.slot()]) == (5, 0, 0)
    assert table.lease() == number
    assert table.total(ACCEPTED) == 5


def test_only_rows_that_were_ever_leased_are_read(table: Table) -> None:
    assert table.rows_in_use == 1
    leased = [table.lease(), table.lease()]
    assert table.rows_in_use == 3
    for number in leased:
        table.give_back(number)
    assert table.rows_in_use == 3
    assert len(table.snapshot()) == len(table.column(ACCEPTED)) == 3


@pytest.mark.parametrize("slot", [0, IDLE, LAYOUT.slots - 1])
def test_a_column_holds_one_slot_of_each_row(table: Table, slot: int) -> None:
    table.lease()
    table.row(0)[slot] = 4
    table.row(1)[slot] = 9
    assert table.column(slot) == [4, 9]


@pytest.mark.parametrize(("claimed", "believed"), [(0, 1), (4, 4), (10, 9), (2**64 - 1, 9)])
def test_an_overwritten_header_leads_no_reader_astray(
    table: Table, claimed: int, believed: int
) -> None:
    overwrite_header(table, Header.ROWS_USED, claimed)
    assert table.rows_in_use == believed
    assert len(table.snapshot()) == len(table.column(LAYOUT.slots - 1)) == believed


increments = st.lists(
    st.tuples(st.integers(0, LAYOUT.slots - 1), st.integers(0, 2**40)), max_size=30
)


@settings(max_examples=25, deadline=None)
@given(work=st.lists(increments, min_size=1, max_size=4))
def test_sums_over_processes_are_exact(
    in_child: InChild, work: list[list[tuple[int, int]]]
) -> None:
    table = Table.create(rows=5)
    for added in work:
        row = table.row(table.lease())

        def add(row: memoryview = row, added: list[tuple[int, int]] = added) -> None:
            for slot, amount in added:
                row[slot] += amount

        in_child(add)
    for slot in range(LAYOUT.slots):
        expected = sum(amount for added in work for where, amount in added if where == slot)
        assert table.total(slot) == expected
    table.close()


@given(turns=st.lists(st.one_of(st.none(), st.integers(0, 7)), max_size=60))
def test_no_sum_of_a_counter_ever_goes_back(turns: list[int | None]) -> None:
    """None leases a row and counts in it; a number gives back one of the rows held."""
    table = Table.create(rows=9)
    held: list[int] = []
    highest = 0
    for turn in turns:
        if turn is None and len(held) < 8:
            held.append(table.lease())
            table.row(held[-1])[ACCEPTED] += 3
            highest += 3
        elif turn is not None and held:
            table.give_back(held.pop(turn % len(held)))
        assert table.total(ACCEPTED) == highest
    table.close()
