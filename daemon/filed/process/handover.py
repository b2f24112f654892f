"""What a master starts from: what the one before it in the same process has left.

At a reload the master writes down what must outlive it, into a memfd, and executes the program
anew (execve(2)): sockets, the table and the children stay, since the process does. A first start is
a hand-over of nothing, so there is only one way to start.

What is written is read by another version of this program. Fields may be added, with defaults;
a change of meaning is another `_FORMAT`, which the versions before will not take over from.
"""

import errno
import os
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from socket import socket
from typing import Any, Final, Self

from pydantic import TypeAdapter

from filed.metrics.catalogue import LAYOUT
from filed.metrics.layout import Layout
from filed.metrics.table import MASTER_ROW, Table
from filed.process.children import Child, Duty, Role
from filed.process.listeners import Held, Kind, Listeners, bind, handed, set_options
from filed.process.systemd import handed_sockets
from filed.settings import Address, Settings

_FORMAT: Final = 1


@dataclass(slots=True, kw_only=True)
class Handover:
    """What outlives a master.

    Attributes:
        generation: how many masters there were before in this process.
        held: bound sockets.
        tables: the shared numbers, the newest first, and former ones of other layouts.
        children: processes that were started by a master before.
        cpu_counted_ns: how much of this process's CPU time the table has already.
        is_asked_again: whether a reload was asked for that has not begun.
        configuration: what the configuration file held when it was checked; None where that is not
            known, or there was none.
    """

    generation: int = 0
    held: list[Held] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)
    cpu_counted_ns: int = 0
    is_asked_again: bool = False
    configuration: str | None = None

    @classmethod
    def of_nothing(cls, environ: MutableMapping[str, str]) -> Self:
        """Return what a first start is handed: the service manager's sockets, if any.

        Raises:
            BindError: the service manager has handed over what is no use.
        """
        return cls(held=handed(handed_sockets(environ)))

    @classmethod
    def read(cls, fd: int) -> Self:
        """Return what a master before has written to a memfd.

        Raises:
            ValueError: it is in another format.
        """
        state = _STATES.validate_json(os.pread(fd, os.fstat(fd).st_size, 0))
        if state.format != _FORMAT:
            raise ValueError(f"a hand-over of format {state.format}; this version reads {_FORMAT}")
        tables = [each.taken() for each in state.tables]
        return cls(
            generation=state.generation,
            held=[each.taken() for each in state.sockets],
            tables=tables,
            children=[each.taken(tables) for each in state.children],
            cpu_counted_ns=state.cpu_counted_ns,
            is_asked_again=state.is_asked_again,
            configuration=state.configuration,
        )

    def write(self) -> int:
        """Write it to a new memfd, which is closed by an exec, as is all that it speaks of."""
        state = _State(
            format=_FORMAT,
            generation=self.generation,
            sockets=[_Socket.of(held) for held in self.held],
            tables=[_Table.of(table) for table in self.tables],
            children=[_Child.of(child, self.tables) for child in self.children],
            cpu_counted_ns=self.cpu_counted_ns,
            is_asked_again=self.is_asked_again,
            configuration=self.configuration,
        )
        fd = os.memfd_create("filed-handover", os.MFD_CLOEXEC)
        with os.fdopen(os.dup(fd), "wb") as file:
            file.write(_STATES.dump_json(state))
        return fd

    def descriptors(self) -> Iterator[int]:
        """Name all that have to survive the exec, but for the memfd."""
        yield from (held.sock.fileno() for held in self.held)
        yield from (table.fd for table in self.tables)
        yield from (child.ready_fd for child in self.children if child.ready_fd is not None)

    def listeners(self, settings: Settings) -> Listeners:
        """Return the sockets that are asked for, handed over or new, and what was given up.

        Raises:
            BindError: an address cannot be bound.
        """
        listeners = bind(settings, self.held)
        for held in listeners.held:
            set_options(held, settings)
        return listeners

    def check_room(self, children: int) -> None:
        """Make sure that so many new children will each find a row of the table.

        Raises:
            OSError: too many rows are held by those that were to finish after earlier reloads.
        """
        if self._table is None or children <= self._table.free_rows:
            return
        held = len(self._table.leased)
        raise OSError(errno.EAGAIN, f"{held} processes of earlier reloads have yet to finish")

    @property
    def _table(self) -> Table | None:
        """The newest table, if this version can count in it."""
        newest = self.tables[0] if self.tables else None
        is_ours = newest is not None and newest.layout.digest() == LAYOUT.digest()
        return newest if is_ours else None

    def take_tables(self) -> tuple[Table, list[Table]]:
        """Return the table to count in, and former ones of other layouts that still are counted in.

        Raises:
            OSError: no memory or descriptor for a new table.
        """
        if self._table is not None:
            return self._table, self.tables[1:]
        for former in self.tables:
            former.clear_gauges(MASTER_ROW)  # we speak of ourselves in the new one
        return Table.create(), list(self.tables)


# As it is written down.


@dataclass(frozen=True, slots=True)
class _Socket:
    fd: int
    kind: Kind
    asked: str | None

    @classmethod
    def of(cls, held: Held) -> Self:
        return cls(held.sock.fileno(), held.kind, None if held.asked is None else str(held.asked))

    def taken(self) -> Held:
        sock = socket(fileno=self.fd)
        sock.set_inheritable(False)
        sock.setblocking(False)
        return Held(self.kind, None if self.asked is None else Address.parse(self.asked), sock)


@dataclass(frozen=True, slots=True)
class _Table:
    fd: int
    layout: list[dict[str, Any]]
    leased: list[int]

    @classmethod
    def of(cls, table: Table) -> Self:
        return cls(table.fd, table.layout.description(), sorted(table.leased))

    def taken(self) -> Table:
        os.set_inheritable(self.fd, False)
        return Table(self.fd, Layout.of(self.layout), self.leased)


@dataclass(frozen=True, slots=True)
class _Child:
    role: Role
    number: int
    pid: int
    table: int
    row: int
    ready_fd: int | None
    started_s: float
    ready: bool
    retired_s: float | None

    @classmethod
    def of(cls, child: Child, tables: list[Table]) -> Self:
        duty, table = child.duty, tables.index(child.table)
        where = duty.role, duty.number, child.pid, table, child.row, child.ready_fd
        return cls(*where, child.started_s, child.ready, child.retired_s)

    def taken(self, tables: list[Table]) -> Child:
        if self.ready_fd is not None:
            os.set_inheritable(self.ready_fd, False)
        return Child(
            Duty(self.role, self.number),
            self.pid,
            tables[self.table],
            self.row,
            self.ready_fd,
            self.started_s,
            ready=self.ready,
            retired_s=self.retired_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    format: int
    generation: int
    sockets: list[_Socket]
    tables: list[_Table]
    children: list[_Child]
    cpu_counted_ns: int
    is_asked_again: bool
    configuration: str | None


_STATES: Final = TypeAdapter(_State)
