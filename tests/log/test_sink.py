"""The sink on real pipes, sockets and files."""

import fcntl
import os
import resource
import signal
import socket
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from filed.log.sink import PIPE_BYTES, Sink


@contextmanager
def pipe():
    reader, writer = os.pipe()
    try:
        yield reader, writer
    finally:
        os.close(reader)
        os.close(writer)


@contextmanager
def sink_on(fd):
    with closing(Sink(fd)) as sink:
        yield sink


def add_all(sink, lines):
    for line in lines:
        sink.add(line)


def numbered(count, size=100):
    return [b"%*d\n" % (size - 1, number) for number in range(count)]


def taken(reader):
    """What a pipe or socket holds now, in the pieces that it gives."""
    os.set_blocking(reader, False)
    pieces = []
    try:
        while piece := os.read(reader, 1 << 20):
            pieces.append(piece)
    except BlockingIOError:
        pass
    return b"".join(pieces)


def test_lines_are_written_when_flushed_and_not_before():
    with pipe() as (reader, writer), sink_on(writer) as sink:
        sink.add(b"one\n")
        assert taken(reader) == b""
        sink.add(b"two\n")
        sink.flush()
        assert taken(reader) == b"one\ntwo\n"


def test_a_flush_of_nothing_writes_nothing():
    with pipe() as (reader, writer), sink_on(writer) as sink:
        sink.flush()
        assert taken(reader) == b""


def test_64_kib_are_written_without_being_asked(tmp_path):
    with (tmp_path / "log").open("wb") as file, sink_on(file.fileno()) as sink:
        lines = numbered(700)
        add_all(sink, lines)
        assert (tmp_path / "log").read_bytes() == b"".join(lines[:656])
        sink.flush()
        assert (tmp_path / "log").read_bytes() == b"".join(lines)


def test_a_pipe_that_nobody_reads_blocks_nobody_and_what_is_lost_is_counted():
    with pipe() as (reader, writer), sink_on(writer) as sink:
        lines = numbered(10_000)
        add_all(sink, lines)
        sink.flush()
        kept = taken(reader).splitlines(keepends=True)
        assert kept == lines[: len(kept)]
        assert len(kept) + sink.dropped == len(lines)
        assert sink.dropped > 9000
        sink.add(b"again\n")
        sink.flush()
        assert taken(reader) == b"again\n"


def test_a_pipe_without_a_reader_loses_lines_and_counts_them():
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as end, sink_on(end.fileno()) as sink:
        os.close(reader)
        add_all(sink, numbered(3))
        sink.flush()
        assert sink.dropped == 3


def test_a_pipe_whose_reader_had_gone_before_loses_lines_and_counts_them():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as end, sink_on(end.fileno()) as sink:
        add_all(sink, numbered(3))
        sink.flush()
        assert sink.dropped == 3


def test_a_full_disk_loses_lines_and_counts_them():
    with Path("/dev/full").open("wb") as full, sink_on(full.fileno()) as sink:
        add_all(sink, numbered(1000))
        sink.flush()
        assert sink.dropped == 1000
        assert (sink.take_dropped(), sink.take_dropped()) == (1000, 0)


def test_what_others_have_open_stays_as_they_set_it():
    with pipe() as (_, writer):
        before = fcntl.fcntl(writer, fcntl.F_GETFL)
        with sink_on(writer) as sink:
            add_all(sink, numbered(10_000))
            assert fcntl.fcntl(writer, fcntl.F_GETFL) == before
            assert os.get_blocking(writer)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET])
def test_a_socket_gets_lines_and_never_waits(kind):
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    with ours, theirs, sink_on(theirs.fileno()) as sink:
        lines = numbered(50_000)
        add_all(sink, lines)
        sink.flush()
        assert theirs.getblocking()
        kept = taken(ours.fileno()).splitlines(keepends=True)
        assert kept == lines[: len(kept)]
        assert 0 < len(kept) < len(lines)
        assert len(kept) + sink.dropped == len(lines)


def test_a_packet_socket_gets_whole_lines_in_packets_that_stay_whole():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, sink_on(theirs.fileno()) as sink:
        lines = [b"x" * size + b"\n" for size in (1, 4094, 4095, 100, 4000, 95, 94, 2000, 2095)]
        add_all(sink, lines)
        sink.flush()
        ours.setblocking(False)
        packets = []
        while sum(map(len, packets)) < sum(map(len, lines)):
            packets.append(ours.recv(1 << 20))
    assert b"".join(packets) == b"".join(lines)
    assert max(map(len, packets)) == PIPE_BYTES
    assert all(packet.endswith(b"\n") for packet in packets)


def test_a_line_torn_by_a_disk_that_filled_up_is_ended_before_the_next(tmp_path):
    """A limit on the file's size stands for the full disk; it, too, takes a part of a write."""
    child = os.fork()
    if child == 0:
        _write_to_a_small_file(tmp_path / "log", tmp_path / "dropped")
    _, status = os.waitpid(child, 0)
    assert status == 0
    lines = (tmp_path / "log").read_bytes().splitlines(keepends=True)
    whole = [b"a" * 98 + b"\n", b"b" * 98 + b"\n"]
    assert lines == [*whole, b"c" * 52 + b"\n", b"d\n"]
    assert (tmp_path / "dropped").read_text() == "3"


def _write_to_a_small_file(log, dropped):
    code = 1
    try:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (250, resource.RLIM_INFINITY))
        with log.open("wb") as file:
            sink = Sink(file.fileno())
            add_all(sink, [letter * 98 + b"\n" for letter in (b"a", b"b", b"c")])
            sink.flush()
            add_all(sink, [b"lost\n", b"lost too\n"])
            sink.flush()
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            sink.add(b"d\n")
            sink.flush()
        dropped.write_text(str(sink.dropped))
        code = 0
    finally:
        os._exit(code)
