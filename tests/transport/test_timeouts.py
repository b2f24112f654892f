"""How long each state of a connection may last, and what its client sees when that is over."""

import socket
from contextlib import contextmanager

import pytest

from support.daemon import running, wait_until
from support.http_wire import HttpClient
from support.slow import SMALL, SlowClient, large, make_tree


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="module")
def daemon(root):
    """One that is short of patience."""
    with running(
        root,
        *("--timeouts.head=0.4", "--timeouts.idle=0.6", "--timeouts.stall=0.8"),
        workers=1,
    ) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def demanding(root):
    """One that wants two megabytes a second to be taken, but for the first half second."""
    with running(
        root, "--timeouts.min_rate=2000000", "--timeouts.min_rate_grace=0.5", workers=1
    ) as daemon:
        yield daemon


def connect(daemon):
    return socket.create_connection(("127.0.0.1", daemon.port), timeout=10)


@contextmanager
def one_more(daemon, series):
    """Expect a counter to go up by one within the block."""
    before = daemon.metrics()[series]
    yield
    wait_until(lambda: daemon.metrics()[series] == before + 1, f"{series} to be {before + 1:g}")


def phase(name):
    return f'filed_timeouts_total{{phase="{name}"}}'


def aborted(reason, protocol="http"):
    return f'filed_transfers_aborted_total{{protocol="{protocol}",reason="{reason}"}}'


def test_who_says_nothing_is_let_go_without_a_word(daemon):
    with one_more(daemon, phase("head")), connect(daemon) as client:
        assert client.recv(100) == b""


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b"GET /small HTTP/1.1\r\nHost: serv", id="a head"),
        pytest.param(b"GET /small HT", id="a request line"),
        pytest.param(
            b"GET /small HTTP/1.1\r\nHost: server\r\nContent-Length: 9\r\n\r\nhalf", id="a body"
        ),
    ],
)
def test_a_part_of_a_request_is_answered_with_408(daemon, part):
    with one_more(daemon, phase("head")), HttpClient(daemon.port) as client:
        client.send(part)
        answer = client.answer()
        assert (answer.status, answer["connection"]) == (408, "close")
        assert client.is_closed()


def test_dribbling_buys_no_time(daemon):
    """The whole head has its time, not each byte of it."""
    with one_more(daemon, phase("head")), connect(daemon) as client:
        client.sendall(b"GET /small HTTP/1.1\r\n")
        client.settimeout(0.05)
        assert b"HTTP/1.1 408 " in dribble(client)


def dribble(client):
    while True:
        client.sendall(b"X-More: of it\r\n")
        try:
            return client.recv(100)
        except TimeoutError:
            continue


def test_an_idle_connection_is_ended_cleanly(daemon):
    with one_more(daemon, phase("idle")), HttpClient(daemon.port) as client:
        assert client.get("/small").body == SMALL
        assert client.is_closed()


def test_empty_lines_are_no_request(daemon):
    with one_more(daemon, phase("idle")), HttpClient(daemon.port) as client:
        assert client.get("/small").body == SMALL
        client.send(b"\r\n\r\n")
        assert client.is_closed()


@pytest.mark.parametrize("protocol", ["http", "plain"])
def test_who_takes_nothing_of_a_large_file_is_cut_off(daemon, protocol):
    with (
        one_more(daemon, aborted("stall", protocol)),
        one_more(daemon, phase("stall")),
        SlowClient(daemon.port, protocol=protocol) as client,
    ):
        logged = wait_for_line(daemon, client, "stall")
        with pytest.raises(ConnectionResetError):
            client.finish()
    assert logged["status"] == 200
    assert logged["sent"] < logged["expected"]


def wait_for_line(daemon, client, outcome):
    """Wait until the log tells that a client's request has ended so, and return what it says."""
    return wait_until(
        lambda: next(
            (
                event
                for event in daemon.events("request")
                if (event["port"], event["outcome"]) == (client.port, outcome)
            ),
            None,
        ),
        f"a request to end as {outcome}",
    )


def test_who_takes_a_little_now_and_then_is_not(daemon):
    before = daemon.metrics()[phase("stall")]
    with SlowClient(daemon.port) as client:
        slowly = client.finish(pause_s=0.2)
    assert slowly == large()
    assert daemon.metrics()[phase("stall")] == before


def test_who_sips_is_not_either_though_nothing_more_can_be_sent_for_long(daemon):
    before = daemon.metrics()[phase("stall")]
    with SlowClient(daemon.port) as client:
        client.sip(seconds=4 * 0.8)
        assert client.finish() == large()
    assert daemon.metrics()[phase("stall")] == before


def test_who_never_ends_a_finished_connection_is_not_waited_for(daemon):
    with one_more(daemon, phase("linger")), HttpClient(daemon.port) as client:
        assert client.get("/small", "Connection: close").body == SMALL
        assert client.is_closed()
        wait_until(lambda: cannot_send(client), "the connection to be gone")


def cannot_send(client):
    try:
        client.send(b"more")
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


def test_who_takes_less_than_the_least_rate_is_cut_off(demanding):
    with (
        one_more(demanding, aborted("min_rate")),
        one_more(demanding, phase("min_rate")),
        SlowClient(demanding.port) as client,
    ):
        wait_for_line(demanding, client, "min_rate")
        with pytest.raises(ConnectionResetError):
            client.finish()


def test_who_takes_enough_may_take_long(demanding):
    with SlowClient(demanding.port) as client:
        assert client.finish(pause_s=0.15) == large()
