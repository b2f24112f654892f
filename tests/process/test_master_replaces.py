"""Children that die, hang or cannot start: who takes their place, and whom that costs anything."""

import os
import signal
import subprocess
import time
from contextlib import ExitStack
from urllib.request import urlopen

import pytest

from filed.metrics.catalogue import PROCESS_CPU
from filed.metrics.table import MASTER_ROW
from support.clients import program
from support.daemon import START_S, running, session, title, wait_until
from support.http_wire import HttpClient, get
from support.processes import client_ports, shared_table
from support.slow import SMALL, SlowClient, large, make_tree

MASTER_CPU = PROCESS_CPU.slot("master")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("root"))


def kill(daemon, name, number=signal.SIGKILL):
    """Send a signal to the child of that title, and return its pid."""
    pid = daemon.children()[name]
    os.kill(pid, number)
    return pid


def wait_for_successor(daemon, name, pid, timeout=10.0):
    """Wait until another process has taken the place of `pid`; return its id."""
    return wait_until(
        lambda: new if (new := daemon.children().get(name, pid)) != pid else None,
        f"another {name}",
        timeout,
    )


def short_by_length(client):
    """HTTP: the head has said how much there is, so any end before that tells the client."""
    try:
        return len(client.finish()) < len(large())
    except ConnectionResetError:
        return True


def short_by_reset(client):
    """Plain: a clean end would make the piece look like the file."""
    with pytest.raises(ConnectionResetError):
        client.finish()
    return True


@pytest.mark.parametrize(
    ("protocol", "knows_it_is_short"), [("http", short_by_length), ("plain", short_by_reset)]
)
def test_a_killed_worker_is_replaced_and_only_its_own_clients_notice(
    root, protocol, knows_it_is_short
):
    with running(root) as daemon, ExitStack() as clients:
        slow = [
            clients.enter_context(SlowClient(daemon.port, protocol=protocol)) for _ in range(24)
        ]
        victim, other = (daemon.children()[name] for name in ("filed: worker 0", "filed: worker 1"))
        lost, kept = (client_ports(pid, daemon.port) for pid in (victim, other))
        assert lost
        assert kept
        kill(daemon, "filed: worker 0")
        wait_for_successor(daemon, "filed: worker 0", victim)
        for client in slow:
            if client.port in kept:
                assert client.finish() == large()
            else:
                assert knows_it_is_short(client)
        (died,) = daemon.events("child_died")
        assert (died["role"], died["pid"], died["cause"]) == (
            "worker 0",
            victim,
            "killed by SIGKILL",
        )
        assert daemon.metrics()['filed_worker_restarts_total{reason="signal"}'] == 1


def test_a_worker_that_is_killed_again_and_again_comes_back_each_time(root):
    with running(root, workers=1) as daemon:
        for _ in range(4):
            pid = kill(daemon, "filed: worker 0")
            wait_for_successor(daemon, "filed: worker 0", pid)
            assert get(daemon.port, "/small").body == SMALL


def test_new_clients_are_served_while_a_worker_hangs_and_then_it_is_replaced(root):
    with running(root, "--timeouts.worker=3") as daemon:
        pid = kill(daemon, "filed: worker 0", signal.SIGSTOP)
        for _ in range(50):
            assert get(daemon.port, "/small").body == SMALL
        assert daemon.children()["filed: worker 0"] == pid
        other = daemon.children()["filed: worker 1"]
        wait_for_successor(daemon, "filed: worker 0", pid)
        assert daemon.children()["filed: worker 1"] == other
        (stuck,) = daemon.events("child_stuck")
        assert stuck["pid"] == pid
        assert daemon.metrics()['filed_worker_restarts_total{reason="stuck"}'] == 1


def test_a_killed_exporter_is_replaced_at_the_same_address(root):
    with running(root) as daemon:
        get(daemon.port, "/small")
        before = daemon.metrics()
        pid = kill(daemon, "filed: exporter")
        wait_for_successor(daemon, "filed: exporter", pid)
        after = daemon.metrics()
        assert went_back(before, after) == {}
        assert get(daemon.port, "/small").body == SMALL


def test_a_hanging_exporter_is_replaced(root):
    with running(root, "--timeouts.worker=2") as daemon:
        pid = kill(daemon, "filed: exporter", signal.SIGSTOP)
        wait_for_successor(daemon, "filed: exporter", pid)
        with urlopen(f"{daemon.metrics_url}/healthz", timeout=10) as answer:
            assert answer.read() == b"ok\n"


def test_a_worker_that_hangs_does_not_keep_the_daemon_though_another_cannot_stay(root):
    with running(root, "--timeouts.drain=1") as daemon:
        for _ in range(4):
            pid = kill(daemon, "filed: worker 0")
            wait_for_successor(daemon, "filed: worker 0", pid)
        kill(daemon, "filed: worker 0")  # the wait for the next one is almost a second now
        kill(daemon, "filed: worker 1", signal.SIGSTOP)
        assert daemon.stop() == 0


def test_no_counter_goes_back_when_workers_are_replaced(root):
    with running(root) as daemon:
        with ExitStack() as clients:
            for _ in range(24):
                client = clients.enter_context(HttpClient(daemon.port))
                assert client.get("/small").body == SMALL
        counted = 'filed_requests_total{code="200",method="GET",protocol="http"}'
        before = wait_until(
            lambda: found if (found := daemon.metrics())[counted] == 24 else None, "24 requests"
        )
        for name in ("filed: worker 0", "filed: worker 1"):
            wait_for_successor(daemon, name, kill(daemon, name))
        assert went_back(before, daemon.metrics()) == {}
        for _ in range(6):
            get(daemon.port, "/small")
        wait_until(lambda: daemon.metrics()[counted] == 30, "30 requests")


def went_back(before, after):
    """The counters and histograms that are smaller than they were."""
    endings = ("_total", "_bucket", "_sum", "_count")
    return {
        series: (value, after.get(series))
        for series, value in before.items()
        if series.partition("{")[0].endswith(endings) and not after.get(series, -1) >= value
    }


def test_the_gauges_of_a_dead_worker_do_not_stay(root):
    with running(root) as daemon, ExitStack() as clients:
        for _ in range(24):
            clients.enter_context(HttpClient(daemon.port)).get("/small")
        idle = 'filed_connections{state="idle"}'
        assert daemon.metrics()[idle] == 24
        for name in ("filed: worker 0", "filed: worker 1"):
            wait_for_successor(daemon, name, kill(daemon, name))
        wait_until(lambda: daemon.metrics()[idle] == 0, "no connection to be counted")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be told to become somebody else")
def test_children_that_can_never_start_end_the_daemon_with_1(root):
    """As in a user namespace that knows no user but root (user_namespaces(7))."""
    unshare = program("unshare", "util-linux")
    namespace = [unshare, "--user", "--map-root-user"]
    if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no user namespaces")
    with running(root, "--security.user=nobody", wrap=namespace, wait=False) as daemon:
        assert daemon.process.wait(START_S) == 1
        (given_up,) = daemon.events("cannot_boot")
        assert given_up["attempts"] == 5
        failures = [event["role"] for event in daemon.events("child_failed")]
        assert failures.count(given_up["role"]) == 5


def test_a_pause_of_all_of_it_is_nobody_s_silence(root):
    """As by a container's freezer: the master runs again before its workers have had a turn."""
    with running(root, "--timeouts.worker=2") as daemon, shared_table(daemon) as table:
        everyone = [daemon.process.pid, *daemon.workers()]
        with SlowClient(daemon.port) as client:
            signal_all(everyone, signal.SIGSTOP)
            time.sleep(3.5)  # what is tested is that so much time has passed
            looked = table.row(MASTER_ROW)[MASTER_CPU]
            signal_all(everyone[:1], signal.SIGCONT)
            wait_until(lambda: table.row(MASTER_ROW)[MASTER_CPU] > looked, "the master to look")
            signal_all(everyone[1:], signal.SIGCONT)
            assert client.finish() == large()
        assert not daemon.events("child_stuck")


def signal_all(pids, number):
    for pid in pids:
        os.kill(pid, number)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be told to become somebody else")
def test_a_root_that_is_closed_costs_no_worker_that_serves(tmp_path):
    tmp_path.chmod(0o755)
    root = tmp_path / "root"
    root.mkdir()
    make_tree(root).chmod(0o755)
    with running(root, "--security.user=nobody") as daemon, SlowClient(daemon.port) as client:
        root.chmod(0o700)
        workers = {name: pid for name, pid in daemon.children().items() if "worker" in name}
        idle = next(
            name
            for name, pid in workers.items()
            if client.port not in client_ports(pid, daemon.port)
        )
        pid = kill(daemon, idle)
        daemon.wait_for_event("child_failed")
        assert client.finish() == large()
        assert not daemon.events("cannot_boot")
        root.chmod(0o755)
        wait_for_successor(daemon, idle, pid, timeout=20)
        assert get(daemon.port, "/small").body == SMALL


def test_children_for_whom_there_is_no_descriptor_end_the_start(root):
    few = [program("prlimit", "util-linux"), "--nofile=16"]
    with running(root, wrap=few, wait=False) as daemon:
        assert daemon.process.wait(START_S) == 1
        assert daemon.events("cannot_boot")
        assert "Too many open files" in daemon.events("cannot_start_child")[0]["why"]


@pytest.mark.parametrize("protocol", ["http", "plain"])
def test_children_whose_master_was_killed_finish_what_is_under_way_and_go(root, protocol):
    with running(root) as daemon, SlowClient(daemon.port, protocol=protocol) as client:
        daemon.process.kill()
        daemon.process.wait()
        daemon.wait_for_event("master_gone", count=2)
        left = session(daemon.process.pid)
        assert [title(pid).partition(" ")[0] for pid in left] == ["filed:"] * len(left)
        assert client.finish() == large()
        client.sock.close()
        wait_until(lambda: not session(daemon.process.pid), "the children to go")
        with running(
            root,
            *("--listen.tcp", f"[::]:{daemon.port}", "--listen.udp", f"[::]:{daemon.udp_port}"),
            *("--metrics.listen", daemon.ready["metrics"]),
        ) as successor:
            assert successor.port == daemon.port
            assert get(successor.port, "/small").body == SMALL
