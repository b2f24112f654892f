"""Clients that close their socket with the last ACK, while something is on its way to them."""

import os
import signal
from contextlib import contextmanager

from support.daemon import running, wait_until
from support.processes import status
from support.tftp import Client
from support.tftp_transfers import ends, under_way


@contextmanager
def held(pid):
    """Keep a process from running while the block lasts."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: status(pid)["State"].startswith("T"), "it to stand still")
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def assert_ends(daemon, how):
    wait_until(lambda: under_way(daemon) == 0, "the transfer to be over")
    assert ends(daemon) == {how: 1}


def begin(client):
    """Receive all of a file of three blocks, without confirming them."""
    client.begin(b"file", blksize=8, windowsize=4)
    client.ack(0)
    assert b"".join(client.receive().body for _ in range(3)) == b"twenty bytes of them"


def test_a_file_that_was_confirmed_has_arrived_though_the_client_is_gone_by_then(tmp_path):
    (tmp_path / "file").write_bytes(b"twenty bytes of them")
    with running(tmp_path, workers=1) as daemon:
        with Client(daemon) as client:
            begin(client)
            with held(*daemon.workers()):
                client.ack(0)  # has all of it sent again, to nobody
                client.ack(3)
                client.sock.close()
        assert_ends(daemon, "done")


def test_a_file_that_was_not_confirmed_has_not_arrived(tmp_path):
    (tmp_path / "file").write_bytes(b"twenty bytes of them")
    with running(tmp_path, workers=1) as daemon:
        with Client(daemon) as client:
            begin(client)
            with held(*daemon.workers()):
                client.ack(0)
                client.ack(2)
                client.sock.close()
        assert_ends(daemon, "peer")
