"""The same request twice: the network has doubled it, the client was impatient, or has restarted.

Nobody but the client can tell. So what it has not confirmed it is offered again as it was, and
beside what it has confirmed it is offered anew, and decides.
"""

import pytest

from support.daemon import running, wait_until
from support.served_tree import DIGITS, LARGE, MEDIUM
from support.stopped import stopped
from support.tftp import DATA, OACK, Client, error, request
from support.tftp_transfers import ends, is_open, outcomes, under_way, wait_until_over

UNKNOWN_TRANSFER_ID = 5
NOT_MINE = error(UNKNOWN_TRANSFER_ID)
PATIENT = {"timeout": 60}
WINDOWED = {"blksize": 1428, "windowsize": 16, **PATIENT}


@pytest.fixture(params=[1, 2], ids=["one worker", "two workers"])
def workers(request):
    return request.param


@pytest.fixture
def daemon(tree, workers):
    with running(tree, "--limits.udp_rate=1000000", workers=workers) as daemon:
        yield daemon


@pytest.fixture
def client(daemon):
    with Client(daemon) as client:
        yield client


def offers(client, count, *asked, **options):
    """Ask so many times, and return the first packet from each transfer that is offered."""
    for _ in range(count):
        client.ask(*asked, **options)
    packets = [client.receive() for _ in range(count)]
    return {packet.source: packet for packet in packets}, packets


@pytest.mark.parametrize("options", [{}, {"blksize": 1428}, WINDOWED])
def test_what_is_not_confirmed_is_offered_again_as_it_was(daemon, workers, client, options):
    """Each worker has one transfer for it; the client takes the one it has heard of first."""
    sources, packets = offers(client, 20, b"medium.bin", **options)
    assert {packet[:3] for packet in packets} == {packets[0][:3]}
    assert len(sources) <= workers
    assert under_way(daemon) == len(sources)
    for source in sources.keys() - {client.peer}:
        client.sock.sendto(NOT_MINE, source)
    assert client.finish(packets[0]) == MEDIUM
    wait_until_over(daemon)
    assert ends(daemon) == {"done": 1}
    assert not client.waiting()


def test_another_request_from_the_same_port_is_another_transfer(client):
    """A client whom the answer to its options came too late asks without them."""
    first = client.begin(b"medium.bin", blksize=1428)
    second = client.begin(b"medium.bin")
    third = client.begin(b"digits", blksize=1428)
    assert (first.opcode, second.opcode, third.opcode) == (OACK, DATA, OACK)
    assert len({first.source, second.source, third.source}) == 3
    assert client.finish(first) == MEDIUM


def test_what_the_client_took_instead_ends_what_it_had_not_confirmed(tree):
    with running(tree, workers=1) as daemon, Client(daemon) as client:
        client.begin(b"large.bin", blksize=1428)
        client.begin(b"medium.bin")
        client.peer = None
        assert client.read(b"digits") == DIGITS
        wait_until_over(daemon, 2)  # long before they would be given up
        assert ends(daemon) == {"done": 1}


def begun(client):
    """Take the first window of a large file, and keep back its ACK."""
    client.begin(b"large.bin", **WINDOWED)
    client.ack(0)
    blocks = [client.receive() for _ in range(WINDOWED["windowsize"])]
    return b"".join(block.body for block in blocks)


def test_a_request_that_comes_again_leaves_the_transfer_alone_if_the_client_does(daemon, client):
    had = begun(client)
    sources, _ = offers(client, 10, b"large.bin", **WINDOWED)
    assert client.peer not in sources
    for source in sources:
        client.sock.sendto(NOT_MINE, source)
    client.ack(WINDOWED["windowsize"])
    assert client.finish(client.receive(), had=had) == LARGE
    wait_until_over(daemon)
    assert ends(daemon) == {"done": 1}
    (event,) = outcomes(daemon, client)
    assert (event["outcome"], event["retransmits"]) == ("done", 0)


@pytest.mark.parametrize(("name", "content"), [(b"large.bin", LARGE), (b"digits", DIGITS)])
def test_a_client_that_has_restarted_gets_the_file_from_its_beginning(tree, name, content):
    """That it has taken the new transfer is the end of the old one."""
    with running(tree, workers=1) as daemon, Client(daemon) as client:
        begun(client)
        old, client.peer, client.terms = client.peer, None, {}
        assert client.read(name, blksize=1024) == content
        assert client.peer != old
        wait_until_over(daemon, 2)  # the old one would wait for a minute
        assert ends(daemon) == {"peer": 1, "done": 1}
        events = outcomes(daemon, client, 2)
        assert [event["outcome"] for event in events] == ["peer", "done"]


def test_what_another_worker_had_of_a_client_that_has_restarted_ends_by_its_own_word(tree):
    """It sends again what it has no ACK for, and the client says that it knows nothing of it."""
    with running(tree) as daemon, Client(daemon) as client:
        one, other = daemon.workers()
        with stopped(other):
            begun(client)
        old, client.peer, client.terms = client.peer, None, {}
        with stopped(one):
            first = client.begin(b"medium.bin", blksize=1428)
        assert client.peer != old
        client.sock.sendto(NOT_MINE, old)
        wait_until(lambda: under_way(daemon) == 1, "the old one to end")
        client.waiting()
        assert client.finish(first) == MEDIUM
        wait_until_over(daemon)
        assert ends(daemon) == {"peer": 1, "done": 1}


def test_a_client_that_asks_for_ever_new_files_holds_none_of_them_open(tmp_path):
    """None of its transfers may keep alive those before."""
    names = [f"{number:03}" for number in range(1000)]
    for name in names:
        (tmp_path / name).write_bytes(LARGE[:300_000])
    tmp_path.chmod(0o755)
    options = ("--tftp.timeout=0.2", "--tftp.retries=0", "--limits.udp_rate=1000000")
    with running(tmp_path, *options, workers=1) as daemon, Client(daemon) as client:
        (worker,) = daemon.workers()
        client.begin(names.pop().encode())
        first = tmp_path / "999"
        assert is_open(worker, first)

        def goes_on():
            client.knock(request(names.pop().encode()))
            return not is_open(worker, first)

        wait_until(goes_on, "the first file to be let go", 20)
        assert under_way(daemon) >= 1
