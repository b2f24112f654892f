"""Exporters in forked children, for the tests of `filed.process.exporter`."""

import http.client
import os
import signal
import socket
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from filed.metrics.process import ProcessStats
from filed.metrics.table import Table
from filed.process import exporter

PATIENCE_S = 30


@dataclass
class Exporter:
    """One that runs in a forked child."""

    pid: int
    pidfd: int
    table: Table
    row: memoryview
    worker_row: memoryview
    address: tuple[str, int]

    def fetch(
        self, path: str, *, method: str = "GET", accept: str = "", body: bytes | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE_S)
        connection.request(method, path, headers={"Accept": accept}, body=body)
        response = connection.getresponse()
        page = response.read()
        connection.close()
        return response, page

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=PATIENCE_S)

    def exit_code(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)


class Start:
    """Starts exporters, and ends them after the test."""

    def __init__(self) -> None:
        self._running: list[Exporter] = []

    def __call__(
        self,
        sock: socket.socket | None = None,
        *,
        host: str = "127.0.0.1",
        master_pidfd: int | None = None,
    ) -> Exporter:
        sock = sock or socket.create_server(("127.0.0.1", 0))
        table = Table.create(rows=4)
        row, worker_row = table.row(table.lease()), table.row(table.lease())
        own_pidfd = os.pidfd_open(os.getpid())
        pidfd = own_pidfd if master_pidfd is None else master_pidfd
        is_ready, say_ready = os.pipe()
        pid = os.fork()
        if pid == 0:
            be_exporter(sock, table, row, pidfd, lambda: os.close(say_ready))
        address = (host, sock.getsockname()[1])
        running = Exporter(pid, own_pidfd, table, row, worker_row, address)
        self._running.append(running)
        os.close(say_ready)
        sock.close()
        os.read(is_ready, 1)  # returns when the child has closed its end: ready, or dead
        os.close(is_ready)
        return running

    def end_all(self) -> None:
        for running in self._running:
            if running.pid:
                os.kill(running.pid, signal.SIGKILL)
                os.waitpid(running.pid, 0)
            os.close(running.pidfd)
            running.table.close()


def be_exporter(
    sock: socket.socket,
    table: Table,
    row: memoryview,
    master_pidfd: int,
    ready: Callable[[], None],
) -> None:
    code = 1
    try:
        code = exporter.run(
            sock,
            table,
            row,
            stats=ProcessStats(row, "exporter"),
            master_pidfd=master_pidfd,
            heartbeat_age_s=60,
            ready=ready,
        )
    except BaseException:  # noqa: BLE001 - whatever it is, the child must not run the other tests
        traceback.print_exc()
    finally:
        os._exit(code)


def wait_until(happened: Callable[[], bool]) -> None:
    """For what the exporter writes into the table, which nobody can be woken by."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
