import socket
from contextlib import closing, contextmanager

import pytest

from filed.process.listeners import BindError, bind, shown
from filed.settings import Address, Settings
from filed.transport.local_address import IP_PKTINFO

ANY_PORT = Address("127.0.0.1", 0)
SO_MAX_PACING_RATE = 47


@contextmanager
def bound(*, tcp=(ANY_PORT,), udp=(ANY_PORT,), metrics=None, **limits):
    settings = Settings.model_validate(
        {"listen": {"tcp": tcp, "udp": udp}, "metrics": {"listen": metrics}, "limits": limits}
    )
    with closing(bind(settings)) as listeners:
        yield listeners


def test_all_that_is_asked_for_is_bound_and_nothing_else():
    with bound(tcp=(ANY_PORT, ANY_PORT), metrics=ANY_PORT) as listeners:
        assert (len(listeners.tcp), len(listeners.udp)) == (2, 1)
        assert listeners.metrics is not None
        assert [sock.type for sock in listeners] == [
            *(socket.SOCK_STREAM, socket.SOCK_STREAM),
            *(socket.SOCK_DGRAM, socket.SOCK_STREAM),
        ]
    with bound(tcp=(), udp=()) as listeners:
        assert list(listeners) == []


def test_no_socket_blocks_or_survives_an_exec():
    with bound(metrics=ANY_PORT) as listeners:
        for sock in listeners:
            assert not sock.getblocking()
            assert not sock.get_inheritable()


@pytest.mark.parametrize(
    ("host", "peers"),
    [
        ("127.0.0.1", ["127.0.0.1"]),
        ("::1", ["::1"]),
        ("::", ["127.0.0.1", "::1"]),
        ("0.0.0.0", ["127.0.0.1"]),
    ],
)
def test_an_address_is_reached_by_whom_it_is_for(host, peers):
    with bound(tcp=(Address(host, 0),), udp=(Address(host, 0),)) as listeners:
        for peer in peers:
            port = listeners.tcp[0].getsockname()[1]
            socket.create_connection((peer, port), 10).close()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        assert [sock.family for sock in listeners] == [family, family]


@pytest.mark.parametrize(("host", "start"), [("127.0.0.1", "127.0.0.1:"), ("::1", "[::1]:")])
def test_an_address_is_shown_with_the_port_it_got(host, start):
    with bound(tcp=(Address(host, 0),)) as listeners:
        sock = listeners.tcp[0]
        assert shown(sock) == f"{start}{sock.getsockname()[1]}"


def test_a_port_can_be_had_again_at_once_though_a_connection_has_just_ended():
    with bound() as listeners:
        address = listeners.tcp[0].getsockname()
        with socket.create_connection(address, 10), closing(accepted(listeners.tcp[0])) as theirs:
            theirs.shutdown(socket.SHUT_WR)
    with bound(tcp=(Address(*address),)) as listeners:
        assert listeners.tcp[0].getsockname() == address


def accepted(listener):
    listener.setblocking(True)
    return listener.accept()[0]


@pytest.mark.parametrize("which", ["tcp", "udp", "metrics"])
def test_an_address_that_is_taken_is_named_and_nothing_stays_bound(which):
    with bound(metrics=ANY_PORT) as others:
        taken = {"tcp": others.tcp[0], "udp": others.udp[0], "metrics": others.metrics}[which]
        address = Address(*taken.getsockname())
        wanted = address if which == "metrics" else (address,)
        name = "UDP" if which == "udp" else "TCP"
        with (
            pytest.raises(BindError, match=f"^{name} {address}: another program has this address"),
            bound(**{which: wanted}),
        ):
            pytest.fail("it cannot be bound twice")


def test_an_address_of_another_machine_is_refused_in_words():
    with (
        pytest.raises(BindError, match=r"^TCP 192\.0\.2\.1:0: this machine has no such address$"),
        bound(tcp=(Address("192.0.2.1", 0),)),
    ):
        pytest.fail("it is not ours")


def option(sock, level, name):
    return sock.getsockopt(level, name)


def test_what_is_accepted_inherits_no_delay_and_the_rate():
    with bound(rate=123_456) as listeners:
        address = listeners.tcp[0].getsockname()
        with socket.create_connection(address, 10), closing(accepted(listeners.tcp[0])) as theirs:
            assert option(theirs, socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert option(theirs, socket.SOL_SOCKET, SO_MAX_PACING_RATE) == 123_456


def test_datagrams_say_which_address_they_were_sent_to():
    with bound(udp=(Address("::", 0), ANY_PORT)) as listeners:
        dual, v4 = listeners.udp
        assert option(dual, socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO)
        assert option(dual, socket.IPPROTO_IP, IP_PKTINFO)
        assert option(v4, socket.IPPROTO_IP, IP_PKTINFO)
