"""A log that cannot be written costs lines, which are counted, and nothing else."""

import json
import os
import re
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from filed.metrics.catalogue import LOG_LINES_DROPPED, REQUESTS
from support.clients import exchange, program
from support.daemon import running, wait_until
from support.http_wire import HttpClient
from support.processes import shared_table
from support.slow import SMALL, make_tree

DROPPED = "filed_log_lines_dropped_total"
# Only requests are logged then, so they are all that can be dropped.
QUIET = "--log.level=error"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("root"))


@contextmanager
def running_unheard(root, stderr, *more, wrap=(), workers=2):
    """Serve with a standard error that tells nothing, so on ports that are chosen here."""
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        listen, metrics = (f"127.0.0.1:{free.getsockname()[1]}" for free in (one, two))
    options = ("--listen.tcp", listen, "--metrics.listen", metrics, *more)
    with running(root, *options, stderr=stderr, wrap=wrap, workers=workers) as daemon:
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


# What standard error may be. Each yields it, and a function that reads what has got through.


@contextmanager
def full_disk():
    with Path("/dev/full").open("wb") as full:
        yield full, bytes


@contextmanager
def pipe_that_nobody_reads():
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with os.fdopen(reader, "rb") as pipe, os.fdopen(writer, "wb") as end:
        yield end, pipe.read


@contextmanager
def pipe_without_a_reader():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as end:
        yield end, bytes


@contextmanager
def socket_that_nobody_reads():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with theirs, os.fdopen(ours.detach(), "rb") as end:
        yield theirs, end.read


@pytest.mark.parametrize(
    "standard_error",
    [full_disk, pipe_that_nobody_reads, pipe_without_a_reader, socket_that_nobody_reads],
)
def test_serving_goes_on_and_each_line_is_written_whole_or_counted(root, standard_error):
    with (
        standard_error() as (stderr, read_back),
        running_unheard(root, stderr, QUIET) as daemon,
        shared_table(daemon) as table,
    ):
        log_much(daemon, 400)
        wait_until(lambda: daemon.metrics()[DROPPED] >= 100, "dropped lines to be counted")
        assert exchange(daemon.port, b"small") == SMALL
        assert daemon.stop() == 0
        *lines, rest = (read_back() or b"").split(b"\n")
        assert rest == b""
        assert all(json.loads(line)["event"] == "request" for line in lines)
        assert len(lines) + table.total(LOG_LINES_DROPPED.slot()) == requests(table) > 400


def requests(table):
    return sum(map(table.total, REQUESTS.slots.values()))


# Mounts a small file system for the daemon alone, fills it but for a little, and logs to it.
TO_SMALL_DISK = """
mount -t tmpfs -o size=128k none "$0" && head -c 64k /dev/zero > "$0/other" && exec "$@" 2> "$0/log"
"""


@pytest.fixture
def small_disk(tmp_path):
    """Returns what to put before a daemon's command line, and where it sees its log then."""
    unshare = [program("unshare", "util-linux"), "--mount"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a file system")
    return [*unshare, "sh", "-c", TO_SMALL_DISK, str(tmp_path)], tmp_path


@pytest.fixture
def unlogged(root, small_disk):
    """A daemon whose log fills its disk; the folder of that as seen from here.

    It has one worker: what one process has torn when the disk was full, another does not know of,
    and its next line may be torn with it.
    """
    wrap, folder = small_disk
    with running_unheard(root, subprocess.DEVNULL, QUIET, wrap=wrap, workers=1) as daemon:
        yield daemon, Path(f"/proc/{daemon.process.pid}/root{folder}")


def test_a_full_disk_costs_lines_and_once_it_has_room_they_are_whole_again(unlogged):
    daemon, folder = unlogged
    with (folder / "log").open("rb") as log, shared_table(daemon) as table:
        log_much(daemon, 400)
        wait_until(lambda: daemon.metrics()[DROPPED] >= 100, "dropped lines to be counted")
        (folder / "other").unlink()
        exchange(daemon.port, b"there is room")
        wait_until(lambda: b"there is room" in (folder / "log").read_bytes(), "the line of that")
        assert daemon.stop() == 0
        lines = log.read().split(b"\n")
        assert lines.pop() == b""
        whole = [line for line in lines if is_whole(line)]
        # One was torn when the disk filled up.
        assert len(lines) - len(whole) <= 1
        assert any(b"there is room" in line for line in whole)
        assert len(whole) + table.total(LOG_LINES_DROPPED.slot()) == requests(table) > 400


def is_whole(line):
    try:
        return json.loads(line)["event"] == "request"
    except ValueError:
        return False


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
