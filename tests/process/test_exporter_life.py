"""The exporter as a process: when it ends, what it writes, whom it bears with."""

import itertools
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from filed.metrics.catalogue import (
    EXPORTER_HEARTBEAT,
    PROCESS_CPU,
    PROCESS_FDS,
    PROCESS_MEMORY,
    WORKER_HEARTBEAT,
)
from filed.process import exporter
from support.exporter_child import PATIENCE_S, Start, wait_until


@pytest.fixture
def start() -> Iterator[Start]:
    starts = Start()
    yield starts
    starts.end_all()


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
def test_it_ends_when_asked_to(start: Start, number: signal.Signals) -> None:
    running = start()
    os.kill(running.pid, number)
    assert running.exit_code() == 0


def test_it_ends_in_spite_of_a_client_that_hangs(start: Start) -> None:
    running = start()
    with running.connect() as silent:
        running.fetch("/")  # accepted after the silent one
        os.kill(running.pid, signal.SIGUSR1)
        assert running.exit_code() == 0
        assert silent.recv(1) == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGINT, signal.SIGHUP])
def test_what_is_sent_to_the_whole_group_does_not_end_it(
    start: Start, number: signal.Signals
) -> None:
    running = start()
    os.kill(running.pid, number)
    assert running.fetch("/")[0].status == 200


def test_it_can_be_stopped_although_the_master_blocked_signals_around_the_fork(
    start: Start,
) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        running = start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    os.kill(running.pid, signal.SIGUSR1)
    assert running.exit_code() == 0


def test_it_ends_with_its_master(start: Start) -> None:
    with subprocess.Popen(["sleep", "600"]) as master:
        pidfd = os.pidfd_open(master.pid)
        running = start(master_pidfd=pidfd)
        assert running.fetch("/")[0].status == 200
        master.kill()
        assert running.exit_code() == 0
        os.close(pidfd)


def test_its_row_is_kept_up_to_date(start: Start) -> None:
    before_ns = time.time_ns()
    running = start()
    beat = EXPORTER_HEARTBEAT.slot()
    first_ns = running.row[beat]
    assert first_ns >= before_ns - 10**6
    wait_until(lambda: running.row[beat] > first_ns)  # though nobody asks it anything
    assert running.row[PROCESS_CPU.slot("exporter")] > 0
    assert running.row[PROCESS_MEMORY.slot("exporter")] > 2**20
    assert running.row[PROCESS_FDS.slot("exporter")] > 3


def test_it_is_no_worker(start: Start) -> None:
    running = start()
    assert running.row[WORKER_HEARTBEAT.slot()] == 0
    assert b"\nfiled_worker_heartbeat_timestamp_seconds" not in running.fetch("/metrics")[1]


def test_silent_clients_get_a_fixed_number_of_places_and_the_oldest_goes_first(
    start: Start,
) -> None:
    running = start()
    before = descriptors(running.pid)
    with ExitStack() as clients:
        silent = [clients.enter_context(running.connect()) for _ in range(24)]
        assert [client.recv(1) for client in silent[:8]] == [b""] * 8
        wait_until(lambda: descriptors(running.pid) == before + 16)
        silent[8].setblocking(False)
        with pytest.raises(BlockingIOError):
            silent[8].recv(1)


def test_who_answers_at_once_is_served_at_once_however_many_hang(start: Start) -> None:
    running = start()
    running.worker_row[WORKER_HEARTBEAT.slot()] = time.time_ns()
    with ExitStack() as clients:
        for _ in range(64):
            clients.enter_context(running.connect())
        begun_s = time.monotonic()
        assert running.fetch("/healthz")[0].status == 200
        assert time.monotonic() - begun_s < 1.5


def lowest_free_descriptor(pid: int) -> int:
    used = {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    return next(number for number in itertools.count() if number not in used)


def memory_too_small_for_a_stack(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    return pages * resource.getpagesize() + 2**20


@pytest.mark.parametrize(
    ("limit", "shortage"),
    [
        (resource.RLIMIT_NOFILE, lowest_free_descriptor),
        (resource.RLIMIT_AS, memory_too_small_for_a_stack),
    ],
)
def test_it_outlives_a_shortage_of_descriptors_and_of_threads(
    start: Start, limit: int, shortage: Callable[[int], int]
) -> None:
    running = start()
    before = resource.prlimit(running.pid, limit)
    resource.prlimit(running.pid, limit, (shortage(running.pid), before[1]))
    with running.connect():
        beat_ns = running.row[EXPORTER_HEARTBEAT.slot()]
        wait_until(lambda: running.row[EXPORTER_HEARTBEAT.slot()] > beat_ns)
        resource.prlimit(running.pid, limit, before)
        assert running.fetch("/")[0].status == 200


def descriptors(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def test_those_who_hold_every_place_lose_it_after_a_while(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter, "_EXCHANGE_S", 0.1)
    running = start()
    with ExitStack() as clients:
        silent = [clients.enter_context(running.connect()) for _ in range(16)]
        assert running.fetch("/")[0].status == 200
        assert [client.recv(1) for client in silent] == [b""] * 16


def test_a_client_that_dribbles_is_cut_off_too(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter, "_EXCHANGE_S", 0.1)
    with start().connect() as dribbling:
        dribbling.sendall(b"GET /metrics HTTP/1.1\r\n")
        dribbling.settimeout(0.05)
        deadline_s = time.monotonic() + PATIENCE_S
        while not gone_after_another_field(dribbling):
            assert time.monotonic() < deadline_s


def gone_after_another_field(client: socket.socket) -> bool:
    try:
        client.sendall(b"X: y\r\n")
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "sent",
    [b"", b"\0\xff\r\n", b"GET\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"GET /metrics HTTP/1.1\r\n"],
)
def test_whatever_a_client_sends_the_next_one_is_served(start: Start, sent: bytes) -> None:
    running = start()
    with running.connect() as client:
        client.sendall(sent)
    assert running.fetch("/metrics")[0].status == 200


ALONE = """
import os, socket, sys
from filed.metrics.process import ProcessStats
from filed.metrics.table import Table
from filed.process import exporter

class Tell:
    def find_spec(self, name, path, target=None):
        os.write(2, f"imported {name}\\n".encode())

def ready():
    sys.meta_path.insert(0, Tell())
    os.write(1, b"ready")

table = Table.create(rows=2)
sock = socket.socket(fileno=int(sys.argv[1]))
master = os.pidfd_open(os.getppid())
row = table.row(table.lease())
stats = ProcessStats(row, "exporter")
sys.exit(exporter.run(sock, table, row, stats=stats, master_pidfd=master,
                      heartbeat_age_s=60, ready=ready))
"""


def test_once_started_it_imports_nothing_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        address = sock.getsockname()
        alone = subprocess.Popen(
            [sys.executable, "-c", ALONE, str(sock.fileno())],
            pass_fds=[sock.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    try:
        assert alone.stdout.read(5) == b"ready"
        for head in (
            "GET /metrics HTTP/1.1\r\nAccept: text/plain",
            "GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text",
            "HEAD /healthz HTTP/1.1\r\nHost: x",
            "POST / HTTP/1.0\r\nHost: x",
            "BREW / HTTP/1.1\r\nHost: x",
            "GET / HTTP/9.9\r\nHost: x",
        ):
            assert conversation(address, head) != b""
        alone.send_signal(signal.SIGUSR1)
        _, told = alone.communicate(timeout=PATIENCE_S)
    finally:
        alone.kill()
        alone.wait()
    assert told == b""
    assert alone.returncode == 0


def conversation(address: tuple[str, int], head: str) -> bytes:
    with socket.create_connection(address, timeout=PATIENCE_S) as client:
        client.sendall(f"{head}\r\n\r\n".encode())
        return b"".join(iter(lambda: client.recv(65536), b""))
