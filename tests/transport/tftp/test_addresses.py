"""Where packets come from: the address that was asked, and for each transfer a port of its own."""

import socket
from contextlib import ExitStack

import pytest

from support.daemon import running, wait_until
from support.namespaces import join, namespaces
from support.served_tree import LARGE, MEDIUM
from support.tftp import DATA, ERROR, OACK, Client, Refused, request
from support.tftp_transfers import dropped, unharmed

FOUND = b"200 50000 "
WINDOWED = {"blksize": 1428, "windowsize": 16}
V4 = ("127.0.0.1", "127.0.0.2", "127.1.2.3")
ASKED = [
    *(("[::]:0", host) for host in (*V4, "::1")),
    *(("0.0.0.0:0", host) for host in V4),
    ("127.0.0.1:0", "127.0.0.1"),
    ("127.0.0.2:0", "127.0.0.2"),
    ("[::1]:0", "::1"),
]


@pytest.fixture(scope="module")
def daemons(tree):
    """A daemon for each address that one may listen at, by that."""
    with ExitStack() as stack:
        options = ("--limits.udp_rate=1000000", "--tftp.timeout=0.1", "--tftp.retries=2")
        yield {
            at: stack.enter_context(running(tree, f"--listen.udp={at}", *options, workers=1))
            for at, _ in dict(ASKED).items()
        }


@pytest.fixture
def client(daemons, at, host):
    """One whose socket takes packets from anywhere."""
    everywhere = ("::" if ":" in host else "0.0.0.0", 0)
    with unharmed(daemons[at]), Client(daemons[at], host, local=everywhere) as client:
        yield client


@pytest.mark.parametrize(("at", "host"), ASKED)
@pytest.mark.parametrize("options", [{}, {"tsize": 0}, WINDOWED])
def test_a_file_comes_from_the_address_that_was_asked(client, host, options):
    assert client.read(b"medium.bin", **options) == MEDIUM
    assert {packet.source for packet in client.packets} == {(host, client.peer[1])}
    assert client.peer[1] != client.server[1]


@pytest.mark.parametrize(("at", "host"), ASKED)
def test_an_error_comes_from_the_address_that_was_asked(client, host):
    with pytest.raises(Refused) as refused:
        client.read(b"missing")
    assert refused.value.packet.source == (host, client.server[1])


@pytest.mark.parametrize(("at", "host"), ASKED)
def test_the_error_that_ends_a_transfer_comes_from_where_it_came_from(client, host):
    client.begin(b"large.bin", **WINDOWED)
    client.ack(0)
    packet = client.receive()
    while packet.opcode == DATA:
        packet = client.receive()
    assert packet.opcode == ERROR
    assert {packet.source for packet in client.packets} == {(host, client.peer[1])}


@pytest.mark.parametrize(("at", "host"), ASKED)
def test_a_querys_answer_comes_from_the_address_that_was_asked(client):
    client.knock(b"medium.bin")
    answer, source = client.sock.recvfrom(200)
    assert answer.startswith(FOUND)
    assert source == client.server


@pytest.mark.parametrize(("at", "host"), ASKED)
def test_each_transfer_has_a_port_of_its_own(client, daemons, at, host):
    ports = {client.server[1]}
    with ExitStack() as stack:
        others = [stack.enter_context(Client(daemons[at], host)) for _ in range(20)]
        for other in others:
            ports.add(other.begin(b"digits").source[1])
        assert len(ports) == 21
        for other in others:
            other.ack(1)


@pytest.mark.parametrize(("at", "host"), [("0.0.0.0:0", "127.0.0.1"), ("[::]:0", "127.0.0.1")])
@pytest.mark.parametrize(
    "datagram", [request(b"digits"), request(b"missing"), request(b"digits", tsize=0), b"digits"]
)
def test_what_was_sent_to_all_is_not_answered(client, daemons, at, datagram):
    """RFC 1123 §4.2.3.4."""
    before = dropped(daemons[at])["broadcast"]
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    client.sock.sendto(datagram, ("127.255.255.255", client.server[1]))
    wait_until(lambda: dropped(daemons[at])["broadcast"] == before + 1, "it to be dropped")
    assert not client.waiting()


@pytest.fixture
def at():
    """Where the daemon at the end of a cable listens."""
    return "[::]:0"


@pytest.fixture
def cable(tree, at):
    """A daemon at one end of two cables, and the network at their other ends."""
    with namespaces(2) as (here, there), here.entered():
        join(here, there, 1)
        join(here, there, 2)
        with running(tree, f"--listen.udp={at}", workers=1) as daemon, unharmed(daemon):
            yield daemon, there


@pytest.mark.parametrize("cable_number", [1, 2])
@pytest.mark.parametrize(
    "address", ["10.77.{0}.1", "fd77:{0}::1", "fe80::1%v{0}"], ids=["IPv4", "IPv6", "link-local"]
)
def test_each_address_of_each_interface_answers_for_itself(cable, cable_number, address):
    """A link-local address is one on each interface."""
    daemon, there = cable
    host = address.format(cable_number)
    with there.entered():
        client = Client(daemon, host)
    with client:
        assert client.read(b"large.bin", **WINDOWED) == LARGE
        assert client.packets[0].opcode == OACK
        asked = host.partition("%")[0]
        assert {packet.source for packet in client.packets} == {(asked, client.peer[1])}
        client.knock(b"medium.bin")
        answer, source = client.sock.recvfrom(200)
        assert answer.startswith(FOUND)
        assert source == client.server


@pytest.mark.parametrize(
    ("at", "group"),
    [
        ("[::]:0", "ff02::1%v1"),
        ("[::]:0", "10.77.1.255"),
        ("[::]:0", "255.255.255.255"),
        ("0.0.0.0:0", "10.77.1.255"),
        ("0.0.0.0:0", "255.255.255.255"),
        ("0.0.0.0:0", "224.0.0.1"),
    ],
)
@pytest.mark.parametrize("datagram", [request(b"digits"), b"digits"], ids=["TFTP", "query"])
def test_what_was_sent_to_a_group_is_not_answered(cable, group, datagram):
    daemon, there = cable
    with there.entered():
        client = Client(daemon, "fd77:1::1" if ":" in group else "10.77.1.1")
    with client:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"v1")
        with there.entered():
            target = socket.getaddrinfo(group, daemon.udp_port, client.sock.family)[0][4]
        client.sock.sendto(datagram, target)
        wait_until(lambda: dropped(daemon) == {"broadcast": 1}, "it to be dropped")
        assert not client.waiting()


def test_who_cannot_be_reached_is_dropped(cable):
    """There is no way back to the address that a request came from, or seems to."""
    daemon, there = cable
    there.run("ip", "address", "add", "10.99.0.1/32", "dev", "v1")
    with there.entered():
        client = Client(daemon, "10.77.1.1", local=("10.99.0.1", 0))
    with client:
        client.ask(b"digits")
        wait_until(lambda: dropped(daemon) == {"unreachable": 1}, "it to be dropped")
