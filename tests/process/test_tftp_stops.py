"""How TFTP transfers end when the daemon does: finished where there is time, told where not."""

import signal
from contextlib import contextmanager

import pytest

from filed.metrics import catalogue
from support.daemon import running, wait_until
from support.processes import shared_table
from support.slow import large, make_tree
from support.tftp import Client, Refused
from support.tftp_transfers import is_refused

LOCKSTEP = {"blksize": 8192}
WINDOWED = {"blksize": 1428, "windowsize": 16}

each_way = pytest.mark.parametrize("options", [LOCKSTEP, WINDOWED], ids=["lockstep", "windowed"])


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("root"))


@contextmanager
def serving(root, *more):
    """A daemon, and its table, which can be read when it has ended."""
    with running(root, *more) as daemon, shared_table(daemon) as table:
        yield daemon, table


@contextmanager
def downloading(daemon, **options):
    """A client that has begun to take the large file, and its first block."""
    with Client(daemon, timeout=20) as client:
        client.begin(b"large", **options)
        client.ack(0)
        yield client, client.receive()


def begin_to_stop(daemon, table):
    """Ask the daemon to stop; return when nobody takes requests any more."""
    daemon.process.send_signal(signal.SIGTERM)
    running_workers = catalogue.WORKERS.slot("running")
    wait_until(lambda: table.total(running_workers) == 0, "the workers to be told")
    wait_until(lambda: is_refused(daemon.udp_port), "the workers to close the listener")


def ended(table, how):
    """How many transfers have ended so."""
    return table.total(catalogue.TFTP_TRANSFERS_ENDED.slot(how))


def logged(daemon):
    """The line of the access log on the one transfer that there was."""
    (line,) = [line for line in daemon.events("request") if line["protocol"] == "tftp"]
    return line


@each_way
def test_a_transfer_under_way_is_finished_whole_and_then_it_ends_with_0(root, options):
    with serving(root) as (daemon, table), downloading(daemon, **options) as (client, first):
        begin_to_stop(daemon, table)
        assert daemon.events("stopping")[0]["tftp_transfers"] == 1
        assert daemon.process.poll() is None
        assert client.finish(first) == large()
        assert daemon.process.wait(10) == 0
        assert ended(table, "done") == 1
        assert table.total(catalogue.TFTP_TRANSFERS.slot()) == 0
        assert logged(daemon)["outcome"] == "done"


@each_way
def test_what_has_not_finished_after_the_drain_is_told_so_and_counted(root, options):
    with (
        serving(root, "--timeouts.drain=0.5") as (daemon, table),
        downloading(daemon, **options) as (client, first),
    ):
        assert daemon.stop() == 0
        with pytest.raises(Refused, match="error 0: the server is being stopped"):
            client.finish(first)
        assert ended(table, "drain") == 1
        assert table.total(catalogue.TRANSFERS_ABORTED.slot("tftp", "drain")) == 1
        assert table.total(catalogue.TFTP_ERRORS.slot("0")) == 1
        assert table.total(catalogue.TIMEOUTS.slot("drain")) == 1
        line = logged(daemon)
        assert line["outcome"] == "drain"
        assert line["sent"] < line["expected"]


@each_way
def test_a_second_signal_ends_it_at_once_and_tells_who_is_cut_off(root, options):
    with (
        serving(root, "--timeouts.drain=3600") as (daemon, table),
        downloading(daemon, **options) as (client, first),
    ):
        begin_to_stop(daemon, table)
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(5) == 0
        with pytest.raises(Refused, match="error 0: the server is being stopped"):
            client.finish(first)
        assert ended(table, "drain") == 1
        assert table.total(catalogue.TIMEOUTS.slot("drain")) == 0


def test_who_has_not_answered_yet_may_be_somebody_else_and_is_told_nothing(root):
    with serving(root, "--timeouts.drain=0") as (daemon, table), Client(daemon) as client:
        client.begin(b"large", **WINDOWED)
        assert daemon.stop() == 0
        assert client.waiting() == []
        assert ended(table, "drain") == 1


def test_who_does_not_answer_holds_nothing_up(root):
    options = ("--timeouts.drain=3600", "--tftp.timeout=255")
    with serving(root, *options) as (daemon, table), Client(daemon) as client:
        client.begin(b"large", **WINDOWED)
        assert daemon.stop() == 0
        assert client.waiting() == []
        assert ended(table, "unanswered") == 1


def test_a_client_that_has_gone_holds_nothing_up(root):
    with serving(root, "--timeouts.drain=3600") as (daemon, table):
        with downloading(daemon, **WINDOWED):
            begin_to_stop(daemon, table)
        assert daemon.process.wait(10) == 0
        assert ended(table, "peer") == 1


@each_way
def test_workers_finish_what_is_under_way_though_the_master_is_killed(root, options):
    with serving(root) as (daemon, table), downloading(daemon, **options) as (client, first):
        daemon.process.kill()
        wait_until(lambda: is_refused(daemon.udp_port), "the workers to close the listener")
        assert client.finish(first) == large()
        wait_until(lambda: ended(table, "done") == 1, "it to be counted")
