"""The table: a row of numbers for each process, shared by all of them, written without a lock.

One memfd, made before the first fork and mapped shared, so that a number written by one process
is at once there for the others. Each row has one writer, and an aligned 64-bit store is never seen
half done: no lock, no system call, no file per process. It is sealed against growing and shrinking
(memfd_create(2), fcntl(2)): no process can cut it short and so kill the others with SIGBUS.

It starts with a header of eight slots, then come the rows: row 0 is the master's, the others are
leased to its children. Every process can write everywhere, so what is read is not trusted: the
master keeps its leases in its own memory, and a reader takes any number for possible.
"""

import fcntl
import mmap
import os
from collections.abc import Iterable
from enum import IntEnum
from typing import Final, Self

from filed.metrics.catalogue import LAYOUT
from filed.metrics.layout import Layout

MASTER_ROW: Final = 0
# Enough for four generations of the most workers: those that a reload left draining count too.
ROWS: Final = 1025

_SLOT_BYTES: Final = 8
# A cache line holds eight slots. Rows start on one of their own, or two busy workers would take
# the line between their rows from each other at every increment.
_LINE_SLOTS: Final = 8
_MAGIC: Final = int.from_bytes(b"filedtab", "little")
_SEALS: Final = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


class Header(IntEnum):
    """The slots of the header that are in use."""

    MAGIC = 0
    LAYOUT = 1
    ROW_SLOTS = 2
    ROWS = 3
    ROWS_USED = 4


class Table:
    """The shared table. Made once, by the master; children get it by fork.

    Attributes:
        fd: the memfd.
        layout: where each metric lies in a row.
        rows: how many rows there are, the master's included.
    """

    def __init__(self, fd: int, layout: Layout = LAYOUT, leased: Iterable[int] = ()) -> None:
        """Map a table that was made before.

        Args:
            fd: its sealed memfd.
            layout: what it was made with, maybe by another version of this program.
            leased: the rows that have a living holder. For the master only.
        """
        self.fd = fd
        self.layout = layout
        self._stride = _stride(layout)
        # The size is sealed, so it can be believed, unlike what the header says.
        self.rows = (os.fstat(fd).st_size // _SLOT_BYTES - _LINE_SLOTS) // self._stride
        self._map = mmap.mmap(fd, 0)
        self._slots = memoryview(self._map).cast("Q")
        self._views: dict[int, memoryview] = {}
        self._leased = set(leased)

    @classmethod
    def create(cls, rows: int = ROWS, layout: Layout = LAYOUT) -> Self:
        """A new table, all zeros but for its header.

        Args:
            rows: one for the master and one for each child that can live at a time.
            layout: where each metric is to lie in a row.

        Raises:
            OSError: the kernel has no memory for it, or no descriptor is free.
        """
        fd = os.memfd_create("filed-table", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(fd, (_LINE_SLOTS + rows * _stride(layout)) * _SLOT_BYTES)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
        table = cls(fd, layout)
        table._write_header()
        return table

    @property
    def rows_in_use(self) -> int:
        """How many rows, from the first on, have ever had a writer: all that need to be read."""
        return min(max(self._slots[Header.ROWS_USED], MASTER_ROW + 1), self.rows)

    def row(self, number: int) -> memoryview:
        """The slots of one row, writable; the same view each time, valid until `close`."""
        assert 0 <= number < self.rows, number
        if number not in self._views:
            start = self._start(number)
            self._views[number] = self._slots[start : start + self.layout.slots]
        return self._views[number]

    def lease(self) -> int:
        """Take the lowest free row for a child that is about to be forked. For the master only.

        Raises:
            RuntimeError: every row has a living holder.
        """
        for number in range(MASTER_ROW + 1, self.rows):
            if number not in self._leased:
                self._leased.add(number)
                self._slots[Header.ROWS_USED] = max(self.rows_in_use, number + 1)
                return number
        raise RuntimeError(f"all {self.rows - 1} rows of the table are held by living processes")

    def give_back(self, number: int) -> None:
        """Free the row of a child that has been reaped. For the master only.

        Its gauges become 0, since they spoke of that process. Its counters stay: the next holder
        counts on from them, so that no sum ever goes back.

        Raises:
            RuntimeError: the row is not leased.
        """
        if number not in self._leased:
            raise RuntimeError(f"row {number} of the table is not leased")
        self.clear_gauges(number)
        self._leased.remove(number)

    def clear_gauges(self, number: int) -> None:
        """Make the gauges of a row 0: the process that they spoke of writes here no more."""
        row = self.row(number)
        for slot in self.layout.gauge_slots():
            row[slot] = 0

    @property
    def leased(self) -> frozenset[int]:
        """The rows that have a living holder, as the master knows it."""
        return frozenset(self._leased)

    @property
    def free_rows(self) -> int:
        """How many more children there can be."""
        return self.rows - 1 - len(self._leased)

    def column(self, slot: int) -> list[int]:
        """The number in this slot of each row in use; the index is the row."""
        stop = self._start(self.rows_in_use)
        return self._slots[self._start(MASTER_ROW) + slot : stop : self._stride].tolist()

    def total(self, slot: int) -> int:
        """The sum of a slot over all rows."""
        return sum(self.column(slot))

    def totals(self) -> list[int]:
        """The sum of each slot over all rows."""
        return [sum(column) for column in zip(*self.snapshot(), strict=True)]

    def snapshot(self) -> list[list[int]]:
        """A copy of each row in use, read once from its first slot to its last."""
        return [self.row(number).tolist() for number in range(self.rows_in_use)]

    def close(self) -> None:
        """Unmap the table and close its descriptor. Every row handed out ends with it."""
        for view in (*self._views.values(), self._slots):
            view.release()
        self._map.close()
        os.close(self.fd)

    def _start(self, number: int) -> int:
        return _LINE_SLOTS + number * self._stride

    def _write_header(self) -> None:
        self._slots[Header.MAGIC] = _MAGIC
        self._slots[Header.LAYOUT] = self.layout.digest()
        self._slots[Header.ROW_SLOTS] = self.layout.slots
        self._slots[Header.ROWS] = self.rows
        self._slots[Header.ROWS_USED] = MASTER_ROW + 1


def add(row: memoryview, slot: int, count: int) -> None:
    """Add to a slot that others can write too, whatever it holds: it wraps at 2⁶⁴."""
    row[slot] = (row[slot] + count) % (1 << 64)


def _stride(layout: Layout) -> int:
    return -(-layout.slots // _LINE_SLOTS) * _LINE_SLOTS
