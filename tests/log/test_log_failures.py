"""A log that cannot be written costs lines, which are counted, and nothing else."""

import json
import os
import re
import socket
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.clients import exchange
from support.daemon import running, wait_until
from support.http_wire import HttpClient
from support.slow import SMALL, make_tree

DROPPED = "filed_log_lines_dropped_total"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("root"))


@contextmanager
def running_unheard(root, stderr):
    """Serve with a standard error that tells nothing, so on ports that are chosen here."""
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        listen, metrics = (f"127.0.0.1:{free.getsockname()[1]}" for free in (one, two))
    options = ("--listen.tcp", listen, "--metrics.listen", metrics)
    with running(root, *options, stderr=stderr) as daemon:
        daemon.ready = {"tcp": [listen], "metrics": metrics}
        wait_until(lambda: serves(daemon), "the daemon to be ready")
        yield daemon


def serves(daemon):
    try:
        daemon.metrics()
        return exchange(daemon.port, b"small") == SMALL
    except OSError:  # not yet
        return False


def log_much(daemon, count):
    """Make `count` requests whose lines are as long as lines get."""
    agent = "User-Agent: " + "a" * 3500
    with HttpClient(daemon.port) as client:
        for _ in range(count):
            assert client.get("/small", agent).body == SMALL


@contextmanager
def full_disk():
    with Path("/dev/full").open("wb") as full:
        yield full


@contextmanager
def pipe_that_nobody_reads():
    reader, writer = os.pipe()
    with os.fdopen(reader), os.fdopen(writer, "wb") as end:
        yield end


@contextmanager
def pipe_without_a_reader():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as end:
        yield end


@contextmanager
def socket_that_nobody_reads():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield theirs


@pytest.mark.parametrize(
    "standard_error",
    [full_disk, pipe_that_nobody_reads, pipe_without_a_reader, socket_that_nobody_reads],
)
def test_serving_goes_on_and_what_is_lost_is_counted(root, standard_error):
    with standard_error() as stderr, running_unheard(root, stderr) as daemon:
        log_much(daemon, 400)
        wait_until(lambda: daemon.metrics()[DROPPED] >= 100, "dropped lines to be counted")
        assert exchange(daemon.port, b"small") == SMALL
        assert daemon.stop() == 0


def test_a_reader_that_comes_back_gets_whole_lines_again(root):
    reader, writer = os.pipe()
    with (
        os.fdopen(reader, "rb", buffering=0) as pipe,
        os.fdopen(writer, "wb") as stderr,
        running_unheard(root, stderr) as daemon,
    ):
        log_much(daemon, 400)
        wait_until(lambda: daemon.metrics()[DROPPED] >= 100, "dropped lines to be counted")
        received = pipe.read(1 << 20)
        exchange(daemon.port, b"the reader is back")
        while b"the reader is back" not in received:
            received += pipe.read(1 << 20)
    lines = received.split(b"\n")
    assert lines.pop() == b""
    assert all(json.loads(line) for line in lines)


def test_a_console_log_is_for_people(root):
    with running(root, "--log.format=console", workers=1, wait=False) as daemon:
        port = wait_until(lambda: port_in(daemon.log_path.read_text()), "the port in the log")
        exchange(port, b"small")
        assert daemon.stop() == 0
        lines = daemon.log_path.read_text().splitlines()
    (line,) = [line for line in lines if "plain GET small" in line]
    assert re.fullmatch(r"\S+Z 127\.0\.0\.1:\d+ plain GET small 200 13 B [0-9.]+ ms done", line)
    assert not any(line.startswith("{") for line in lines)
    assert "\x1b" not in "".join(lines)


def port_in(text):
    found = re.search(r"ready .*tcp=\['\[::\]:([0-9]+)'\]", text)
    return int(found[1]) if found else None
