"""Who gets which connection, and that clients who take their time cost the others nothing."""

import socket
from collections import Counter
from contextlib import ExitStack

import pytest

from support.daemon import running, wait_until
from support.http_wire import HttpClient, get
from support.processes import client_ports
from support.slow import SMALL, SlowClient, large, make_tree

WORKERS = 4


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("root"))


@pytest.fixture
def daemon(root):
    with running(root, workers=WORKERS) as daemon:
        yield daemon


def shares(daemon):
    """How many connections each worker holds."""
    return [len(client_ports(pid, daemon.port)) for pid in daemon.workers()]


def test_connections_that_come_one_by_one_and_stay_are_shared_fairly(daemon):
    with ExitStack() as clients:
        for _ in range(400):
            assert clients.enter_context(HttpClient(daemon.port)).get("/small").body == SMALL
        held = shares(daemon)
    assert sum(held) == 400
    assert max(held) <= 2 * 400 / WORKERS, held


def test_connections_that_come_all_at_once_and_stay_are_shared_fairly(daemon):
    with ExitStack() as clients:
        crowd = [clients.enter_context(HttpClient(daemon.port)) for _ in range(400)]
        for client in crowd:
            assert client.get("/small").body == SMALL
        held = shares(daemon)
    assert sum(held) == 400
    assert max(held) <= 2 * 400 / WORKERS, held


def test_the_log_says_which_worker_has_answered(daemon):
    with ExitStack() as clients:
        crowd = [clients.enter_context(HttpClient(daemon.port)) for _ in range(40)]
        for client in crowd:
            client.get("/small")
        held = Counter(dict(enumerate(shares(daemon))))
        logged = Counter(event["worker"] for event in daemon.wait_for_event("request", 40))
    assert logged == held


def test_stalled_downloads_hold_up_no_small_request(daemon):
    with ExitStack() as clients:
        stalled = [clients.enter_context(SlowClient(daemon.port)) for _ in range(50)]
        for _ in range(200):
            assert get(daemon.port, "/small").body == SMALL
        assert sum(shares(daemon)) >= 50
        assert stalled[0].finish() == large()


def test_clients_that_vanish_leave_nothing_behind(daemon):
    with ExitStack() as clients:
        for protocol in ("http", "plain"):
            for _ in range(25):
                clients.enter_context(SlowClient(daemon.port, protocol=protocol))
    states = [f'filed_connections{{state="{state}"}}' for state in ("reading", "sending", "idle")]
    wait_until(lambda: not any(map(daemon.metrics().get, states)), "all connections to be gone")
    aborted = [
        daemon.metrics()[f'filed_transfers_aborted_total{{protocol="{protocol}",reason="peer"}}']
        for protocol in ("http", "plain")
    ]
    assert aborted == [25, 25]
    assert sum(shares(daemon)) == 0


def test_half_a_request_from_many_holds_up_nobody(daemon):
    with ExitStack() as clients:
        for _ in range(100):
            client = clients.enter_context(socket.create_connection(("127.0.0.1", daemon.port)))
            client.sendall(b"GET /small HTTP/1.1\r\nHos")
        for _ in range(50):
            assert get(daemon.port, "/small").body == SMALL


def test_who_pipelines_without_reading_holds_up_nobody(daemon):
    flood = b"GET /large HTTP/1.1\r\nHost: server\r\n\r\n" * 2000
    with ExitStack() as clients:
        for _ in range(8):
            client = clients.enter_context(socket.create_connection(("127.0.0.1", daemon.port)))
            client.setblocking(False)
            client.send(flood)
        for _ in range(50):
            assert get(daemon.port, "/small").body == SMALL
        memory = daemon.metrics()['filed_process_resident_memory_bytes{role="worker"}']
    assert memory < WORKERS * 100e6
