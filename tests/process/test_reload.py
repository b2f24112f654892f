"""A reload: what takes effect, what goes on, and what stays as it was if it is refused."""

import os
import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from support import configuration
from support.daemon import running, title, wait_until
from support.http_wire import HttpClient, get
from support.processes import status
from support.slow import SMALL, SlowClient, large, make_tree


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = make_tree(tmp_path_factory.mktemp("root"))
    root.chmod(0o755)  # for another user
    return root


@pytest.fixture
def config(root, tmp_path):
    """A configuration file; calling it writes it anew with other settings."""

    class Config:
        path = tmp_path / "filed.toml"

        def __call__(self, root=root, **more):
            configuration.write(self.path, root, **more)

    config = Config()
    config()
    return config


@pytest.fixture
def daemon(root, config):
    with running(root, config=config.path) as daemon:
        yield daemon


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def is_refused(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), 10).close()
    except ConnectionRefusedError:
        return True
    return False


def wait_until_drained(daemon, count=1):
    daemon.wait_for_event("drained", count)


def requests_200(daemon):
    return daemon.metrics()['filed_requests_total{code="200",method="GET",protocol="http"}']


# What goes on.


def test_the_process_its_ports_and_its_numbers_stay_and_the_workers_are_new(daemon):
    before, ready = daemon.workers(), daemon.ready
    for _ in range(5):
        assert get(daemon.port, "/small").body == SMALL
    assert daemon.reload() == daemon.events("reloaded")[0]
    wait_until_drained(daemon)
    assert {key: daemon.ready[key] for key in ("pid", "tcp", "udp", "metrics")} == {
        key: ready[key] for key in ("pid", "tcp", "udp", "metrics")
    }
    assert not set(before) & set(daemon.workers())
    assert len(daemon.workers()) == 2
    for _ in range(5):
        assert get(daemon.port, "/small").body == SMALL
    wait_until(lambda: requests_200(daemon) == 10, "ten requests to be counted")
    assert title(daemon.process.pid) == "filed: master"


def test_reload_after_reload_nothing_is_left_open(daemon):
    def descriptors():
        return sorted(os.listdir(f"/proc/{daemon.process.pid}/fd"))  # noqa: PTH208 - numbers

    daemon.reload()
    wait_until_drained(daemon)
    before = descriptors()
    for count in (2, 3, 4):
        daemon.reload()
        wait_until_drained(daemon, count)
    assert descriptors() == before


def test_the_master_s_cpu_time_is_counted_once(daemon):
    series = 'filed_process_cpu_seconds_total{role="master"}'
    daemon.reload()
    first = wait_until(lambda: daemon.metrics()[series], "the master's CPU time")
    daemon.reload()
    ticks = sum(map(int, stat(daemon.process.pid)[11:13]))
    counted = daemon.metrics()[series]
    assert first < counted <= ticks / os.sysconf("SC_CLK_TCK") + 0.1


def stat(pid):
    """The fields of proc_pid_stat(5) behind the name."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


@pytest.mark.parametrize("protocol", ["http", "plain"])
def test_a_slow_download_goes_on_in_the_old_worker_and_ends_whole(daemon, protocol):
    with SlowClient(daemon.port, protocol=protocol) as client:
        daemon.reload()
        wait_until(lambda: daemon.metrics()['filed_workers{state="draining"}'] == 1, "one to drain")
        assert daemon.metrics()['filed_workers{state="running"}'] == 2
        (draining,) = [pid for name, pid in daemon.children().items() if "(draining)" in name]
        assert daemon.events("draining")[-1]["connections"] == 1
        assert client.finish() == large()
    wait_until_drained(daemon)
    assert daemon.metrics()['filed_workers{state="draining"}'] == 0
    ended = [event for event in daemon.events("child_ended") if event["pid"] == draining]
    assert ended[0]["cause"] == "exited with 0"


def test_an_idle_connection_has_its_next_request_answered_and_is_closed_with_it(daemon):
    with HttpClient(daemon.port) as client:
        assert client.get("/small")["connection"] is None
        daemon.reload()
        answer = client.get("/small")
        assert (answer.body, answer["connection"]) == (SMALL, "close")
        assert client.is_closed()
    wait_until_drained(daemon)


def test_an_idle_connection_that_asks_nothing_more_ends_cleanly_after_its_time(daemon, config):
    config(timeouts={"idle": 2})
    daemon.reload()
    wait_until_drained(daemon)
    with HttpClient(daemon.port) as client:
        client.get("/small")
        daemon.reload()
        assert not daemon.events("drained")[1:]
        assert client.is_closed()
    wait_until_drained(daemon, 2)
    assert daemon.metrics()['filed_timeouts_total{phase="idle"}'] == 1


def test_who_takes_longer_than_reload_drain_is_cut_by_a_reset(daemon, config):
    config(timeouts={"reload_drain": 1})
    with SlowClient(daemon.port, protocol="plain") as client:
        daemon.reload()
        wait_until_drained(daemon)
        with pytest.raises(ConnectionResetError):
            client.finish()
    aborted = 'filed_transfers_aborted_total{protocol="plain",reason="drain"}'
    assert daemon.metrics()[aborted] == 1


def test_stopping_ends_the_draining_workers_too(daemon, config):
    config(timeouts={"drain": 0})
    with SlowClient(daemon.port) as client:
        daemon.reload()
        assert daemon.stop() == 0
        assert len(client.finish()) < len(large())


def test_children_of_every_generation_go_when_the_master_is_killed(daemon):
    with SlowClient(daemon.port) as client:
        daemon.reload()
        daemon.process.kill()
        assert client.finish() == large()


# What takes effect.


def test_the_number_of_workers(daemon, config):
    config(workers=3)
    daemon.reload()
    wait_until_drained(daemon)
    assert len(daemon.workers()) == 3
    assert daemon.events("taking_over")[0]["workers"] == 3


def test_another_root(daemon, config, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "small").write_bytes(b"another\n")
    config(root=other)
    daemon.reload()
    assert get(daemon.port, "/small").body == b"another\n"


def test_the_same_root_that_leads_elsewhere_now(daemon, config, root, tmp_path):
    link, other = tmp_path / "link", tmp_path / "other"
    other.mkdir()
    (other / "small").write_bytes(b"another\n")
    link.symlink_to(root)
    config(root=link)
    daemon.reload()
    link.unlink()
    link.symlink_to(other)
    assert get(daemon.port, "/small").body == SMALL
    daemon.reload()
    assert get(daemon.port, "/small").body == b"another\n"


def test_an_address_that_is_new_and_one_that_is_given_up(daemon, config):
    first, port = daemon.port, free_port()
    config(listen={"tcp": [f"127.0.0.1:{port}"], "udp": []})
    daemon.reload()
    wait_until_drained(daemon)
    assert (daemon.ready["tcp"], daemon.ready["udp"]) == ([f"127.0.0.1:{port}"], [])
    assert get(port, "/small").body == SMALL
    assert is_refused(first)


@pytest.mark.parametrize(
    ("before", "after"),
    [("[::]", "127.0.0.1"), ("127.0.0.1", "[::]"), ("0.0.0.0", "[::]"), ("[::]", "0.0.0.0")],
)
def test_an_address_that_overlaps_with_the_one_it_takes_the_place_of(root, config, before, after):
    port = free_port()
    config(listen={"tcp": [f"{before}:{port}"], "udp": [f"{before}:{port}"]})
    with running(root, config=config.path) as daemon:
        config(listen={"tcp": [f"{after}:{port}"], "udp": [f"{after}:{port}"]})
        daemon.reload()
        wait_until_drained(daemon)
        assert daemon.ready["tcp"] == daemon.ready["udp"] == [f"{after}:{port}"]
        assert get(port, "/small").body == SMALL


def test_who_waits_at_an_address_that_is_given_up_is_still_let_in(daemon, config):
    first = daemon.port
    config(listen={"tcp": ["127.0.0.1:0"]})
    old = daemon.workers()
    for pid in old:
        os.kill(pid, signal.SIGSTOP)
    with ExitStack() as clients:
        waiting = [clients.enter_context(HttpClient(first)) for _ in range(20)]
        daemon.reload()
        for pid in old:
            os.kill(pid, signal.SIGCONT)
        assert [client.get("/small").body for client in waiting] == [SMALL] * 20
    wait_until_drained(daemon)
    assert is_refused(first)


def test_metrics_elsewhere_nowhere_and_back(daemon, config):
    first = daemon.ready["metrics"]
    config(metrics={"listen": f"127.0.0.1:{free_port()}"})
    daemon.reload()
    assert daemon.metrics()["filed_config_last_reload_successful"] == 1
    with pytest.raises(URLError):
        urlopen(f"http://{first}/metrics", timeout=10)
    config(metrics={"listen": "off"})
    assert daemon.reload()["metrics"] is None
    assert not [name for name in daemon.children() if "exporter" in name]
    config()
    daemon.reload()
    assert daemon.metrics()["filed_connections_accepted_total"] == 0


def test_the_log_s_settings(daemon, config):
    config(log={"access": False, "level": "debug"})
    daemon.reload()
    get(daemon.port, "/small")
    wait_until(lambda: requests_200(daemon) == 1, "the request to be counted")
    daemon.reload()
    wait_until_drained(daemon, 2)
    assert daemon.events("child_started")
    assert not daemon.events("request")


def test_the_rate_of_connections_to_a_socket_that_stays(daemon, config):
    config(limits={"rate": 50_000_000})
    daemon.reload()
    with SlowClient(daemon.port) as client:
        config()
        daemon.reload()
        assert client.finish() == large()
    assert get(daemon.port, "/small").body == SMALL


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user(daemon, config):
    assert status(daemon.workers()[0])["Uid"].split()[0] == "0"
    config(security={"user": "nobody"})
    daemon.reload()
    wait_until_drained(daemon)
    assert status(daemon.workers()[0])["Uid"].split()[0] != "0"
    assert status(daemon.process.pid)["Uid"].split()[0] == "0"
    assert get(daemon.port, "/small").body == SMALL


# What is refused.


@pytest.fixture
def unchanged(daemon):
    """A check to be called after a refusal: the old daemon serves on as if nothing was asked."""
    children, descriptors = daemon.children(), _descriptors(daemon)
    with SlowClient(daemon.port) as slow, HttpClient(daemon.port) as client:
        client.get("/small")

        def check():
            assert daemon.children() == children
            assert _descriptors(daemon) == descriptors
            assert daemon.metrics()["filed_config_last_reload_successful"] == 0
            answer = client.get("/small")
            assert (answer.body, answer["connection"]) == (SMALL, None)
            assert slow.finish() == large()
            assert not daemon.events("taking_over")

        yield check


def _descriptors(daemon):
    folder = f"/proc/{daemon.process.pid}/fd"
    return sorted(os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder))  # noqa: PTH115, PTH208


def test_a_broken_file(daemon, config, unchanged):
    config(workers="many", limits={"connections": -1})
    why = daemon.reload("reload_refused")["why"]
    assert f"{config.path}:2: workers: " in why
    assert "limits.connections" in why
    unchanged()


def test_a_root_that_is_gone(daemon, config, unchanged, tmp_path):
    config(root=tmp_path / "gone")
    assert "gone" in daemon.reload("reload_refused")["why"]
    unchanged()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_root_that_the_workers_user_cannot_enter(daemon, config, unchanged, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    config(root=closed, security={"user": "nobody"})
    why = daemon.reload("reload_refused")["why"]
    assert str(closed) in why
    assert "nobody" in why
    unchanged()


def test_an_address_that_is_taken(daemon, config, unchanged):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        config(listen={"tcp": [f"127.0.0.1:{free_port()}", taken]})
        why = daemon.reload("reload_refused")["why"]
        assert why == f"TCP {taken}: another program has this address already"
    unchanged()


def test_a_reload_that_is_refused_can_be_mended(daemon, config):
    config(workers="many")
    daemon.reload("reload_refused")
    config(workers=1)
    daemon.reload()
    wait_until_drained(daemon)
    assert daemon.metrics()["filed_config_last_reload_successful"] == 1
    assert len(daemon.workers()) == 1


@pytest.fixture
def hanging(daemon, config):
    """A daemon whose configuration is never read to its end: a FIFO that nobody writes to."""
    config.path.unlink()
    os.mkfifo(config.path)
    return daemon


def test_a_check_that_hangs_is_given_up_and_hang_ups_by_the_thousand_meanwhile_are_one(
    hanging, config, unchanged
):
    daemon = hanging
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for_event("reload_asked")
    for _ in range(3000):
        daemon.process.send_signal(signal.SIGHUP)
        assert len(daemon.children()) <= 4
    first = daemon.wait_for_event("reload_refused", timeout=60)[0]
    assert first["why"] == "the check of the new configuration takes too long"
    config.path.unlink()
    config(workers="many")
    second = daemon.wait_for_event("reload_refused", 2, timeout=60)[1]
    assert "workers" in second["why"]
    unchanged()
    assert len(daemon.events("reload_asked")) == 2


def test_stopping_calls_a_check_off(hanging):
    hanging.process.send_signal(signal.SIGHUP)
    hanging.wait_for_event("reload_asked")
    assert hanging.stop() == 0
    assert not hanging.events("reload_refused")
