"""What a master writes down for the one after it is what that one reads."""

import os
import socket
from contextlib import ExitStack

import pytest

from filed.metrics.catalogue import LAYOUT, WORKERS
from filed.metrics.layout import Layout
from filed.metrics.table import MASTER_ROW, Table
from filed.process.children import Child, Duty, Role
from filed.process.handover import Handover
from filed.process.listeners import Held, Kind
from filed.settings import Address, Settings

RUNNING = WORKERS.slot("running")


@pytest.fixture
def closing():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def table(closing):
    table = Table.create(rows=5)
    closing.callback(table.close)
    return table


def read_back(handover, closing):
    """Hand over within this process, by descriptors of their own."""
    written = handover.write()
    copies = {fd: os.dup(fd) for fd in handover.descriptors()}
    text = os.pread(written, 1 << 20, 0).decode()
    os.close(written)
    for fd, copy in copies.items():
        for key in ("fd", "ready_fd"):
            text = text.replace(f'"{key}":{fd},', f'"{key}":{copy},')
    fd = os.memfd_create("copy")
    os.write(fd, text.encode())
    result = Handover.read(fd)
    os.close(fd)
    for each in result.tables:
        closing.callback(each.close)
    for held in result.held:
        closing.callback(held.sock.close)
    for child in result.children:
        closing.callback(child.close_ready_fd)
    return result


def test_all_of_it_comes_through(table, closing):
    table.row(MASTER_ROW)[RUNNING] = 7
    sock = socket.create_server(("127.0.0.1", 0))
    reader, writer = os.pipe()
    closing.callback(sock.close)
    closing.callback(os.close, reader)
    closing.callback(os.close, writer)
    child = Child(Duty(Role.WORKER, 3), 4711, table, table.lease(), reader, 12.5, retired_s=13.5)
    before = Handover(
        generation=2,
        held=[Held(Kind.TCP, Address("127.0.0.1", 0), sock), Held(Kind.UDP, None, sock.dup())],
        tables=[table],
        children=[child],
        cpu_counted_ns=99,
        is_asked_again=True,
        configuration="workers = 1\n",
    )
    closing.callback(before.held[1].sock.close)
    after = read_back(before, closing)

    assert (after.generation, after.cpu_counted_ns) == (2, 99)
    assert (after.is_asked_again, after.configuration) == (True, "workers = 1\n")
    assert [(held.kind, held.asked) for held in after.held] == [
        (held.kind, held.asked) for held in before.held
    ]
    assert after.held[0].sock.getsockname() == sock.getsockname()
    assert not after.held[0].sock.getblocking()
    assert after.tables[0].row(MASTER_ROW)[RUNNING] == 7
    assert after.tables[0].leased == {child.row}
    (other,) = after.children
    assert (other.duty, other.pid, other.row) == (child.duty, child.pid, child.row)
    assert (other.started_s, other.retired_s, other.ready) == (12.5, 13.5, False)
    assert not any(map(os.get_inheritable, after.descriptors()))


def test_another_format_is_refused(closing, table):
    fd = os.memfd_create("other")
    closing.callback(os.close, fd)
    written = Handover(tables=[table]).write()
    text = os.pread(written, 1 << 20, 0)
    os.close(written)
    os.write(fd, text.replace(b'"format":1', b'"format":2'))
    with pytest.raises(ValueError, match="format 2"):
        Handover.read(fd)


def test_a_table_of_this_layout_is_gone_on_with(table):
    assert Handover(tables=[table]).take_tables() == (table, [])


def test_a_table_of_another_layout_is_kept_beside_a_new_one(closing):
    layout = Layout()
    layout.counter("other_total", "O.")
    gauge = layout.gauge("open", "O.")
    former = Table.create(rows=3, layout=layout)
    closing.callback(former.close)
    former.row(MASTER_ROW)[gauge.slot()] = 3
    table, others = Handover(tables=[former]).take_tables()
    closing.callback(table.close)
    assert table.layout is LAYOUT
    assert others == [former]
    assert former.row(MASTER_ROW)[gauge.slot()] == 0


def test_a_socket_that_is_asked_for_is_kept_and_one_that_is_not_can_be_given_up(closing):
    kept, given_up = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    here, there = Address("127.0.0.1", 0), Address("127.0.0.2", 0)
    handover = Handover(held=[Held(Kind.TCP, here, kept), Held(Kind.TCP, there, given_up)])
    settings = Settings.model_validate(
        {"listen": {"tcp": [here], "udp": []}, "metrics": {"listen": None}}
    )
    listeners = handover.listeners(settings)
    closing.callback(listeners.close)
    assert listeners.tcp == [kept]
    assert [held.sock for held in listeners.given_up] == [given_up]
    listeners.close_given_up()
    assert given_up.fileno() == -1
    assert listeners.given_up == []


def test_there_is_room_for_as_many_children_as_rows_are_free(table):
    handover = Handover(tables=[table])
    table.lease()
    table.lease()
    handover.check_room(2)
    with pytest.raises(OSError, match="2 processes of earlier reloads have yet to finish"):
        handover.check_room(3)


def test_a_table_of_another_layout_leaves_room_for_all(closing):
    layout = Layout()
    layout.counter("other_total", "O.")
    former = Table.create(rows=2, layout=layout)
    closing.callback(former.close)
    Handover(tables=[former]).check_room(256)
