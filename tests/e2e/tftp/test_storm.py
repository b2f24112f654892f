"""A hall of machines is switched on: five hundred clients ask at once, and all get the exact file.

Default settings; each client has an address of its own.
"""

from contextlib import contextmanager

import pytest

from support.daemon import running, wait_until
from support.tftp_storm import make_tree, storming

CLIENTS = 500

# Four gigabytes, compared byte by byte: 15 seconds on two cores that have nothing else to do.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = make_tree(tmp_path_factory.mktemp("root"))
    yield root
    for file in root.iterdir():
        file.unlink()


@contextmanager
def storm(root):
    with running(root) as daemon, storming(daemon.udp_port, CLIENTS) as clients:
        yield daemon, clients


def assert_all_have_it(daemon, seen):
    """Everyone has the exact file, and the daemon has seen it so; it says how it went."""
    assert seen["whole"] == CLIENTS, seen
    wait_until(lambda: result(daemon, "done") == CLIENTS, "all transfers to be counted")
    wait_until(lambda: len(daemon.events("request")) >= CLIENTS, "all lines of the log")
    print(describe(daemon, seen))  # noqa: T201 - pytest shows it with -s
    metrics = daemon.metrics()
    assert metrics["filed_tftp_transfers_active"] == 0
    assert sum(dropped(metrics).values()) == 0
    assert daemon.events("child_died") == []


def result(daemon, how):
    return daemon.metrics()[f'filed_tftp_transfers_total{{result="{how}"}}']


def dropped(metrics):
    """The datagrams that nobody answered, by why; but late packets of transfers."""
    series = "filed_datagrams_dropped_total{reason="
    stray = f'{series}"stray"}}'
    return {key: count for key, count in metrics.items() if key.startswith(series) and key != stray}


def describe(daemon, seen):
    lines = daemon.events("request")
    shares = [sum(line["worker"] == worker for line in lines) for worker in (0, 1)]
    resent = sum(line["retransmits"] for line in lines)
    return f"{dict(seen)}; transfers by worker: {shares}; packets sent again: {resent}"


def test_every_one_of_500_clients_gets_the_exact_file(root):
    with storm(root) as (daemon, clients):
        assert_all_have_it(daemon, clients.finish())


def test_a_reload_in_the_middle_costs_none_of_them_anything(root):
    with storm(root) as (daemon, clients):
        clients.wait_until_half()
        before = daemon.workers()
        daemon.reload(timeout=120)
        seen = clients.finish()
        daemon.wait_for_event("drained", timeout=30)
        assert not set(before) & set(daemon.workers())
        assert_all_have_it(daemon, seen)
