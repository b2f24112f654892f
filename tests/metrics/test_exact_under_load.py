"""Many clients of every kind at once: the counters say exactly what the clients have seen."""

import threading
from collections import Counter

import pytest

from support.clients import ask, exchange
from support.daemon import requests, running, wait_until
from support.http_wire import answers, request
from support.load import make_tree
from support.slow import SlowClient, large
from support.slow import make_tree as make_slow_tree

CLIENTS, ROUNDS = 3, 20
SENT_BY_HTTP = 'filed_sent_bytes_total{protocol="http"}'
TARGETS = (
    (request("/small"), "GET"),
    (request("/medium"), "GET"),
    (request("/small", method="HEAD"), "HEAD"),
    (request("/medium", "Range: bytes=5-150000"), "GET"),
    (request("/small", "Range: bytes=99-"), "GET"),
    (request("/small", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"), "GET"),
    (request("/nothing"), "GET"),
    (request("/small", method="DELETE"), "other"),
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("served"))


class Seen:
    """What clients have seen.

    Attributes:
        answers: how many, by protocol, method and code.
        received: bytes by protocol, heads included.
        connections: how many over TCP.
    """

    def __init__(self):
        self.answers = Counter()
        self.received = Counter()
        self.connections = 0

    def over_http(self, daemon):
        methods = [method for _, method in TARGETS]
        stream = exchange(daemon.port, b"".join(head for head, _ in TARGETS), half_close=True)
        for method, answer in zip(methods, answers(stream, *methods), strict=True):
            self.answers["http", method, str(answer.status)] += 1
        self.received["http"] += len(stream)
        self.connections += 1

    def over_plain_tcp(self, daemon):
        for name, code in ((b"small", "200"), (b"medium", "200"), (b"nothing", "404")):
            self.received["plain"] += len(exchange(daemon.port, name))
            self.answers["plain", "GET", code] += 1
            self.connections += 1

    def over_udp(self, daemon):
        for name, code in ((b"small", "200"), (b"nothing", "404")):
            self.received["query"] += len(ask(daemon.udp_port, name))
            self.answers["query", "GET", code] += 1


def everything_at_once(daemon):
    """Let clients of every kind ask at the same time; return what each has seen."""
    found, threads = [], []
    for work in (Seen.over_http, Seen.over_plain_tcp, Seen.over_udp) * CLIENTS:
        seen = Seen()
        found.append(seen)
        threads.append(threading.Thread(target=repeat, args=(work, seen, daemon)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def repeat(work, seen, daemon):
    for _ in range(ROUNDS):
        work(seen, daemon)


def test_the_counters_say_what_the_clients_have_seen(root):
    with running(root, "--limits.udp_rate=1000000", workers=4) as daemon:
        every = everything_at_once(daemon)
        expected = sum((seen.answers for seen in every), Counter())
        received = sum((seen.received for seen in every), Counter())
        metrics = wait_until(
            lambda: found if requests(found := daemon.metrics()) == expected else None,
            f"counters of {expected}",
        )
    assert expected.total() == CLIENTS * ROUNDS * (len(TARGETS) + 3 + 2)
    assert {code for _, _, code in expected} == {"200", "206", "304", "404", "405", "416"}
    for protocol, sent in received.items():
        assert metrics[f'filed_sent_bytes_total{{protocol="{protocol}"}}'] == sent
    for protocol in ("http", "plain"):
        number = sum(count for (one, *_), count in expected.items() if one == protocol)
        labels = f'{{protocol="{protocol}"}}'
        assert metrics[f"filed_transfer_size_bytes_sum{labels}"] == received[protocol]
        assert metrics[f"filed_transfer_size_bytes_count{labels}"] == number
        assert metrics[f"filed_transfer_duration_seconds_count{labels}"] == number
        assert metrics[f"filed_time_to_first_byte_seconds_count{labels}"] == number
    assert metrics["filed_connections_accepted_total"] == sum(seen.connections for seen in every)
    aborted = [series for series in metrics if series.startswith("filed_transfers_aborted_total")]
    assert sum(metrics[series] for series in aborted) == 0


def test_what_has_left_of_a_long_download_shows_while_it_lasts(tmp_path):
    with running(make_slow_tree(tmp_path)) as daemon, SlowClient(daemon.port) as client:
        before = wait_until(lambda: daemon.metrics()[SENT_BY_HTTP], "the first bytes")
        assert before < len(large())
        assert client.finish() == large()
        wait_until(lambda: daemon.metrics()[SENT_BY_HTTP] > len(large()), "the last bytes")
