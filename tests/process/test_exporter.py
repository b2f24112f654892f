"""The exporter's pages, as Prometheus and a load balancer meet them."""

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from filed.metrics.catalogue import CONNECTIONS_ACCEPTED, WORKER_HEARTBEAT
from support.clients import program
from support.exporter_child import Start

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def start() -> Iterator[Start]:
    starts = Start()
    yield starts
    starts.end_all()


def test_a_scrape_shows_what_the_workers_counted(start: Start) -> None:
    running = start()
    running.worker_row[CONNECTIONS_ACCEPTED.slot()] += 42
    response, page = running.fetch("/metrics")
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert b"\nfiled_connections_accepted_total 42.0\n" in page


def test_openmetrics_is_there_for_those_who_accept_it(start: Start) -> None:
    response, page = start().fetch("/metrics", accept=OPENMETRICS)
    assert response.headers["Content-Type"].startswith(OPENMETRICS)
    assert page.endswith(b"\n# EOF\n")


@pytest.mark.parametrize(
    "accept", ["*/*", "garbage;;=,", "text/plain;version=x", f"{OPENMETRICS}.x"]
)
def test_an_odd_accept_field_gets_metrics_all_the_same(start: Start, accept: str) -> None:
    response, page = start().fetch("/metrics", accept=accept)
    assert response.status == 200
    assert b"filed_build_info{" in page


def test_the_text_format_pleases_promtool(start: Start) -> None:
    running = start()
    running.worker_row[WORKER_HEARTBEAT.slot()] = time.time_ns()
    _, page = running.fetch("/metrics")
    checked = subprocess.run(
        [program("promtool", "prometheus"), "check", "metrics"],
        input=page,
        capture_output=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_openmetrics_can_be_read_by_prometheus(start: Start, tmp_path: Path) -> None:
    """`check metrics` reads the text format only; the importer reads OpenMetrics, with times."""
    _, page = start().fetch("/metrics", accept=OPENMETRICS)
    timed = tmp_path / "metrics"
    timed.write_bytes(re.sub(rb"(?m)^([^#\n].*)$", rb"\1 1700000000", page))
    imported = subprocess.run(
        [
            program("promtool", "prometheus"),
            "tsdb",
            "create-blocks-from",
            "openmetrics",
            timed,
            tmp_path / "blocks",
        ],
        capture_output=True,
        check=False,
    )
    assert (imported.returncode, imported.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("seen_s_ago", "status"),
    [
        pytest.param(None, 503, id="no worker yet"),
        pytest.param(0, 200, id="just now"),
        pytest.param(50, 200, id="a while ago"),
        pytest.param(-5, 200, id="by a clock a little ahead"),
        pytest.param(70, 503, id="too long ago"),
        pytest.param(-70, 503, id="in a far future"),
    ],
)
def test_healthz_follows_the_heartbeats(start: Start, seen_s_ago: int, status: int) -> None:
    running = start()
    if seen_s_ago is not None:
        running.worker_row[WORKER_HEARTBEAT.slot()] = time.time_ns() - seen_s_ago * 10**9
    response, page = running.fetch("/healthz")
    assert response.status == status
    assert (
        page
        == {
            200: b"ok\n",
            503: b"no worker has shown a sign of life for 60 s\n",
        }[status]
    )


def test_one_living_worker_is_enough(start: Start) -> None:
    running = start()
    running.worker_row[WORKER_HEARTBEAT.slot()] = 1
    other = running.table.row(running.table.lease())
    other[WORKER_HEARTBEAT.slot()] = time.time_ns()
    assert running.fetch("/healthz")[0].status == 200


def test_the_start_page_links_to_the_others(start: Start) -> None:
    response, page = start().fetch("/")
    assert response.status == 200
    assert b'href="/metrics"' in page
    assert b'href="/healthz"' in page


def test_a_query_changes_nothing(start: Start) -> None:
    assert start().fetch("/metrics?name=x")[0].status == 200


@pytest.mark.parametrize("path", ["/metric", "/metrics/", "/../etc/passwd"])
def test_other_paths_are_not_found_in_words(start: Start, path: str) -> None:
    response, page = start().fetch(path)
    assert response.status == 404
    assert page == b"there is nothing here but /metrics and /healthz\n"


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz", "/nothing"])
def test_head_says_what_get_would_without_the_page(start: Start, path: str) -> None:
    running = start()
    full, page = running.fetch(path)
    head, nothing = running.fetch(path, method="HEAD")
    assert nothing == b""
    assert page != b""
    assert (head.status, head.headers["Content-Type"]) == (
        full.status,
        full.headers["Content-Type"],
    )
    assert int(head.headers["Content-Length"]) == pytest.approx(len(page), abs=100)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(start: Start, method: str) -> None:
    response, page = start().fetch("/metrics", method=method)
    assert response.status == 405
    assert response.headers["Allow"] == "GET, HEAD"
    assert page == b"only GET and HEAD are answered here\n"


def test_the_server_does_not_tell_its_versions(start: Start) -> None:
    assert start().fetch("/")[0].headers["Server"] == "filed"


@pytest.mark.parametrize(
    ("family", "bound", "host"),
    [
        pytest.param(socket.AF_INET, "127.0.0.1", "127.0.0.1", id="IPv4"),
        pytest.param(socket.AF_INET6, "::1", "::1", id="IPv6"),
        pytest.param(socket.AF_INET6, "::", "127.0.0.1", id="IPv4 on dual stack"),
    ],
)
def test_every_kind_of_address_is_served(
    start: Start, family: socket.AddressFamily, bound: str, host: str
) -> None:
    if family is socket.AF_INET6 and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    sock = socket.create_server((bound, 0), family=family, dualstack_ipv6=bound == "::")
    assert start(sock, host=host).fetch("/")[0].status == 200
