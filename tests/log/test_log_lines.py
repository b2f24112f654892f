"""The access log of a running daemon: a line for each request, whole, true, nobody's forgery."""

import json
import os
import threading
import unicodedata
from collections import Counter
from contextlib import ExitStack

import pytest

from filed.metrics import catalogue
from support.clients import ask, exchange
from support.daemon import running, wait_until
from support.http_wire import HttpClient, answers, get, request
from support.log_pipe import running_on_pipe
from support.processes import shared_table
from support.slow import SMALL, SlowClient, make_tree

KEYS = [
    *("ts", "event", "protocol", "client", "port", "method", "name", "status", "sent", "expected"),
    *("seconds", "ttfb", "range", "user_agent", "referer", "worker", "outcome"),
]
PIPE_BYTES = 4096


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = make_tree(tmp_path_factory.mktemp("root"))
    (root / "folder").mkdir()
    return root


@pytest.fixture(scope="module")
def daemon(root):
    with running(root) as daemon:
        yield daemon


def only_line(daemon, port):
    """The one request event of the client with that port, once it is there."""
    found = wait_until(
        lambda: [event for event in daemon.events("request") if event["port"] == port],
        f"the line of port {port}",
    )
    assert len(found) == 1
    return found[0]


def test_a_line_tells_all_there_is_to_tell(daemon):
    fields = ("Range: bytes=2-6", "User-Agent: test/1", "Referer: http://example.org/")
    with HttpClient(daemon.port) as client:
        answer = client.get("/small?x=%20", *fields)
        port = client.sock.getsockname()[1]
        logged = only_line(daemon, port)
    assert answer.body == SMALL[2:7]
    assert list(logged) == KEYS
    assert logged["sent"] == logged["expected"] > 5
    assert 0 < logged["ttfb"] <= logged["seconds"] < 5
    assert logged["worker"] in (0, 1)
    told = {key: logged[key] for key in KEYS if key not in ("ts", "sent", "expected", "seconds")}
    assert told == {
        "event": "request",
        "protocol": "http",
        "client": "127.0.0.1",
        "port": port,
        "method": "GET",
        "name": "/small?x=%20",
        "status": 206,
        "ttfb": logged["ttfb"],
        "range": "bytes=2-6",
        "user_agent": "test/1",
        "referer": "http://example.org/",
        "worker": logged["worker"],
        "outcome": "done",
    }


def test_the_line_is_written_when_the_transfer_ends(daemon):
    with SlowClient(daemon.port) as client:
        with HttpClient(daemon.port) as other:
            other.get("/small")
            only_line(daemon, other.sock.getsockname()[1])
        assert not [event for event in daemon.events("request") if event["port"] == client.port]
        client.finish()
        logged = only_line(daemon, client.port)
    assert logged["sent"] == logged["expected"]
    assert logged["seconds"] > logged["ttfb"]


def hammer(port, client, count):
    """Ask for `count` names of this client's own, pipelined, with agents of all lengths."""
    with HttpClient(port) as connection:
        for first in range(0, count, 50):
            for number in range(first, first + 50):
                agent = "User-Agent: " + "a" * (number * 37 % 2000)
                connection.send(request(f"/{client}/{number}", agent))
            for _ in range(50):
                assert connection.answer().status == 404


def test_lines_of_many_workers_on_one_pipe_are_never_torn(root):
    clients, count = 40, 200
    with running_on_pipe(root, workers=4) as (daemon, log), shared_table(daemon) as table:
        threads = [
            threading.Thread(target=hammer, args=(daemon.port, client, count))
            for client in range(clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert daemon.stop() == 0
        wait_until(lambda: log.events("stopped"), "the end of the log")
        lines = log.events("request")
        dropped = table.total(catalogue.LOG_LINES_DROPPED.slot())
        assert log.rest() == b""
    names = Counter(line["name"] for line in lines)
    assert names.keys() <= {f"/{client}/{n}" for client in range(clients) for n in range(count)}
    assert set(names.values()) == {1}
    # This reader shares its processor with the clients: it may be too slow for a few lines.
    assert len(lines) + dropped == clients * count
    assert dropped < clients * count / 2
    assert len({line["worker"] for line in lines}) >= 3


FORGERIES = {
    "a line feed": b'a\n{"event":"request"}',
    "carriage return": b"a\rb",
    "quotes and braces": b'","event":"ready","x":{"',
    "backslashes": b'\\\\\\"\\n\\u000a',
    "terminal escapes": b"\x1b[2J\x1b]0;title\x07",
    "C1 controls": b"\xc2\x9b31m\x9b31m\xc2\x85",
    "line separators": "\u2028\u2029".encode(),
    "not UTF-8": b"\xff\xfe\xc3\x28\xed\xa0\x80",
    "the longest controls": b"\x1b" * 1000,
    "the longest quotes": b'"' * 1000,
}


@pytest.mark.parametrize("text", FORGERIES.values(), ids=FORGERIES)
def test_what_a_client_sends_forges_no_line(root, text):
    fields = (b"User-Agent: %b" % text, b"Referer: %b" % text, b"Range: %b" % text)
    with running(root, workers=1) as daemon:
        exchange(daemon.port, text)
        ask(daemon.udp_port, text)
        exchange(daemon.port, b"GET /%b HTTP/1.1\r\nHost: server\r\n\r\n" % text, half_close=True)
        exchange(daemon.port, request("/small", *fields), half_close=True)
        exchange(daemon.port, request(encoded(text)), half_close=True)
        exchange(daemon.port, request("/small", method=b"GET" + text), half_close=True)
        assert daemon.stop() == 0
        lines = daemon.log_path.read_bytes().split(b"\n")
        ready = daemon.events("ready")
        logged = daemon.events("request")
    assert lines.pop() == b""
    assert max(map(len, lines)) < PIPE_BYTES
    assert len(ready) == 1
    assert len(lines) == len([json.loads(line) for line in lines])
    assert {event["protocol"] for event in logged} == {"http", "plain", "query"}
    assert len(logged) == 6
    for event in logged:
        assert list(event) == KEYS
        assert harmless(event)


def encoded(text):
    return "/" + "".join(f"%{byte:02X}" for byte in text)


def harmless(event):
    text = "".join(value for value in event.values() if isinstance(value, str))
    return not {unicodedata.category(each) for each in text} & {"Cc", "Cs", "Zl", "Zp"}


def test_8_kib_of_anything_in_every_field_stay_one_line(daemon):
    long = "é" * 3900
    head = request(encoded(b"\n" * 2600), f"User-Agent: {long}", f"Referer: {long}")
    with HttpClient(daemon.port) as client:
        client.send(head)
        assert client.answer().status == 404
        logged = only_line(daemon, client.sock.getsockname()[1])
    assert logged["name"] == "/" + ("%0A" * 40)[:95] + "... (cut)"
    assert logged["user_agent"].endswith("... (cut)")
    whole = [line for line in daemon.log_path.read_bytes().splitlines() if b"... (cut)" in line]
    assert max(map(len, whole)) < PIPE_BYTES


def test_an_ipv4_client_is_shown_as_such_and_an_ipv6_client_as_such(daemon):
    exchange(daemon.port, b"v4")
    exchange(daemon.port, b"v6", host="::1")
    shown = wait_until(
        lambda: (
            found
            if len(
                found := {
                    event["name"]: event["client"]
                    for event in daemon.events("request")
                    if event["name"] in ("v4", "v6")
                }
            )
            == 2
            else None
        ),
        "both lines",
    )
    assert shown == {"v4": "127.0.0.1", "v6": "::1"}


def test_without_access_log_there_is_no_line_of_a_request(root):
    with running(root, "--log.access=false", workers=1) as daemon:
        assert get(daemon.port, "/small").status == 200
        assert daemon.stop() == 0
        assert not daemon.events("request")


def test_the_last_lines_are_written_when_it_stops(root):
    with running(root, workers=1) as daemon, ExitStack() as clients:
        held = [clients.enter_context(HttpClient(daemon.port)) for _ in range(5)]
        for client in held:
            client.get("/small")
        clients.close()
        assert daemon.stop() == 0
        assert len(daemon.events("request")) == 5


def test_pipelined_answers_are_logged_each(daemon):
    stream = exchange(daemon.port, request("/small") * 2 + request("/none"), half_close=True)
    assert [answer.status for answer in answers(stream, "GET", "GET", "GET")] == [200, 200, 404]


def test_a_root_whose_name_is_not_utf_8_is_served_and_shown(tmp_path):
    root = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(root)  # noqa: PTH102 - pathlib takes no bytes
    with running(os.fsdecode(root)) as daemon:
        (starting,) = daemon.events("starting")
    assert starting["root"] == f"{tmp_path}/caf\\xe9"
