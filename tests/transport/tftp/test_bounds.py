"""At each limit: what is dropped and counted, how a transfer ends, and that others are served."""

import os
import socket
from contextlib import ExitStack
from urllib.request import urlopen

import pytest

from support.clients import program
from support.daemon import running, wait_until
from support.served_tree import DIGITS, LARGE, MEDIUM
from support.tftp import ERROR, Client, Refused
from support.tftp_transfers import (
    dropped,
    ends,
    errors,
    faults,
    is_open,
    outcomes,
    under_way,
    unharmed,
    wait_until_over,
)

LARGE_BLOCKS = {"blksize": 8192}
WINDOWED = {"blksize": 1428, "windowsize": 16}
# To be tried again soon, and given up soon.
SOON = ("--tftp.timeout=0.1", "--tftp.retries=2")


def begin(stack, daemon, name=b"large.bin", **where):
    """Begin a transfer and confirm its first packet; return the client and what it has got."""
    client = stack.enter_context(Client(daemon, **where))
    client.begin(name, **WINDOWED)
    client.ack(0)
    return client, client.receive()


def assert_dropped(daemon, client, reason):
    """Ask; once it is counted as dropped, no answer can be on its way."""
    before = dropped(daemon)[reason]
    client.ask(b"digits")
    wait_until(lambda: dropped(daemon)[reason] == before + 1, f"a request dropped: {reason}")
    assert not client.waiting()


def test_a_full_worker_drops_requests_until_a_transfer_has_ended(tree):
    with running(tree, "--tftp.max_transfers=2", workers=1) as daemon, ExitStack() as stack:
        (first, had), (second, _) = begin(stack, daemon), begin(stack, daemon)
        other = stack.enter_context(Client(daemon, "::1"))
        assert_dropped(daemon, other, "full")
        (event,) = daemon.wait_for_event("tftp_requests_dropped")
        assert "tftp.max_transfers" in event["setting"]
        assert first.finish(had) == LARGE
        wait_until(lambda: under_way(daemon) == 1, "the transfer to be over")
        assert other.read(b"digits") == DIGITS
        assert second.port


def test_a_full_worker_gives_away_the_place_of_who_has_waited_longest_unconfirmed(tree):
    with running(tree, "--tftp.max_transfers=3", workers=1) as daemon, ExitStack() as stack:
        confirmed, had = begin(stack, daemon)
        silent, slow, other = (stack.enter_context(Client(daemon)) for _ in range(3))
        silent.begin(b"large.bin", **WINDOWED)
        offered = slow.begin(b"large.bin", **WINDOWED)
        assert other.read(b"digits") == DIGITS
        assert ends(daemon) == {"done": 1, "unanswered": 1}
        assert slow.finish(offered) == LARGE
        assert confirmed.finish(had) == LARGE


def test_a_client_with_too_many_transfers_is_dropped_and_no_other(tree):
    with running(tree, "--tftp.per_client=2", workers=1) as daemon, ExitStack() as stack:
        (first, had), _ = begin(stack, daemon), begin(stack, daemon)
        third = stack.enter_context(Client(daemon))
        assert_dropped(daemon, third, "per_client")
        (event,) = daemon.wait_for_event("tftp_requests_dropped")
        assert "tftp.per_client" in event["setting"]
        for where in ({"host": "::1"}, {"local": ("127.0.0.3", 0)}):
            assert stack.enter_context(Client(daemon, **where)).read(b"digits") == DIGITS
        assert first.finish(had) == LARGE
        wait_until(lambda: under_way(daemon) == 1, "the transfer to be over")
        assert third.read(b"digits") == DIGITS


def test_a_request_that_comes_again_needs_no_room_of_its_own(tree):
    with (
        running(tree, "--tftp.max_transfers=1", "--tftp.per_client=1", workers=1) as daemon,
        Client(daemon) as client,
    ):
        first = client.begin(b"medium.bin", **WINDOWED)
        assert client.begin(b"medium.bin", **WINDOWED) == first
        assert client.finish(first) == MEDIUM
        assert not dropped(daemon)


def test_no_limit_on_a_client_is_none(tree):
    with running(tree, "--tftp.per_client=0", workers=1) as daemon, ExitStack() as stack:
        options = {"timeout": 60}
        clients = [stack.enter_context(Client(daemon)) for _ in range(200)]
        for client in clients:
            client.begin(b"medium.bin", **options)
            client.ack(0)
        assert under_way(daemon) == 200
        for client in clients:
            assert client.finish(client.receive()) == MEDIUM


@pytest.fixture
def daemon(tree):
    with running(tree, *SOON, workers=1) as daemon, unharmed(daemon):
        yield daemon


def test_a_client_that_goes_silent_is_told_so_in_the_end(daemon):
    """Its window comes again with each wait, and then an error, and after that nothing."""
    with ExitStack() as stack:
        client, _ = begin(stack, daemon)
        wait_until_over(daemon)
        *blocks, last = client.waiting()
        assert last[:3] == (ERROR, 0, b"no ACK came in time")
        numbers = [block.number for block in blocks]
        assert numbers == [*range(2, 17), *list(range(1, 17)) * (len(numbers) // 16)]
        assert ends(daemon) == {"timeout": 1}
        assert errors(daemon) == {"0": 1}
        metrics = daemon.metrics()
        assert metrics['filed_transfers_aborted_total{protocol="tftp",reason="stall"}'] == 1
        resent = len(numbers) - 15
        assert metrics["filed_tftp_retransmits_total"] == resent
        (event,) = outcomes(daemon, client)
        assert (event["outcome"], event["retransmits"]) == ("timeout", resent)
        assert resent >= 2 * 16  # tftp.retries


def test_a_client_that_is_silent_without_retries_is_sent_nothing_twice(tree):
    options = ("--tftp.timeout=0.1", "--tftp.retries=0")
    with running(tree, *options, workers=1) as daemon, Client(daemon) as client:
        client.begin(b"large.bin", timeout=1)  # the wait, whatever the round trip is
        client.ack(0)
        wait_until_over(daemon)
        first, error = client.waiting()
        assert (first.number, error.body) == (1, b"no ACK came in time")


@pytest.mark.parametrize(("timeout", "retries"), [(1, 2), (2, 0)])
def test_a_wait_that_the_client_has_asked_for_is_kept_to(tree, timeout, retries):
    with (
        running(tree, f"--tftp.retries={retries}", workers=1) as daemon,
        Client(daemon) as client,
    ):
        client.begin(b"large.bin", timeout=timeout)
        client.ack(0)
        wait_until_over(daemon)
        assert [packet.opcode for packet in client.waiting()] == [3] * (retries + 1) + [ERROR]
        (event,) = outcomes(daemon, client)
        assert event["seconds"] >= timeout * (retries + 1)


def test_a_client_that_is_gone_in_the_middle_is_sent_no_more(daemon):
    """Its kernel says that nobody is at that port."""
    with ExitStack() as stack:
        begin(stack, daemon)
    wait_until_over(daemon, 5)
    assert ends(daemon) == {"peer": 1}
    assert not errors(daemon)


def test_a_client_that_is_gone_before_it_has_answered_was_never_there(tree):
    """It is not waited for."""
    with running(tree, "--tftp.timeout=60", workers=1) as daemon:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            sock.sendto(b"\0\1large.bin\0octet\0", ("127.0.0.1", daemon.udp_port))
        wait_until(lambda: ends(daemon) == {"unanswered": 1}, "the transfer to be given up", 5)
        assert not errors(daemon)


@pytest.fixture
def changing(tmp_path):
    """A daemon, and a file of its tree to do something with."""
    path = tmp_path / "file"
    path.write_bytes(LARGE)
    with running(tmp_path, workers=1) as daemon, unharmed(daemon):
        yield daemon, path


@pytest.mark.parametrize("options", [{}, WINDOWED, LARGE_BLOCKS])
@pytest.mark.parametrize("mode", [b"octet", b"netascii"])
def test_a_file_that_becomes_shorter_while_it_is_sent_is_broken_off(changing, mode, options):
    """An end at the wrong place would look like the right one."""
    daemon, path = changing
    with Client(daemon) as client:
        first = client.begin(b"file", mode, **options)
        os.truncate(path, len(LARGE) // 2)
        with pytest.raises(Refused) as refused:
            client.finish(first)
        assert refused.value.packet[:3] == (ERROR, 0, b"the file became shorter while it was sent")
        wait_until_over(daemon)
        assert ends(daemon) == {"truncated": 1}
        (event,) = outcomes(daemon, client)
        assert event["outcome"] == "truncated"


@pytest.mark.parametrize("options", [{}, WINDOWED, LARGE_BLOCKS])
def test_a_file_that_is_replaced_while_it_is_sent_goes_out_as_it_was(changing, options):
    daemon, path = changing
    with Client(daemon) as client:
        first = client.begin(b"file", **options)
        new = path.with_suffix(".new")
        new.write_bytes(MEDIUM)
        new.rename(path)
        with Client(daemon) as other:
            assert other.read(b"file", **options) == MEDIUM
        assert client.finish(first) == LARGE


@pytest.mark.parametrize("options", [{"tsize": 0}, WINDOWED, LARGE_BLOCKS])
def test_of_a_file_that_becomes_longer_what_was_there_is_sent(changing, options):
    """As long as `tsize` has said."""
    daemon, path = changing
    with Client(daemon) as client:
        first = client.begin(b"file", **options)
        with path.open("ab") as file:
            file.write(MEDIUM)
        assert client.finish(first) == LARGE
        assert client.terms.get(b"tsize", b"%d" % len(LARGE)) == b"%d" % len(LARGE)


def test_a_small_file_that_becomes_shorter_goes_out_as_it_was(tmp_path):
    """It lies in memory."""
    path = tmp_path / "file"
    path.write_bytes(MEDIUM)
    os.utime(path, (1, 1))
    with running(tmp_path, workers=1) as daemon, Client(daemon) as client:
        wait_until(lambda: is_in_memory(daemon), "the file to be kept in memory")
        first = client.begin(b"file", blksize=512)
        os.truncate(path, 100)
        assert client.finish(first) == MEDIUM


def is_in_memory(daemon):
    with Client(daemon) as client:
        client.read(b"file")
    return daemon.metrics()["filed_cache_bytes"] >= len(MEDIUM)


def test_the_file_that_was_sent_last_is_let_go(tree):
    """Or a file that was deleted would keep its place on the disk until the next transfer."""
    with running(tree, workers=1) as daemon, Client(daemon) as client:
        (worker,) = daemon.workers()
        assert client.read(b"large.bin", **LARGE_BLOCKS) == LARGE
        wait_until(lambda: not is_open(worker, tree / "large.bin"), "the file to be let go", 8)


@pytest.fixture
def few_descriptors(tree):
    """A daemon whose processes may have no more than 64 descriptors each."""
    prlimit = program("prlimit", "util-linux")
    options = ("--limits.udp_rate=1000000", "--tftp.timeout=10")
    with running(tree, *options, wrap=[prlimit, "--nofile=64"], workers=1) as daemon:
        yield daemon


def test_at_most_half_of_the_descriptors_are_for_transfers_and_none_for_the_silent(few_descriptors):
    daemon = few_descriptors
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(daemon)) for _ in range(60)]
        for client in clients:
            client.ask(b"large.bin", **LARGE_BLOCKS)
        wait_until(lambda: ends(daemon)["unanswered"] == 60 - 32, "the first to give way")
        assert under_way(daemon) == 32
        with urlopen(f"{daemon.url}/digits") as answer:
            assert answer.read() == DIGITS
        last = clients[-1]
        assert last.finish(last.receive()) == LARGE
    assert not faults(daemon)


def test_where_descriptors_are_few_the_log_says_what_has_bitten(few_descriptors):
    daemon = few_descriptors
    with ExitStack() as stack:
        for _ in range(32):
            begin(stack, daemon)
        assert_dropped(daemon, stack.enter_context(Client(daemon)), "full")
        (event,) = daemon.wait_for_event("tftp_requests_dropped")
        assert event["setting"] == "RLIMIT_NOFILE"
