"""Alerts fire in a real Prometheus when a real daemon is broken, and only the ones that should.

The rules are the shipped ones but for their windows and waits, which are a hundredth as long. That
they are as long as they ought to be is for promtool to test, which has a clock of its own.
"""

import json
import os
import signal
import subprocess
from contextlib import ExitStack, contextmanager

import pytest

from support.clients import program
from support.daemon import running, wait_until
from support.http_wire import HttpClient
from support.monitoring import ALERTS, RECORDING, shortened
from support.processes import status
from support.prometheus import running_prometheus
from support.slow import SlowClient, make_tree
from support.tftp import Client

pytestmark = pytest.mark.prometheus

FASTER = 100
PATIENCE_S = 60


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prometheus")
    rules = [shortened(path, folder, FASTER) for path in (RECORDING, ALERTS)]
    with running_prometheus(folder, rules) as prometheus:
        yield prometheus


@pytest.fixture(scope="module", autouse=True)
def well(prometheus, root):
    """A daemon that nothing happens to, watched all the while."""
    with running(root) as daemon:
        prometheus.watch("well", daemon)
        yield
        assert prometheus.firing("well") == set()


def wait_until_it_fires(prometheus, instance, alert, meanwhile=lambda: None):
    """Wait for an alert; do `meanwhile` again and again until then."""

    def fires():
        meanwhile()
        return alert in prometheus.firing(instance)

    wait_until(fires, alert, PATIENCE_S)


def test_a_daemon_that_has_gone_is_down(prometheus, root):
    with running(root) as daemon:
        prometheus.watch("gone", daemon)
        assert prometheus.firing("gone") == set()
    wait_until_it_fires(prometheus, "gone", "FiledDown")
    assert prometheus.firing("gone") == {"FiledDown"}


def kill_all_workers(daemon):
    for pid in daemon.workers():
        os.kill(pid, signal.SIGKILL)


def test_workers_that_die_again_and_again_are_a_crash_loop(prometheus, root):
    with running(root, workers=2) as daemon:
        prometheus.watch("looping", daemon)
        wait_until_it_fires(
            prometheus, "looping", "FiledWorkersCrashLooping", lambda: kill_all_workers(daemon)
        )
        assert prometheus.firing("looping") == {"FiledWorkersCrashLooping"}


def test_connections_that_fill_a_worker_are_near_their_limit_and_then_wait(prometheus, root):
    with (
        running(root, "--limits.connections=10", workers=1) as daemon,
        ExitStack() as clients,
    ):
        prometheus.watch("full", daemon)
        for _ in range(9):
            assert clients.enter_context(HttpClient(daemon.port)).get("/small").status == 200
        wait_until_it_fires(prometheus, "full", "FiledConnectionsNearLimit")
        assert prometheus.firing("full") == {"FiledConnectionsNearLimit"}
        for _ in range(2):
            clients.enter_context(HttpClient(daemon.port))
        wait_until_it_fires(prometheus, "full", "FiledAcceptingPaused")


def test_requests_fail_where_no_descriptor_is_left(prometheus, root):
    few = [program("prlimit", "util-linux"), "--nofile=40"]
    with running(root, wrap=few, workers=1) as daemon, ExitStack() as clients:
        prometheus.watch("short", daemon)
        first, *_ = [clients.enter_context(HttpClient(daemon.port)) for _ in range(60)]
        wait_until_it_fires(prometheus, "short", "FiledAcceptingPaused")
        wait_until_it_fires(
            prometheus, "short", "FiledRequestsFailing", lambda: first.get("/large")
        )


@contextmanager
def slow_to_open(pid):
    """Have each file that a process opens take longer, as on a disk that is worn out."""
    strace = [program("strace", "strace"), "-qq", "-o", "/dev/null", "-p", str(pid)]
    delay = ["-e", "trace=openat2", "-e", "inject=openat2:delay_enter=1300000"]
    process = subprocess.Popen([*strace, *delay])
    try:
        wait_until(lambda: status(pid)["TracerPid"] != "0", "strace to attach")
        yield
    finally:
        process.terminate()
        process.wait()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may trace what is not its child")
def test_answers_that_begin_late_are_told_of(prometheus, root):
    # Looking for sidecars would have a request take three times as long again.
    alone = "--http.precompressed=[]"
    with running(root, alone, workers=1) as daemon, HttpClient(daemon.port) as client:
        prometheus.watch("slow", daemon)
        with slow_to_open(*daemon.workers()):
            wait_until_it_fires(
                prometheus, "slow", "FiledFirstByteSlow", lambda: client.get("/small")
            )
        assert prometheus.firing("slow") == {"FiledFirstByteSlow"}


def test_a_client_that_storms_over_its_own_limit_is_told_of(prometheus, root):
    with (
        running(root, "--limits.per_client=1", workers=1) as daemon,
        HttpClient(daemon.port) as held,
    ):
        prometheus.watch("stormed", daemon)
        assert held.get("/small").status == 200

        def storm():
            for _ in range(5):
                with HttpClient(daemon.port) as refused:
                    assert refused.is_closed()

        wait_until_it_fires(prometheus, "stormed", "FiledClientsOverLimit", storm)
        assert prometheus.firing("stormed") == {"FiledClientsOverLimit"}


def test_tftp_clients_that_are_not_heard_are_told_of(prometheus, root):
    soon = ("--tftp.timeout=0.1", "--tftp.retries=0")
    with running(root, *soon, "--limits.udp_rate=1000000", workers=1) as daemon:
        prometheus.watch("walled", daemon)

        def fetch_without_a_word():
            with Client(daemon) as client:
                client.begin(b"small")

        wait_until_it_fires(prometheus, "walled", "FiledTftpTransfersLost", fetch_without_a_word)
        assert prometheus.firing("walled") == {"FiledTftpTransfersLost"}


def test_tftp_requests_for_which_there_is_no_room_are_told_of(prometheus, root):
    with (
        running(root, "--tftp.max_transfers=1", "--limits.udp_rate=1000000", workers=1) as daemon,
        Client(daemon) as first,
        Client(daemon) as second,
    ):
        prometheus.watch("stormed-by-tftp", daemon)
        first.begin(b"large")
        first.ack(1)
        wait_until_it_fires(
            prometheus, "stormed-by-tftp", "FiledTftpRequestsDropped", lambda: second.ask(b"small")
        )
        assert prometheus.firing("stormed-by-tftp") == {"FiledTftpRequestsDropped"}


def test_a_client_that_floods_the_udp_port_is_told_of(prometheus, root):
    with running(root, "--limits.udp_rate=1", workers=1) as daemon, Client(daemon) as client:
        prometheus.watch("flooded", daemon)

        def flood():
            for _ in range(5):
                client.knock(b"small")

        wait_until_it_fires(prometheus, "flooded", "FiledDatagramsOverLimit", flood)
        assert prometheus.firing("flooded") == {"FiledDatagramsOverLimit"}


def test_a_reload_that_is_refused_is_told_of_until_one_is_accepted(prometheus, root, tmp_path):
    file = tmp_path / "filed.toml"
    file.write_text("")
    with running(root, "--config", file) as daemon:
        prometheus.watch("refused", daemon)
        file.write_text("nonsense = true")
        daemon.process.send_signal(signal.SIGHUP)
        wait_until_it_fires(prometheus, "refused", "FiledReloadFailed")
        assert prometheus.firing("refused") == {"FiledReloadFailed"}
        file.write_text("")
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not prometheus.firing("refused"), "the alert to end", PATIENCE_S)


@contextmanager
def running_on_stuck_pipe(root):
    """Serve with a pipe for standard error that is read until the daemon is ready, and no more."""
    reader, writer = os.pipe()
    with (
        os.fdopen(reader, "rb") as log,
        os.fdopen(writer, "wb") as end,
        running(root, stderr=end) as daemon,
    ):
        end.close()
        events = map(json.loads, log)
        daemon.ready = next(event for event in events if event["event"] == "ready")
        yield daemon


def test_log_lines_that_nobody_takes_are_told_of(prometheus, root):
    with running_on_stuck_pipe(root) as daemon, HttpClient(daemon.port) as client:
        prometheus.watch("unheard", daemon)
        agent = "User-Agent: " + "a" * 3500

        def log_much():
            for _ in range(20):
                client.get("/small", agent)

        wait_until_it_fires(prometheus, "unheard", "FiledLogLinesDropped", log_much)
        assert prometheus.firing("unheard") == {"FiledLogLinesDropped"}


def test_a_worker_that_does_not_get_done_drains_too_long(root, tmp_path):
    """Fires after 70 minutes as shipped, so this one takes a Prometheus that is faster still."""
    rules = [shortened(path, tmp_path, 10 * FASTER) for path in (RECORDING, ALERTS)]
    with (
        running_prometheus(tmp_path, rules) as faster,
        running(root, "--timeouts.drain=60") as daemon,
        SlowClient(daemon.port) as client,
    ):
        faster.watch("hanging", daemon)
        daemon.process.send_signal(signal.SIGTERM)
        wait_until_it_fires(faster, "hanging", "FiledDrainingTooLong")
        client.finish()
