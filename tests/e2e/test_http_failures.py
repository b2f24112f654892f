"""What HTTP says where the machine, and not the client, is at fault."""

import os
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.clients import exchange, program
from support.daemon import running, wait_until
from support.http_wire import HttpClient, get
from support.served_tree import DIGITS

DESCRIPTORS = 48


def test_a_worker_out_of_descriptors_says_so_and_recovers(tree, as_nobody):
    few = [program("prlimit", "util-linux"), f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"]
    with running(tree, *as_nobody, wrap=few, workers=1) as daemon:
        with ExitStack() as others, HttpClient(daemon.port) as client:
            assert client.get("/missing").status == 404
            for _ in range(DESCRIPTORS):
                address = ("127.0.0.1", daemon.port)
                others.enter_context(socket.create_connection(address, timeout=10))
            daemon.wait_for_event("accepting_paused")
            for target in ("/digits", "/large.bin"):
                answer = client.get(target)
                assert (answer.status, answer["Retry-After"]) == (503, "1")
            others.close()
            wait_until(lambda: client.get("/digits").status == 200, "descriptors to be free")
        assert exchange(daemon.port, b"digits\n") == DIGITS


def test_a_file_that_cannot_be_read_is_the_servers_fault():
    root = Path("/proc/sys/net/ipv6/conf/lo")
    secret = root / "stable_secret"  # ip-sysctl: reading it is an I/O error while it is not set
    if os.geteuid() != 0 or not _is_broken(secret):
        pytest.skip("there is no file here that cannot be read")
    with running(root) as daemon:
        assert get(daemon.port, "/stable_secret").status == 500
        assert not daemon.events("connection_failed")


def _is_broken(path):
    try:
        path.read_bytes()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
