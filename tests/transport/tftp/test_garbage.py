"""Whatever is sent to it, the daemon lives, forgets it, and goes on with what others are sent."""

import random
import socket

import pytest

from support.daemon import running, wait_until
from support.served_tree import LARGE
from support.tftp import DATA, ERROR, NUMBERS, OACK, WRQ, Client, ack, error, request
from support.tftp_transfers import Bystander, dropped, ends, queued, taken, under_way, unharmed

REQUEST = request(b"digits", blksize=512, tsize=0)
WHOLE_MODE = len(b"\0\1digits\0octet")
KINDS = {
    "RRQ": REQUEST,
    "WRQ": request(b"digits", opcode=WRQ, blksize=512),
    "DATA": b"\0\3\0\1data",
    "ACK": ack(1),
    "ERROR": error(0, b"text"),
    "OACK": b"\0\6blksize\0" + b"512\0",
}
# Less than the queue of the daemon's socket holds, whoever it runs as.
BURST = 100


@pytest.fixture(scope="module")
def daemon(tree, as_nobody):
    """One that soon gives up who never answers."""
    options = ("--limits.udp_rate=1000000", "--tftp.per_client=0")
    soon = ("--tftp.timeout=0.1", "--tftp.retries=2")
    with running(tree, *options, *soon, *as_nobody) as daemon:
        yield daemon


@pytest.fixture(autouse=True)
def _unharmed(daemon):
    with unharmed(daemon):
        yield


@pytest.fixture
def bystander(daemon):
    with Bystander(daemon, b"large.bin", LARGE) as bystander:
        yield bystander


def wait_until_taken(daemon, count):
    wait_until(lambda: taken(daemon) == count, "all datagrams to be taken")


def truncations(packet):
    return [packet[:size] for size in range(len(packet))]


@pytest.mark.parametrize("kind", KINDS)
def test_every_truncation_of_every_packet_to_the_port_of_requests(daemon, bystander, kind):
    before = taken(daemon)
    for packet in truncations(KINDS[kind]):
        with Client(daemon) as client:
            client.knock(packet)
            assert_answer_to_truncation(client, kind, len(packet))
        bystander.step()
        before += 1
        wait_until_taken(daemon, before)


def assert_answer_to_truncation(client, kind, size):
    if size < 2:  # which is a query
        assert client.sock.recv(100) in (b"400 bad request\n", b"404 not found\n")
    elif kind == "WRQ" or (kind == "RRQ" and size < WHOLE_MODE):
        assert client.receive().opcode == ERROR
    elif kind == "RRQ":
        assert client.receive().opcode in (DATA, OACK)
        client.send(error(0))


@pytest.mark.parametrize("kind", KINDS)
def test_every_truncation_of_every_packet_in_the_middle_of_a_transfer(daemon, kind):
    """An ERROR with a code is one, and ends it: that is a test of its own."""
    packets = truncations(KINDS[kind])
    meaningless = [packet for packet in packets if kind != "ERROR" or len(packet) < 4]
    before = dropped(daemon)["stray"]
    with Bystander(daemon, b"large.bin", LARGE) as transfer:
        for packet in meaningless:
            transfer.client.send(packet)
            transfer.step()
        assert not [packet for packet in transfer.client.packets if packet.opcode == ERROR]
    wait_until(lambda: dropped(daemon)["stray"] == before + len(meaningless), "all to be counted")


@pytest.mark.parametrize("text", [b"", b"text", b"text without an end", b"x" * 60_000])
@pytest.mark.parametrize("code", [0, 1, 4, 5, 8, 65535])
def test_an_error_ends_a_transfer_without_a_word(daemon, bystander, code, text):
    before = ends(daemon)
    with Client(daemon) as client:
        client.begin(b"large.bin")
        client.ack(1)
        client.receive()
        client.send(error(code, text))
        bystander.step()
        wait_until(lambda: ends(daemon) - before == {"peer": 1}, "the transfer to end")
        assert not client.waiting()


@pytest.mark.parametrize("position", range(len(REQUEST)))
def test_every_change_of_one_byte_of_a_request(daemon, bystander, position):
    """Each is answered once at most: with a file that nobody takes, an error, or as a query."""
    before = taken(daemon)
    others = sorted(set(range(256)) - {REQUEST[position]})
    with Client(daemon) as client:
        for count, byte in enumerate(others, 1):
            client.knock(REQUEST[:position] + bytes([byte]) + REQUEST[position + 1 :])
            if count % BURST == 0:
                bystander.step()
                wait_until(lambda: not queued(daemon), "requests to be taken")
        wait_until_taken(daemon, before + len(others))
        wait_until(lambda: under_way(daemon) == 1, "all but the bystander to be over")
        answers = waiting(client)
    assert len(answers) <= len(others)
    assert {answer[:2] for answer in answers} <= {b"\0\3", b"\0\5", b"\0\6", b"40"}


def waiting(client):
    """The datagrams that have come to a client, queries' answers too."""
    client.sock.setblocking(False)
    found = []
    try:
        while True:
            found.append(client.sock.recv(65536))
    except BlockingIOError:
        return found


@pytest.mark.parametrize("seed", range(4))
def test_random_datagrams_of_any_size(daemon, bystander, seed):
    chance = random.Random(seed)
    sizes = [0, 1, 2, 3, 4, 511, 512, 513, 4095, 4096, 4097, 65506, 65507]
    sizes += [chance.randrange(65508) for _ in range(30)]
    sizes += [chance.randrange(40) for _ in range(300)]
    before = taken(daemon)
    with Client(daemon) as client:
        for number, size in enumerate(sizes):
            # Every other one begins like a packet of TFTP, as far as it goes.
            begin = bytes([0, chance.randrange(8)]) if number % 2 else b""
            client.knock((begin + chance.randbytes(size))[:size])
            if size > 1000 or number % 20 == 0:
                bystander.step()
                wait_until_taken(daemon, before + number + 1)
        wait_until_taken(daemon, before + len(sizes))
        assert len(waiting(client)) <= len(sizes)


def test_random_datagrams_to_the_port_of_a_transfer(daemon):
    chance = random.Random(7)
    with Bystander(daemon, b"large.bin", LARGE) as transfer:
        for size in [*range(64), 4096, 65507]:
            packet = bytearray(chance.randbytes(size))
            packet[:1] = b"\1"[:size]  # neither ACK nor ERROR
            transfer.client.send(packet)
            transfer.step()


def test_no_ack_of_a_block_that_was_never_sent_moves_anything(daemon, bystander):
    """All numbers there are but those of the window: they are passed over, and nothing is sent."""
    blksize, windowsize, burst = 8, 4, 50
    before = dropped(daemon)["stray"]
    never_sent = range(windowsize + 1, NUMBERS)
    with Client(daemon) as client:
        client.begin(b"large.bin", blksize=blksize, windowsize=windowsize, timeout=60)
        client.ack(0)
        acked = 0
        for at in range(0, len(never_sent), burst):
            for block in range(acked + 1, acked + windowsize + 1):
                begin = (block - 1) * blksize
                assert client.receive()[:3] == (DATA, block, LARGE[begin : begin + blksize])
            for ahead in never_sent[at : at + burst]:
                client.ack(acked + ahead)
            acked += windowsize
            client.ack(acked)
            if at % BURST == 0:
                bystander.step()
        client.send(error(0))
    wanted = before + len(never_sent)
    wait_until(lambda: dropped(daemon)["stray"] == wanted, "all to be counted")


def test_an_ack_of_what_was_not_offered_takes_nothing(daemon, bystander):
    before = ends(daemon)
    with Client(daemon) as client:
        assert client.begin(b"digits").opcode == DATA
        for block in (0, 2, 3, 65535):
            client.ack(block)
        bystander.step()
        wait_until(lambda: ends(daemon) - before == {"unanswered": 1}, "the transfer to be over")
        assert not client.waiting()


@pytest.mark.parametrize(
    ("host", "strange"),
    [("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "127.0.0.2"), ("::1", "::1")],
)
def test_a_stranger_cannot_reach_a_transfer(daemon, host, strange):
    """The kernel tells a stranger that nobody is there; the transfer does not hear of it."""
    packets = [*KINDS.values(), ack(0), ack(2), ack(65535), error(5), b"", b"x", b"x" * 60_000]
    with (
        Bystander(daemon, b"large.bin", LARGE, host) as transfer,
        Bystander(daemon, b"large.bin", LARGE, host) as other,
        socket.socket(transfer.client.sock.family, socket.SOCK_DGRAM) as stranger,
    ):
        stranger.bind((strange, 0))
        stranger.connect(transfer.client.peer)
        stranger.settimeout(5)
        for packet in packets:
            stranger.send(packet)
            with pytest.raises(ConnectionRefusedError):
                stranger.recv(100)
            other.client.sock.sendto(packet, transfer.client.peer)
            transfer.step()
            other.step()


def test_an_error_is_never_answered(daemon, bystander):
    packets = [error(code) for code in range(10)] + truncations(error(1, b"x"))[2:]
    before = dropped(daemon)["stray"]
    with Client(daemon) as client:
        for packet in packets:
            client.knock(packet)
            bystander.step()
        wait_until(lambda: dropped(daemon)["stray"] == before + len(packets), "all to be counted")
        assert not client.waiting()
