"""Whoever asks may have forged the address: what arrives there is little, and comes by no clock."""

import resource
from contextlib import ExitStack
from itertools import count

import pytest

from support.daemon import running, wait_until
from support.served_tree import DIGITS, LARGE
from support.tftp import DATA, ERROR, OACK, Client
from support.tftp_transfers import dropped, ends, queued, unharmed, wait_until_over

THOUSANDS = 2000
BURST = 100
FIRST_BLOCK_BYTES = 4 + 512
_NUMBERS = count(1)
OPTIONS = {"blksize": 65464, "windowsize": 64, "timeout": 255, "tsize": 0}


def sent_bytes(daemon):
    return daemon.metrics()['filed_sent_bytes_total{protocol="tftp"}']


@pytest.fixture
def many_descriptors():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("many_descriptors")
def test_thousands_that_ask_and_never_answer_get_one_packet_each(tree, as_nobody):
    soon = ("--tftp.timeout=0.5", "--tftp.retries=5")
    options = ("--limits.udp_rate=1000000", "--tftp.per_client=0", *soon, *as_nobody)
    with running(tree, *options) as daemon, unharmed(daemon), ExitStack() as stack:
        silent = [stack.enter_context(Client(daemon)) for _ in range(THOUSANDS)]
        for number, client in enumerate(silent, 1):
            client.ask(b"large.bin", **(OPTIONS if number % 2 else {}))
            if number % BURST == 0:
                wait_until(lambda: not queued(daemon), "requests to be taken")
        with Client(daemon) as other:
            assert other.read(b"large.bin", blksize=8192) == LARGE
        wait_until_over(daemon)
        assert ends(daemon) == {"unanswered": THOUSANDS, "done": 1}
        for number, client in enumerate(silent, 1):
            (packet,) = client.waiting()
            assert packet.opcode == (OACK if number % 2 else DATA)


@pytest.fixture(scope="module")
def slow_to_answer(tree, as_nobody):
    """A daemon that answers an address only a few times a second."""
    soon = ("--tftp.timeout=0.1", "--tftp.retries=2")
    with running(tree, "--limits.udp_rate=5", *soon, *as_nobody, workers=1) as daemon:
        yield daemon


@pytest.fixture
def address():
    """An address of the test's own, which has all of its rate."""
    return (f"127.0.2.{next(_NUMBERS)}", 0)


@pytest.mark.parametrize(
    ("name", "options", "answer"),
    [
        (b"large.bin", {}, (DATA, FIRST_BLOCK_BYTES)),
        (b"large.bin", {"blksize": 65464}, (OACK, 20)),
        (b"large.bin", OPTIONS, (OACK, 80)),
        (b"missing", {}, (ERROR, 40)),
        (b"missing", OPTIONS, (ERROR, 40)),
    ],
)
def test_a_flood_in_a_forged_name_arrives_there_as_a_trickle(
    slow_to_answer, address, name, options, answer
):
    """As many packets as `limits.udp_rate` allows, all of them the same short one."""
    daemon, asked = slow_to_answer, 50
    opcode, most_bytes = answer
    before, rated = sent_bytes(daemon), dropped(daemon)["rate"]
    with Client(daemon, local=address) as victim:
        for _ in range(asked):
            victim.ask(name, **options)
        # At most two seconds of the clock saw them.
        wait_until(lambda: dropped(daemon)["rate"] - rated >= asked - 10, "the rest to be dropped")
        wait_until_over(daemon)
        packets = victim.waiting()
    assert 5 <= len(packets) <= 10
    assert len(packets) == asked - (dropped(daemon)["rate"] - rated)
    assert set(packets) == {packets[0]}
    assert packets[0].opcode == opcode
    each = len(packets[0].body) + (2 if opcode == OACK else 5 if opcode == ERROR else 4)
    assert each <= most_bytes
    assert sent_bytes(daemon) - before == len(packets) * each


def test_who_answers_is_served_as_often_as_it_asks(slow_to_answer, address):
    """It has shown that it is there, so no request of its counts against the rate."""
    with ExitStack() as stack:
        for _ in range(30):
            client = stack.enter_context(Client(slow_to_answer, local=address))
            assert client.read(b"digits") == DIGITS


def test_a_forged_name_costs_no_other_address_anything(slow_to_answer, address):
    with Client(slow_to_answer, local=address) as victim, Client(slow_to_answer) as other:
        for _ in range(50):
            victim.ask(b"large.bin")
        assert other.read(b"large.bin", blksize=8192) == LARGE
