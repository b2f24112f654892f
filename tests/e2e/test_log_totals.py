"""The lines of a run, read back: one for each request, and their sums are the counters'."""

import threading
from collections import Counter

import pytest

from support.clients import ask, exchange
from support.daemon import requests, wait_until
from support.http_wire import HttpClient, request
from support.log_pipe import pipe, running_on_pipe, stream_socket
from support.slow import SlowClient, make_tree

CLIENTS = 4
ROUNDS = 5
PIPE_BYTES = 4096
# With these, lines end on both sides of what a pipe takes at once.
AGENT_BYTES = range(3680, 3880, 10)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = make_tree(tmp_path_factory.mktemp("root"))
    (root / "folder").mkdir()
    return root


def over_http(daemon):
    """Returns how many requests it has made, as do those below."""
    with HttpClient(daemon.port) as client:
        for target in ("/small", "/nothing", "/folder", "/folder/", "/large"):
            client.get(target)
        for method in ("HEAD", "DELETE", "OPTIONS"):
            client.get("/small", method=method)
        client.get("/large", "Range: bytes=5-5000000")
        client.send(request("/small") * 3)
        assert [client.answer().status for _ in range(3)] == [200] * 3
        client.get("/small", host=None)
    return 13


def over_http_with_long_lines(daemon):
    with HttpClient(daemon.port) as client:
        for size in AGENT_BYTES:
            assert client.get("/small", "User-Agent: " + "a" * size).status == 200
    return len(AGENT_BYTES)


def over_plain_tcp(daemon):
    for name in (b"small", b"nothing", b"large", b"\0", b"x" * 2000):
        exchange(daemon.port, name)
    return 5


def over_udp(daemon):
    for name in (b"small", b"nothing", b"\0", b"x" * 400):
        assert ask(daemon.udp_port, name)
    return 4


def gone_before_the_end(daemon):
    with SlowClient(daemon.port, protocol="plain"), SlowClient(daemon.port):
        return 2


KINDS = (over_http, over_http_with_long_lines, over_plain_tcp, over_udp, gone_before_the_end)


def all_at_once(daemon):
    """Let clients of all kinds come at the same time; say how many requests they have made."""
    made = []

    def come():
        for _ in range(ROUNDS):
            made.extend(kind(daemon) for kind in KINDS)

    threads = [threading.Thread(target=come) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == CLIENTS * ROUNDS * len(KINDS), "a client has failed"
    return sum(made)


@pytest.mark.parametrize("ends", [pipe, stream_socket], ids=["a pipe", "a socket"])
def test_there_is_a_line_for_each_request_and_they_add_up_to_the_counters(root, ends):
    options = ("--limits.udp_rate=1000000",)
    with running_on_pipe(root, *options, workers=3, ends=ends, piece_bytes=PIPE_BYTES) as (
        daemon,
        log,
    ):
        made = all_at_once(daemon)
        wait_until(lambda: len(log.events("request")) >= made, f"{made} lines")
        metrics = daemon.metrics()
        assert daemon.stop() == 0
        wait_until(lambda: log.events("stopped"), "the end of the log")
        lines = log.events("request")
        assert log.rest() == b""
        assert PIPE_BYTES - 10 <= max(map(len, log.lines())) + 1 <= PIPE_BYTES
    assert len(lines) == made
    assert metrics["filed_log_lines_dropped_total"] == 0
    assert requests(metrics) == Counter(
        (line["protocol"], line["method"], str(line["status"])) for line in map(labelled, lines)
    )
    for protocol in ("http", "plain", "query"):
        sent = sum(line["sent"] for line in lines if line["protocol"] == protocol)
        assert metrics[f'filed_sent_bytes_total{{protocol="{protocol}"}}'] == sent > 0
    assert Counter(line["outcome"] for line in lines) == {
        "done": made - 2 * CLIENTS * ROUNDS,
        "peer": 2 * CLIENTS * ROUNDS,
    }
    assert len({line["worker"] for line in lines}) > 1


def labelled(line):
    return line if line["method"] in ("GET", "HEAD") else line | {"method": "other"}
