"""What happens at each limit: who is refused, who has to wait, and that nobody is lost."""

import socket
import time
from contextlib import ExitStack

import pytest

from support.clients import program
from support.daemon import running, wait_until
from support.http_wire import HttpClient, get, request
from support.slow import SMALL, large, make_tree


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("root"))


def rejected(daemon, reason):
    return daemon.metrics()[f'filed_connections_rejected_total{{reason="{reason}"}}']


def queue_up(daemon, clients, count):
    """Connect clients that each ask for `small`, without waiting for answers."""
    waiting = [clients.enter_context(HttpClient(daemon.port)) for _ in range(count)]
    for client in waiting:
        client.send(request("/small"))
    return waiting


def test_a_full_worker_takes_in_who_waits_when_another_leaves(root):
    with running(root, "--limits.connections=3", workers=1) as daemon, ExitStack() as clients:
        waiting = queue_up(daemon, clients, 12)
        answered = []
        while waiting:
            first, *waiting = waiting
            assert first.answer().body == SMALL
            answered.append(first)
            if len(answered) == 3:
                wait_until(lambda: rejected(daemon, "full") >= 1, "the worker to be full")
                idle = daemon.metrics()['filed_connections{state="idle"}']
                assert idle == 3
            if len(answered) >= 3:
                answered.pop(0).sock.close()
        assert daemon.metrics()["filed_connections_accepted_total"] == 12


def test_two_full_workers_hold_what_they_may_and_no_more(root):
    with running(root, "--limits.connections=4") as daemon, ExitStack() as clients:
        waiting = queue_up(daemon, clients, 20)
        accepted = "filed_connections_accepted_total"
        wait_until(lambda: daemon.metrics()[accepted] == 8, "both workers to be full")
        assert daemon.wait_for_event("accepting_paused")[0]["reason"] == "full"
        assert daemon.metrics()[accepted] == 8
        for client in waiting:
            assert client.answer().body == SMALL
            client.sock.close()
        assert daemon.metrics()[accepted] == 20


def test_a_client_over_its_own_limit_is_let_go_at_once(root):
    with running(root, "--limits.per_client=2", workers=1) as daemon, ExitStack() as clients:
        held = [clients.enter_context(HttpClient(daemon.port)) for _ in range(2)]
        for client in held:
            assert client.get("/small").body == SMALL
        third = clients.enter_context(HttpClient(daemon.port))
        assert third.is_closed()
        assert rejected(daemon, "per_client") == 1
        with socket.create_connection(("::1", daemon.port), 10) as other:
            other.sendall(b"small")
            assert other.recv(100) == SMALL
        held[0].sock.close()
        wait_until(lambda: admitted(daemon), "the place to be free again")
        assert held[1].get("/small").body == SMALL


def admitted(daemon):
    try:
        return get(daemon.port, "/small").body == SMALL
    except (AssertionError, ConnectionResetError):  # let go at once
        return False


@pytest.fixture
def few_descriptors(root):
    """A daemon whose processes may have no more than 40 descriptors each."""
    prlimit = program("prlimit", "util-linux")
    with running(root, wrap=[prlimit, "--nofile=40"], workers=1) as daemon:
        yield daemon


def test_who_comes_when_descriptors_have_run_out_waits_and_is_served(few_descriptors):
    daemon = few_descriptors
    with ExitStack() as clients:
        waiting = queue_up(daemon, clients, 60)
        wait_until(lambda: rejected(daemon, "descriptors") >= 1, "descriptors to run out")
        assert daemon.wait_for_event("accepting_paused")[0]["reason"] == "descriptors"
        for client in waiting:
            # Those that took the last descriptors left none to open a file with.
            assert client.answer().status in (200, 503)
            client.sock.close()
    assert daemon.metrics()["filed_connections_accepted_total"] == 60
    assert get(daemon.port, "/large").body == large()


def test_who_asks_for_a_file_when_descriptors_have_run_out_is_told_to_come_again(few_descriptors):
    daemon = few_descriptors
    with ExitStack() as clients:
        first, *others = [clients.enter_context(HttpClient(daemon.port)) for _ in range(60)]
        wait_until(lambda: rejected(daemon, "descriptors") >= 1, "descriptors to run out")
        answer = first.get("/large")
        assert (answer.status, answer["retry-after"]) == (503, "1")
        for other in others:
            other.sock.close()
        wait_until(lambda: first.get("/large").status == 200, "a descriptor to be free")


RATE = 2_000_000


def test_the_rate_of_a_connection_is_held_by_the_kernel(root):
    with running(root, f"--limits.rate={RATE}", workers=1) as daemon:
        began = time.monotonic()
        assert get(daemon.port, "/large", "Range: bytes=0-5999999").body == large()[:6_000_000]
        took = time.monotonic() - began
    # What leaves before the pace is set, and the last piece, come on top of the rate.
    assert 6_000_000 / took < 2 * RATE
    assert 6_000_000 / took > RATE / 4


@pytest.fixture(scope="module")
def terse(root):
    with running(
        root, "--limits.request_line=300", "--limits.request_head=1500", workers=1
    ) as daemon:
        yield daemon


def line_of(size):
    return request("/" + "x" * (size - len("GET / HTTP/1.1")))


def head_of(size):
    return request("/small", "X-Padding: " + "x" * (size - len(request("/small", "X-Padding: "))))


@pytest.mark.parametrize(
    ("head", "status"),
    [
        pytest.param(line_of(300), 404, id="a line of the limit"),
        pytest.param(line_of(301), 414, id="a line over it"),
        pytest.param(b"GET /" + b"x" * 400, 414, id="a line without an end"),
        pytest.param(head_of(1500), 200, id="a head of the limit"),
        pytest.param(head_of(1501), 431, id="a head over it"),
        pytest.param(head_of(3000)[:2000], 431, id="a head without an end"),
    ],
)
def test_long_requests_are_refused_at_the_limit(terse, head, status):
    with HttpClient(terse.port) as client:
        client.send(head)
        assert client.answer().status == status
    wait_until(lambda: counted(terse, status), f"{status} to be counted")


def counted(daemon, status):
    start = f'filed_requests_total{{code="{status}",'
    return sum(value for series, value in daemon.metrics().items() if series.startswith(start))
