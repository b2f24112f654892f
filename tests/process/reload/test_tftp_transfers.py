"""TFTP through a reload: what is under way goes on where it is, and no request is lost."""

import os
import signal
from contextlib import ExitStack, contextmanager

import pytest

from support.daemon import free_port, wait_until
from support.slow import SMALL, large
from support.tftp import OACK, Client, Refused
from support.tftp_transfers import is_refused

LOCKSTEP = {"blksize": 8192}
WINDOWED = {"blksize": 1428, "windowsize": 16}
ACTIVE = "filed_tftp_transfers_active"
DONE = 'filed_tftp_transfers_total{result="done"}'
CUT = 'filed_tftp_transfers_total{result="drain"}'

each_way = pytest.mark.parametrize("options", [LOCKSTEP, WINDOWED], ids=["lockstep", "windowed"])


@contextmanager
def downloading(daemon, **options):
    """A client that has begun to take the large file, and its first block."""
    with Client(daemon, timeout=20) as client:
        client.begin(b"large", **options)
        client.ack(0)
        yield client, client.receive()


def draining(daemon):
    """How many workers only finish what they have."""
    return daemon.metrics()['filed_workers{state="draining"}']


def wait_until_drained(daemon, count=1):
    daemon.wait_for_event("drained", count)


def assert_is_told_that_the_server_stops(client, first):
    with pytest.raises(Refused, match="error 0: the server is being stopped"):
        client.finish(first)


@each_way
def test_a_transfer_goes_on_in_the_old_worker_through_reload_after_reload(daemon, options):
    with downloading(daemon, **options) as (client, first):
        for _ in range(3):
            daemon.reload()
            wait_until(lambda: draining(daemon) == 1, "all but the worker that has it to go")
            assert daemon.metrics()[ACTIVE] == 1
            assert daemon.events("draining")[-1]["tftp_transfers"] == 1
        assert client.finish(first) == large()
    wait_until_drained(daemon)
    assert_counts_are_those_of_the_log(daemon, 1)


def assert_counts_are_those_of_the_log(daemon, transfers):
    lines = wait_until(
        lambda: found if len(found := daemon.events("request")) == transfers else None,
        f"{transfers} lines of the access log",
    )
    metrics = daemon.metrics()
    assert {line["outcome"] for line in lines} == {"done"}
    assert (metrics[ACTIVE], metrics[DONE]) == (0, transfers)
    assert metrics['filed_sent_bytes_total{protocol="tftp"}'] == sum(line["sent"] for line in lines)
    assert metrics["filed_tftp_retransmits_total"] == sum(line["retransmits"] for line in lines)


def test_transfers_of_several_generations_are_counted_together(daemon):
    with ExitStack() as clients:
        begun = []
        for _ in range(3):
            begun.append(clients.enter_context(downloading(daemon, **WINDOWED)))
            daemon.reload()
            assert daemon.metrics()[ACTIVE] == len(begun)
        for client, first in begun:
            assert client.finish(first) == large()
    wait_until(lambda: draining(daemon) == 0, "all workers of before to go")
    assert_counts_are_those_of_the_log(daemon, 3)


@each_way
def test_what_takes_longer_than_reload_drain_is_told_so_and_counted(daemon, config, options):
    config(timeouts={"reload_drain": 1})
    with downloading(daemon, **options) as (client, first):
        daemon.reload()
        wait_until_drained(daemon)
        assert_is_told_that_the_server_stops(client, first)
    metrics = daemon.metrics()
    assert (metrics[ACTIVE], metrics[CUT]) == (0, 1)
    assert metrics['filed_transfers_aborted_total{protocol="tftp",reason="drain"}'] == 1
    assert metrics['filed_timeouts_total{phase="drain"}'] == 1
    assert metrics['filed_tftp_errors_total{code="0"}'] == 1
    (line,) = daemon.events("request")
    assert line["outcome"] == "drain"


def test_stopping_ends_the_transfers_of_draining_workers_too(daemon, config):
    config(timeouts={"drain": 0})
    daemon.reload()
    wait_until_drained(daemon)
    with downloading(daemon, **WINDOWED) as (client, first):
        daemon.reload()
        assert daemon.stop() == 0
        assert_is_told_that_the_server_stops(client, first)


@each_way
def test_transfers_of_every_generation_are_finished_though_the_master_is_killed(daemon, options):
    with (
        downloading(daemon, **options) as (old, first_of_old),
        ExitStack() as later,
    ):
        daemon.reload()
        new, first_of_new = later.enter_context(downloading(daemon, **options))
        daemon.process.kill()
        assert old.finish(first_of_old) == large()
        assert new.finish(first_of_new) == large()


# Requests.


def test_whoever_asks_while_a_reload_goes_on_is_answered_at_once(daemon):
    asked = 0
    for count in (1, 2, 3):
        daemon.process.send_signal(signal.SIGHUP)
        while len(daemon.events("reloaded")) < count:
            asked += 1
            own_address = f"127.1.{asked >> 8}.{asked & 255}", 0
            with Client(daemon, local=own_address) as client:
                assert client.read(b"small") == SMALL
                assert len(client.packets) == 1
    wait_until_drained(daemon)
    wait_until(lambda: daemon.metrics()[DONE] == asked, "all to be counted")


def test_requests_that_wait_at_an_address_that_stays_are_answered_by_the_new_workers(daemon):
    asked_and_reloaded(daemon, daemon.workers())


def test_requests_that_wait_at_an_address_that_is_given_up_are_still_answered(daemon, config):
    first = daemon.udp_port
    config(listen={"udp": ["127.0.0.1:0"]})
    asked_and_reloaded(daemon, daemon.workers())
    assert daemon.udp_port != first
    wait_until_drained(daemon)
    assert is_refused(first)


def asked_and_reloaded(daemon, old):
    """Have twenty clients ask while nobody looks, reload, and let all of them fetch the file."""
    for pid in old:
        os.kill(pid, signal.SIGSTOP)
    with ExitStack() as clients:
        waiting = [clients.enter_context(Client(daemon, timeout=20)) for _ in range(20)]
        for client in waiting:
            client.ask(b"small", **WINDOWED)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.ready = daemon.wait_for_event("reloaded")[-1]
        for pid in old:
            os.kill(pid, signal.SIGCONT)
        for client in waiting:
            first = client.receive()
            assert first.opcode == OACK
            assert client.finish(first) == SMALL
    wait_until(lambda: daemon.metrics()[DONE] == 20, "all to be counted")
    assert daemon.metrics()[ACTIVE] == 0


def test_an_address_that_is_given_up_is_served_by_tftp_elsewhere(daemon, config):
    port = free_port()
    config(listen={"udp": [f"127.0.0.1:{port}"]})
    with downloading(daemon, **LOCKSTEP) as (client, first):
        daemon.reload()
        assert daemon.udp_port == port
        with Client(daemon) as another:
            assert another.read(b"small") == SMALL
        assert client.finish(first) == large()
    wait_until_drained(daemon)
