"""The UDP port: queries, what is not answered, and who it is answered from."""

import random
import re
import socket
from contextlib import contextmanager

import pytest

from support.clients import ask
from support.daemon import running, wait_until
from support.served_tree import ETAG, LARGE

FOUND = b"200 10 2023-11-14T22:13:20Z " + ETAG.encode() + b"\n"
NOT_FOUND = b"404 not found\n"


@contextmanager
def socket_at(host="127.0.0.1", port=0, family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.bind((host, port))
        yield sock


def dropped(daemon, reason):
    return daemon.metrics()[f'filed_datagrams_dropped_total{{reason="{reason}"}}']


def assert_dropped(daemon, sock, datagram, target, reason):
    """Send what must not be answered; once it is counted, no answer can be on its way."""
    before = dropped(daemon, reason)
    sock.sendto(datagram, target)
    wait_until(lambda: dropped(daemon, reason) == before + 1, f"a datagram dropped: {reason}")
    sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        sock.recv(65536)
    sock.settimeout(5)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        (b"digits", FOUND),
        (b"digits\n", FOUND),
        (b"digits\r\n", FOUND),
        (b"/digits", FOUND),
        (b"digits\nmore", FOUND),
        (b"at_epoch", b"200 10 1970-01-01T00:00:00Z -\n"),
        (b"missing", NOT_FOUND),
        (b"dir", NOT_FOUND),
        (b"/", NOT_FOUND),
        (b"digits/", NOT_FOUND),
        (b".hidden", NOT_FOUND),
        (b"fifo", NOT_FOUND),
        (b"unreadable", b"403 forbidden\n"),
        (b"", b"400 bad request\n"),
        (b"\n", b"400 bad request\n"),
        (b"digits\0", b"400 bad request\n"),
        (b"n" * 1024, NOT_FOUND),
        (b"n" * 1025, b"400 bad request\n"),
    ],
)
def test_a_query_is_answered_in_one_line(daemon, name, answer):
    assert ask(daemon.udp_port, name) == answer


@pytest.mark.parametrize(
    ("name", "size"),
    [
        (b"large.bin", len(LARGE)),
        (b"empty", 0),
        (b"dir\\file", 14),
        (b"back\\slash", 11),
        (b"\xff\xfe.bin", 9),
        ("grüße.txt".encode(), 5),
    ],
)
def test_a_query_tells_the_size(daemon, name, size):
    answer = ask(daemon.udp_port, name)
    assert answer.startswith(b"200 %d " % size)
    assert len(answer) <= 160


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "127.1.2.3", "::1"])
def test_an_answer_leaves_from_the_address_that_was_asked(daemon, host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket_at("::" if ":" in host else "0.0.0.0", family=family) as sock:
        sock.sendto(b"digits", (host, daemon.udp_port))
        answer, source = sock.recvfrom(65536)
        assert (answer, source[:2]) == (FOUND, (host, daemon.udp_port))


@pytest.fixture(scope="module")
def two(tree, as_nobody):
    """Two daemons, each with a port of one address."""
    options = ("--listen.udp=127.0.0.1:0", "--limits.udp_rate=1000000", *as_nobody)
    with running(tree, *options) as one, running(tree, *options) as other:
        yield one, other


@pytest.mark.parametrize("name", [b"digits", b"missing", b"unreadable", b"digits\0", b"empty"])
def test_what_one_daemon_answers_another_does_not(two, name):
    one, other = two
    answer = ask(one.udp_port, name)
    with socket_at() as third:
        assert_dropped(other, third, answer, ("127.0.0.1", other.udp_port), "looks_like_answer")


@pytest.mark.parametrize("name", [b"digits", b"missing", b"unreadable", b"digits\0", b"empty"])
def test_what_one_daemon_answers_another_does_not_though_it_comes_from_its_port(two, name):
    """The addresses differ, since the port is taken at the first daemon's own."""
    one, other = two
    answer = ask(one.udp_port, name)
    with socket_at("127.0.0.2", one.udp_port) as spoofed:
        target = ("127.0.0.1", other.udp_port)
        assert_dropped(other, spoofed, answer, target, "looks_like_answer")


def test_two_daemons_do_not_talk_to_each_other(two):
    """A forged datagram would make one ask the other; here one is handed on by a third."""
    one, other = two
    requests = [_requests(daemon) for daemon in two]
    with socket_at() as third:
        for name in (b"digits", b"missing", b"\0\1file\0octet\0"):
            third.sendto(name, ("127.0.0.1", one.udp_port))
            answer = third.recv(65536)
            assert_unanswered(other, third, answer)
            assert_unanswered(one, third, answer)
    assert [_requests(daemon) for daemon in two] == [requests[0] + 3, requests[1]]


def assert_unanswered(daemon, sock, datagram):
    reason = "stray" if datagram.startswith(b"\0") else "looks_like_answer"
    assert_dropped(daemon, sock, datagram, ("127.0.0.1", daemon.udp_port), reason)


def _requests(daemon):
    return sum(
        count
        for series, count in daemon.metrics().items()
        if series.startswith("filed_requests_total") and re.search('="(query|tftp)"', series)
    )


@pytest.mark.parametrize("datagram", [b"digits", b"missing", b"\0\1digits\0octet\0", b"", b"\0"])
def test_what_comes_from_the_own_port_is_dropped(two, datagram):
    """A forged sender could make a daemon talk to itself."""
    daemon, _ = two
    with socket_at("127.0.0.2", daemon.udp_port) as sock:
        target = ("127.0.0.1", daemon.udp_port)
        assert_dropped(daemon, sock, datagram, target, "source_port")


@pytest.mark.parametrize("datagram", [b"digits", b"\0\1digits\0octet\0"])
def test_what_was_sent_to_everybody_is_dropped(daemon, datagram):
    with socket_at("0.0.0.0") as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        target = ("127.255.255.255", daemon.udp_port)
        assert_dropped(daemon, sock, datagram, target, "broadcast")


def test_what_was_sent_to_a_group_is_dropped(daemon):
    with socket_at("::", family=socket.AF_INET6) as sock:
        target = ("ff02::1", daemon.udp_port, 0, _interface_with_groups())
        assert_dropped(daemon, sock, b"digits", target, "broadcast")


def _interface_with_groups():
    """Find an interface that takes datagrams for all hosts of its link; lo does not."""
    with socket_at("::", family=socket.AF_INET6) as sock:
        for index, _ in socket.if_nameindex():
            try:
                sock.sendto(b"", ("ff02::1", 9, 0, index))  # RFC 863: discard
            except OSError:  # it has no IPv6, or is down
                continue
            return index
    return pytest.skip("no interface has IPv6 but lo")


@pytest.mark.parametrize("datagram", [b"200 10 x\n", b"404 not found\n", b"999 ", b"000 digits"])
def test_what_looks_like_an_answer_is_dropped(daemon, datagram):
    with socket_at() as sock:
        target = ("127.0.0.1", daemon.udp_port)
        assert_dropped(daemon, sock, datagram, target, "looks_like_answer")


def test_a_datagram_longer_than_any_name_is_dropped(daemon):
    with socket_at() as sock:
        target = ("127.0.0.1", daemon.udp_port)
        assert_dropped(daemon, sock, b"n" * 5000, target, "truncated")


def test_each_address_is_answered_so_many_times_a_second(tree, as_nobody):
    asked = 100
    options = ("--limits.udp_rate=5", *as_nobody)
    with running(tree, *options, workers=1) as daemon, socket_at() as sock:
        for _ in range(asked):
            sock.sendto(b"digits", ("127.0.0.1", daemon.udp_port))
        over = wait_until(
            lambda: (count := dropped(daemon, "rate")) + _requests(daemon) == asked and count,
            "all to be answered or counted",
        )
        assert ask(daemon.udp_port, b"digits", host="::1") == FOUND  # another address
        sock.setblocking(False)
        answered = _received(sock)
        # At most two seconds of the clock saw them.
        assert 5 <= len(answered) <= 10
        assert len(answered) == asked - over  # the other address had a socket of its own
        assert set(answered) == {FOUND}


def _received(sock):
    found = []
    while True:
        try:
            found.append(sock.recv(65536))
        except BlockingIOError:
            return found


@pytest.mark.parametrize(
    "packet", [b"\0\3\0\1data", b"\0\4\0\1", b"\0\5\0\1no\0", b"\0\6tsize\0" + b"5\0"]
)
def test_what_belongs_to_no_transfer_is_counted_and_not_answered(daemon, packet):
    with socket_at() as sock:
        assert_dropped(daemon, sock, packet, ("127.0.0.1", daemon.udp_port), "stray")


def test_any_datagram_leaves_the_daemon_as_it_was(daemon):
    junk = random.Random(5)
    with socket_at() as sock:
        sock.connect(("127.0.0.1", daemon.udp_port))
        for size in range(100):
            for _ in range(10):
                sock.send(junk.randbytes(size))
            assert ask(daemon.udp_port, b"digits") == FOUND
    assert not daemon.events("datagram_failed")
