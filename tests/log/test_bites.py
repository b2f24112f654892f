"""A limit that bites is in the log, by name, and a flood of it is not a flood there."""

import socket
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest

from filed.metrics.catalogue import CONNECTIONS_REJECTED, DATAGRAMS_DROPPED, TIMEOUTS
from support.clients import program
from support.daemon import running, wait_until
from support.http_wire import HttpClient, request
from support.processes import shared_table
from support.slow import SlowClient, make_tree

MANY = 60


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("root"))


def rejected(reason):
    return CONNECTIONS_REJECTED.slot(reason)


def timed_out(phase):
    return TIMEOUTS.slot(phase)


def come_and_stay(daemon, clients):
    for _ in range(MANY):
        client = clients.enter_context(
            closing(socket.create_connection(("127.0.0.1", daemon.port)))
        )
        client.sendall(b"GET ")


def take_little(daemon, clients):
    for _ in range(MANY):
        clients.enter_context(SlowClient(daemon.port))


def come_over_and_over(daemon, clients):
    """One holds all that a client may have, others are turned away."""
    clients.enter_context(HttpClient(daemon.port)).get("/small")
    for _ in range(MANY):
        assert clients.enter_context(HttpClient(daemon.port)).is_closed()


def come_while_there_is_no_room(daemon, clients):
    """As each is answered the next one has to wait for it to go."""
    waiting = [clients.enter_context(HttpClient(daemon.port)) for _ in range(MANY)]
    for client in waiting:
        client.send(request("/small", "Connection: close"))
    for client in waiting:
        client.answer()
        client.sock.close()


def ask_much(daemon, clients):
    sock = clients.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    for _ in range(MANY):
        sock.sendto(b"small", ("127.0.0.1", daemon.udp_port))


@dataclass(frozen=True, slots=True)
class Bite:
    """A setting, what makes it bite, and by what that is counted and logged."""

    setting: str
    flood: Callable
    counter: int
    event: str


BITES = (
    Bite("limits.per_client = 1", come_over_and_over, rejected("per_client"), "client_rejected"),
    Bite(
        "limits.connections = 1", come_while_there_is_no_room, rejected("full"), "accepting_paused"
    ),
    Bite("limits.udp_rate = 1", ask_much, DATAGRAMS_DROPPED.slot("rate"), "datagrams_dropped"),
    Bite("timeouts.head = 0.2", come_and_stay, timed_out("head"), "timed_out"),
    Bite("timeouts.stall = 0.2", take_little, timed_out("stall"), "timed_out"),
)


@pytest.mark.parametrize("bite", BITES, ids=lambda bite: bite.setting)
def test_a_flood_is_told_by_a_few_events_that_say_which_setting_and_how_often(root, bite):
    option = "--" + bite.setting.replace(" ", "")
    with running(root, option, workers=1) as daemon, shared_table(daemon) as table:
        with ExitStack() as clients:
            bite.flood(daemon, clients)
            wait_until(lambda: table.total(bite.counter) >= MANY / 2, "the limit to bite often")
            first = daemon.wait_for_event(bite.event)[0]
        assert daemon.stop() == 0
        told = daemon.events(bite.event)
        counted = table.total(bite.counter)
    assert (first["setting"], "suppressed" in first) == (bite.setting, False)
    assert first["meaning"]
    assert len(told) < MANY / 4
    assert sum(1 + each.get("suppressed", 0) for each in told) == counted
    assert {each.get("client", "127.0.0.1") for each in told} == {"127.0.0.1"}


def test_a_client_that_is_too_slow_is_told_with_the_rate(root):
    options = ("--timeouts.min_rate=50000000", "--timeouts.min_rate_grace=0.2")
    with running(root, *options, workers=1) as daemon, SlowClient(daemon.port):
        (told,) = daemon.wait_for_event("timed_out")
    assert told["setting"] == "timeouts.min_rate = 50000000"


def test_descriptors_that_run_out_are_told_with_their_limit(root):
    few = [program("prlimit", "util-linux"), "--nofile=40"]
    with running(root, wrap=few, workers=1) as daemon, ExitStack() as clients:
        come_and_stay(daemon, clients)
        (told,) = daemon.wait_for_event("accepting_paused")
    assert (told["reason"], told["setting"]) == ("descriptors", "RLIMIT_NOFILE = 40")
