"""How the daemon starts: what it says, what it binds, and what it does where it cannot."""

import json
import socket
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from support.daemon import START_S, command, end, environment, running, title, wait_until
from support.http_wire import get
from support.processes import status
from support.slow import SMALL, make_tree


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="module")
def daemon(root):
    with running(root) as daemon:
        yield daemon


def test_it_says_when_and_where_it_can_be_reached(daemon):
    (ready,) = daemon.events("ready")
    assert list(ready) == ["ts", "level", "event", "pid", "tcp", "udp", "metrics"]
    assert ready["pid"] == daemon.process.pid
    assert [address.rpartition(":")[0] for address in ready["tcp"] + ready["udp"]] == ["[::]"] * 2
    assert ready["metrics"].startswith("127.0.0.1:")
    assert get(daemon.port, "/small").body == SMALL


def test_what_runs_and_for_whom_is_in_the_first_event(daemon, root):
    first = daemon.events()[0]
    assert first["event"] == "starting"
    assert (first["root"], first["workers"]) == (str(root), 2)
    assert first["pid"] == daemon.process.pid


def test_each_process_says_in_its_title_what_it_is(daemon):
    assert title(daemon.process.pid) == "filed: master"
    assert sorted(daemon.children()) == ["filed: exporter", "filed: worker 0", "filed: worker 1"]


def test_the_master_runs_no_thread_beside_its_loop(daemon):
    assert status(daemon.process.pid)["Threads"] == "1"


def test_without_metrics_there_is_no_exporter(root):
    with running(root, "--metrics.listen=off", workers=1) as daemon:
        assert daemon.ready["metrics"] is None
        assert list(daemon.children()) == ["filed: worker 0"]


def test_ipv4_and_ipv6_clients_reach_the_same_port(daemon):
    for host in ("127.0.0.1", "::1"):
        with closing(socket.create_connection((host, daemon.port), 10)) as client:
            client.sendall(b"small")
            assert client.recv(100) == SMALL


KINDS = {
    "--listen.tcp": ("TCP", socket.SOCK_STREAM),
    "--listen.udp": ("UDP", socket.SOCK_DGRAM),
    "--metrics.listen": ("TCP", socket.SOCK_STREAM),
}


@pytest.mark.parametrize("option", KINDS)
def test_a_port_that_is_taken_ends_it_with_1_and_a_line_that_says_which(root, option):
    name, kind = KINDS[option]
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with running(root, option, address, wait=False) as daemon:
            assert daemon.process.wait(START_S) == 1
            (event,) = daemon.events()
    assert event["event"] == "cannot_start"
    assert event["why"] == f"{name} {address}: another program has this address already"


def test_a_port_that_is_taken_leaves_the_others_free(root):
    """All or nothing: what was bound before the failure is given back."""
    with socket.create_server(("127.0.0.1", 0)) as other, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        ours = free.getsockname()
        free.close()
        options = ("--listen.tcp", f"127.0.0.1:{ours[1]}")
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with running(root, *options, "--metrics.listen", taken, wait=False) as daemon:
            assert daemon.process.wait(START_S) == 1
        with socket.create_server(ours):
            pass


def test_an_address_of_another_machine_ends_it_with_1(root):
    with running(root, "--listen.tcp", "192.0.2.1:0", wait=False) as daemon:
        assert daemon.process.wait(START_S) == 1
        assert daemon.events()[0]["why"] == "TCP 192.0.2.1:0: this machine has no such address"


def test_nothing_is_written_to_standard_output(root):
    arguments = command("serve", root, "--listen.tcp", "127.0.0.1:0", "--listen.udp=[]")
    process = subprocess.Popen(
        [*arguments, "--metrics.listen=off", "--workers=1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        start_new_session=True,
    )
    try:
        ready = next(event for event in map(json.loads, process.stderr) if "tcp" in event)
        assert get(int(ready["tcp"][0].rpartition(":")[2]), "/small").body == SMALL
        process.terminate()
        stdout, _ = process.communicate(timeout=START_S)
        assert stdout == b""
    finally:
        end(process)


CLOSED = {
    "standard input": "0<&-",
    "standard output": "1>&-",
    "standard error": "2>&-",
    "all of them": "0<&- 1>&- 2>&-",
}


@pytest.mark.parametrize("redirection", CLOSED.values(), ids=CLOSED)
def test_it_serves_without_a_standard_stream(root, redirection):
    """A socket that gets the number of a closed stream would be written to."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ("--listen.tcp", f"127.0.0.1:{port}", "--workers=1")
    wrap = ("sh", "-c", f'exec "$@" {redirection}', "sh")
    with running(root, *options, wrap=wrap, wait=False) as daemon:
        assert wait_until(lambda: answered(port), "an answer") == SMALL
        for number in range(3):
            target = str(Path(f"/proc/{daemon.process.pid}/fd/{number}").readlink())
            assert not target.startswith(("socket:", "anon_inode:", "/memfd:")), (number, target)
        assert daemon.stop() == 0


def answered(port):
    try:
        return get(port, "/small").body
    except ConnectionRefusedError:
        return None
