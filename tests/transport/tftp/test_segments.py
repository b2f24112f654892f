"""A window leaves as a whole where kernel and path allow it, else packet by packet; it arrives."""

import pytest

from support.daemon import running, wait_until
from support.namespaces import join, namespaces
from support.served_tree import LARGE, MEDIUM
from support.tftp import DATA, OACK, Client
from support.tftp_transfers import ends, unharmed
from support.traced import traced

HEADER_BYTES = 4
MTU = 1500
V4, V6 = "10.77.1.1", "fd77:1::1"
# What IP and UDP put before a TFTP packet: RFC 791, RFC 8200, RFC 768.
HEADERS_BYTES = {V4: 20 + 8, V6: 40 + 8}
LEAST_MTU = {V4: 600, V6: 1280}  # RFC 8200 §5
PATIENT = {"timeout": 60}


def data_sent(trace):
    """The sizes of what was handed to the kernel that was longer than any OACK."""
    return [call.result for call in trace.calls("sendto") if call.result > 60]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(("windowsize", "calls"), [(1, 35), (2, 18), (16, 3), (32, 2), (64, 1)])
def test_a_window_leaves_in_one_call(tree, tmp_path, host, windowsize, calls):
    """34 blocks of 1468 bytes, and another one."""
    with running(tree, workers=1) as daemon, Client(daemon, host) as client:
        with traced(daemon.workers()[0], tmp_path / "trace", "sendto", "sendmsg") as trace:
            options = {"blksize": 1468, "windowsize": windowsize, **PATIENT}
            assert client.read(b"medium.bin", **options) == MEDIUM
            # What was sent may be here before the call that has sent it is over.
            wait_until(lambda: len(data_sent(trace)) >= calls, "the last call to be written down")
        assert len(data_sent(trace)) == calls
        assert sum(data_sent(trace)) == len(MEDIUM) + 35 * HEADER_BYTES
        assert len(client.packets) == 1 + 35


def test_a_window_longer_than_a_datagram_may_be_leaves_in_a_few(tree, tmp_path):
    """65,507 bytes hold 44 packets of 1472."""
    with running(tree, workers=1) as daemon, Client(daemon) as client:
        with traced(daemon.workers()[0], tmp_path / "trace", "sendto") as trace:
            client.begin(b"large.bin", blksize=1468, windowsize=64, **PATIENT)
            client.ack(0)
            blocks = [client.receive() for _ in range(64)]
            wait_until(lambda: len(data_sent(trace)) >= 2, "the last call to be written down")
        assert data_sent(trace) == [44 * 1472, 20 * 1472]
        assert b"".join(block.body for block in blocks) == LARGE[: 64 * 1468]


@pytest.mark.parametrize("mode", [b"octet", b"netascii"])
@pytest.mark.parametrize("blksize", [8, 9, 16, 31, 32, 60, 123, 124, 125, 512])
def test_no_other_packet_is_cut(daemon, blksize, mode):
    """An OACK may be longer than a block, and the text of an ERROR too."""
    with Client(daemon) as client:
        options = {"blksize": blksize, "windowsize": 40, "tsize": 0, **PATIENT}
        first = client.begin(b"digits", mode, **options)
        assert first.opcode == OACK
        assert client.terms[b"windowsize"] == b"40"
        assert client.finish(first) == b"0123456789"
        assert len(client.packets) == 1 + 10 // blksize + 1


def test_the_error_at_the_end_is_not_cut(tree):
    options = ("--tftp.timeout=0.1", "--tftp.retries=0")
    with running(tree, *options, workers=1) as daemon, Client(daemon) as client:
        client.begin(b"large.bin", blksize=8, windowsize=4)
        client.ack(0)
        packet = client.receive()
        while packet.opcode == DATA:
            assert len(packet.body) == 8
            packet = client.receive()
        assert packet.body == b"no ACK came in time"


@pytest.fixture(scope="module")
def daemon(tree):
    with running(tree, workers=1) as daemon:
        yield daemon


@pytest.fixture
def cable(tree):
    """A daemon at one end of a cable, that end, and a client at the other end."""
    with namespaces(2) as (here, there), here.entered():
        join(here, there, 1, MTU)
        options = ("--log.level=debug", "--tftp.max_windowsize=32767")
        with running(tree, *options, workers=1) as daemon, unharmed(daemon):
            yield daemon, here, there


def client_of(daemon, there, host):
    with there.entered():
        return Client(daemon, host)


@pytest.mark.parametrize("host", [V4, V6])
@pytest.mark.parametrize("windowsize", [1, 16, 64])
def test_a_block_is_as_long_as_a_narrow_path_takes(cable, host, windowsize):
    daemon, here, there = cable
    for end in (here, there):
        end.run("ip", "link", "set", "v1", "mtu", LEAST_MTU[host])
    with client_of(daemon, there, host) as client:
        assert client.read(b"large.bin", blksize=65464, windowsize=windowsize) == LARGE
        granted = LEAST_MTU[host] - HEADERS_BYTES[host] - HEADER_BYTES
        assert client.terms[b"blksize"] == b"%d" % granted
    assert not daemon.events("packets_sent_one_by_one")


@pytest.mark.parametrize("host", [V4, V6])
@pytest.mark.parametrize("windowsize", [1, 16, 64])
def test_a_path_that_becomes_narrower_meanwhile_is_no_obstacle(cable, host, windowsize):
    """The kernel cuts the packets itself then, and we no longer windows into packets."""
    daemon, here, there = cable
    with client_of(daemon, there, host) as client:
        first = client.begin(b"large.bin", blksize=1428, windowsize=windowsize)
        client.ack(0)
        blocks = [client.receive().body for _ in range(windowsize)]
        for end in (here, there):
            end.run("ip", "link", "set", "v1", "mtu", LEAST_MTU[host])
        client.ack(windowsize)
        assert client.finish(client.receive(), had=b"".join(blocks)) == LARGE
        assert first.options[b"blksize"] == b"1428"
    assert len(daemon.events("packets_sent_one_by_one")) == (windowsize > 1)


@pytest.fixture
def routed(tree):
    """As `cable`, with a router between the two, and narrow behind it."""
    with namespaces(3) as (here, router, there), here.entered():
        join(here, router, 1, MTU)
        join(router, there, 2, MTU)
        router.forward()
        for end, gateway, target in ((here, "1", "2"), (there, "2", "1")):
            host = {"1": "2", "2": "1"}[gateway]
            end.run("ip", "route", "add", f"10.77.{target}.0/24", "via", f"10.77.{gateway}.{host}")
            route = (f"fd77:{target}::/64", "via", f"fd77:{gateway}::{host}")
            end.run("ip", "-6", "route", "add", *route)
        with running(tree, "--log.level=debug", workers=1) as daemon, unharmed(daemon):
            yield daemon, router, there


@pytest.mark.parametrize("host", [V4, V6])
@pytest.mark.parametrize("windowsize", [1, 16, 64])
def test_a_path_that_is_narrower_further_on_is_no_obstacle(routed, host, windowsize):
    """Of IPv4 the router cuts the packets. Of IPv6 it says that they are too long (RFC 8201)."""
    daemon, router, there = routed
    with client_of(daemon, there, host) as client:
        client.begin(b"large.bin", blksize=1428, windowsize=windowsize)
        client.ack(0)
        blocks = [client.receive().body for _ in range(windowsize)]
        for end in (router, there):
            end.run("ip", "link", "set", "v2", "mtu", LEAST_MTU[host])
        client.ack(windowsize)
        assert client.finish(client.receive(), had=b"".join(blocks)) == LARGE
    wait_until(lambda: ends(daemon) == {"done": 1}, "the transfer to end")


@pytest.mark.parametrize("host", [V4, V6])
@pytest.mark.parametrize("windowsize", [64, 1000, 32767])
def test_a_path_that_is_slower_than_a_window_is_filled_as_it_empties(
    cable, tmp_path, host, windowsize
):
    """What the socket has no room for waits here."""
    daemon, here, there = cable
    slow = ("rate", "100mbit", "burst", "16kb", "limit", "10mb")
    here.run("tc", "qdisc", "add", "dev", "v1", "root", "tbf", *slow)
    with client_of(daemon, there, host) as client:
        with traced(daemon.workers()[0], tmp_path / "trace", "sendto") as trace:
            assert client.read(b"large.bin", blksize=1428, windowsize=windowsize) == LARGE
        full = [call for call in trace.calls("sendto") if call.error == "EAGAIN"]
        assert bool(full) == (windowsize > 64)
