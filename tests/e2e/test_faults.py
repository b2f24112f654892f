"""Faults while many are being served: they cost whom they hit, and nobody else."""

import os
import resource
import signal
import socket
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from support.daemon import running, session, wait_until
from support.http_wire import HttpClient, get, request
from support.processes import client_ports
from support.slow import SMALL, SlowClient, large, make_tree

CLIENTS = 50


@pytest.fixture
def root(tmp_path):
    tmp_path.chmod(0o755)
    return make_tree(tmp_path)


@contextmanager
def downloading(daemon, count=CLIENTS):
    """Clients of both protocols that have each begun to fetch `large`."""
    with ExitStack() as clients:
        yield [
            clients.enter_context(SlowClient(daemon.port, protocol=("http", "plain")[number % 2]))
            for number in range(count)
        ]


def shared_out(daemon, clients, victim):
    """Tell the clients that a worker holds from the others."""
    lost = client_ports(victim, daemon.port)
    theirs = [client for client in clients if client.port in lost]
    others = [client for client in clients if client.port not in lost]
    assert theirs
    assert others
    return theirs, others


def is_cut(client):
    """Say whether a download ends before its end, and so that the client can tell."""
    try:
        received = client.finish()
    except ConnectionResetError:
        return True
    return client.protocol == "http" and len(received) < len(large())


def successor_of(daemon, name, pid):
    return wait_until(
        lambda: new if (new := daemon.children().get(name, pid)) != pid else None, f"another {name}"
    )


def test_a_worker_killed_among_50_downloads_costs_its_own_clients_theirs(root):
    with running(root, workers=4) as daemon, downloading(daemon) as clients:
        victim = daemon.children()["filed: worker 0"]
        theirs, others = shared_out(daemon, clients, victim)
        os.kill(victim, signal.SIGKILL)
        successor = successor_of(daemon, "filed: worker 0", victim)
        # It takes part while the others' downloads still go on.
        with ExitStack() as newcomers:
            wait_until(lambda: holds_one_of(newcomers, daemon, successor), "it to take a client")
        assert all(is_cut(client) for client in theirs)
        assert all(client.finish() == large() for client in others)
        assert len(daemon.events("child_died")) == 1


def holds_one_of(newcomers, daemon, pid):
    newcomer = newcomers.enter_context(HttpClient(daemon.port))
    assert newcomer.get("/small").body == SMALL
    return newcomer.sock.getsockname()[1] in client_ports(pid, daemon.port)


def test_the_clients_of_a_stopped_worker_are_cut_when_it_is_replaced_and_the_others_served(root):
    with running(root, "--timeouts.worker=3", workers=4) as daemon, downloading(daemon) as clients:
        victim = daemon.children()["filed: worker 0"]
        theirs, others = shared_out(daemon, clients, victim)
        os.kill(victim, signal.SIGSTOP)
        assert all(client.finish() == large() for client in others)
        for _ in range(100):
            assert get(daemon.port, "/small").body == SMALL
        successor_of(daemon, "filed: worker 0", victim)
        assert all(is_cut(client) for client in theirs)
        (stuck,) = daemon.events("child_stuck")
        assert stuck["pid"] == victim
        assert get(daemon.port, "/large").body == large()


def test_the_children_of_a_killed_master_finish_50_downloads_and_the_ports_are_free(root):
    with running(root, workers=4) as daemon:
        with downloading(daemon) as clients:
            daemon.process.kill()
            daemon.process.wait()
            daemon.wait_for_event("master_gone", count=4)
            wait_until(lambda: refuses(daemon.port), "nobody to be let in")
            assert all(client.finish() == large() for client in clients)
        wait_until(lambda: not session(daemon.process.pid), "the children to go")
        assert {event["outcome"] for event in daemon.events("request")} == {"done"}
        ports = ("--listen.tcp", f"[::]:{daemon.port}", "--listen.udp", f"[::]:{daemon.udp_port}")
        with running(root, *ports, "--metrics.listen", daemon.ready["metrics"]) as successor:
            assert get(successor.port, "/small").body == SMALL


def refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_killed_exporter_costs_no_download_and_no_count(root):
    sent = 'filed_sent_bytes_total{protocol="plain"}'
    with running(root) as daemon, downloading(daemon) as clients:
        half = len(clients) // 2
        assert all(client.finish() == large() for client in clients[:half])
        victim = daemon.children()["filed: exporter"]
        os.kill(victim, signal.SIGKILL)
        successor_of(daemon, "filed: exporter", victim)
        assert all(client.finish() == large() for client in clients[half:])
        plain = sum(client.protocol == "plain" for client in clients)
        wait_until(lambda: daemon.metrics()[sent] == plain * len(large()), "all to be counted")
        assert len(daemon.events("child_died")) == 1


def test_descriptors_that_run_out_cut_no_download_and_who_waits_is_served_once_there_are_some(root):
    with running(root, workers=1) as daemon, ExitStack() as stack:
        clients = stack.enter_context(downloading(daemon, 20))
        (worker,) = daemon.workers()
        with few_descriptors(worker):
            waiting = [stack.enter_context(HttpClient(daemon.port)) for _ in range(CLIENTS)]
            for client in waiting:
                client.send(request("/small"))
            (paused,) = daemon.wait_for_event("accepting_paused")
            assert paused["reason"] == "descriptors"
            assert all(client.finish() == large() for client in clients)
        # Who takes the very last one leaves none to open a file with.
        statuses = Counter(client.answer().status for client in waiting)
        assert statuses.keys() <= {200, 503}
        assert statuses[200] > CLIENTS / 2
        assert get(daemon.port, "/small").body == SMALL


@contextmanager
def few_descriptors(pid):
    """Let a process have no more descriptors than it has."""
    _, hard = before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    highest = max(int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir())
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 1, hard))
    yield
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def delete(path):
    path.unlink()


def replace(path):
    new = path.with_name("new")
    new.write_bytes(b"another")
    new.replace(path)


def overwrite(path):
    """As `cp` does: the same file has other bytes from now on, and so has what is not yet sent."""
    with path.open("r+b") as file:
        file.write(bytes(len(large())))


def truncate(path):
    os.truncate(path, 1000)


@pytest.mark.parametrize(("change", "status"), [(delete, 404), (replace, 200)])
def test_a_file_that_is_taken_away_while_it_is_sent_goes_out_whole(root, change, status):
    with running(root) as daemon:
        with downloading(daemon) as clients:
            change(root / "large")
            assert get(daemon.port, "/large").status == status
            assert all(client.finish() == large() for client in clients)
        # Nobody keeps it from giving its space back.
        wait_until(lambda: not any(map(holds_deleted, daemon.workers())), "the file to be let go")


def holds_deleted(pid):
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            if entry.readlink().name == "large (deleted)":
                return True
    return False


def test_a_file_that_is_overwritten_while_it_is_sent_goes_out_as_long_as_was_promised(root):
    with running(root) as daemon, downloading(daemon) as clients:
        overwrite(root / "large")
        bodies = [client.finish() for client in clients]
    assert {len(body) for body in bodies} == {len(large())}


def test_all_who_fetch_a_file_that_is_truncated_can_tell_and_the_log_says_so(root):
    with running(root) as daemon:
        with downloading(daemon) as clients:
            truncate(root / "large")
            assert all(is_cut(client) for client in clients)
        logged = daemon.wait_for_event("request", CLIENTS)
        assert {event["outcome"] for event in logged} == {"truncated"}
        assert get(daemon.port, "/large").body == large()[:1000]
