"""What the daemon and a service manager say to each other."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import closing

import pytest
from structlog.testing import capture_logs

from filed.process.systemd import Notifier, handed_sockets
from support import socket_unit
from support.clients import program
from support.daemon import wait_until
from support.service_manager import Manager

PID = str(os.getpid())


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "notify")


@pytest.fixture
def manager(path):
    manager = Manager(path)
    with closing(manager.socket):
        yield manager


@pytest.fixture
def notifier(path):
    with closing(Notifier.of({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000"})) as notifier:
        yield notifier


def test_each_thing_that_is_said_is_one_message(manager, notifier):
    notifier.ready("4 workers")
    notifier.status("10 connections")
    notifier.watchdog()
    notifier.extend(1.5)
    notifier.stopping("draining")
    assert manager.heard() == [
        "READY=1\nSTATUS=4 workers",
        "STATUS=10 connections",
        "WATCHDOG=1",
        "EXTEND_TIMEOUT_USEC=1500000",
        "STOPPING=1\nSTATUS=draining",
    ]


def test_a_reload_is_announced_with_its_time_in_the_same_message(manager, notifier):
    before = time.monotonic_ns() // 1000
    notifier.reloading()
    (message,) = manager.heard()
    reloading, _, stamp = message.partition("\nMONOTONIC_USEC=")
    assert reloading == "RELOADING=1"
    assert before <= int(stamp) <= time.monotonic_ns() // 1000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\nREADY=1", "one\\x0aREADY=1"),
        ("caf\udce9 \ud800", "caf\\udce9 \\ud800"),
        ("日本", "日本"),
        ("x" * 9000, "x" * 500),
    ],
)
def test_a_status_is_one_line_that_the_manager_can_take(manager, notifier, text, shown):
    notifier.status(text)
    assert manager.heard() == [f"STATUS={shown}"]


def test_an_abstract_address_is_reached():
    name = f"filed-test-{os.getpid()}"
    manager = Manager(f"\0{name}")
    with closing(manager.socket), closing(Notifier.of({"NOTIFY_SOCKET": f"@{name}"})) as notifier:
        notifier.ready("here")
        assert manager.heard() == ["READY=1\nSTATUS=here"]


@pytest.mark.parametrize("address", [None, "", "relative", "vsock:2:1234"])
def test_where_there_is_no_manager_nobody_is_told(address):
    environ = {} if address is None else {"NOTIFY_SOCKET": address}
    with closing(Notifier.of(environ)) as notifier, capture_logs() as logs:
        say_everything(notifier)
    assert logs == []


def say_everything(notifier):
    notifier.ready("")
    notifier.reloading()
    notifier.status("")
    notifier.watchdog()
    notifier.extend(1)
    notifier.stopping("")


def test_a_manager_that_is_gone_is_complained_of_once(path, notifier):
    with capture_logs() as logs:
        say_everything(notifier)
        Manager(path).socket.close()
        say_everything(notifier)
    assert [(log["event"], log["why"]) for log in logs] == [
        ("manager_unreachable", "No such file or directory")
    ]


def test_what_the_manager_waits_for_is_kept_while_its_queue_is_full(manager, notifier):
    sent = 2000
    for _ in range(sent):
        notifier.status("again")
    notifier.ready("kept")
    notifier.status("not kept")
    assert len(manager.heard()) < sent
    notifier.watchdog()
    assert manager.heard() == ["READY=1\nSTATUS=kept", "WATCHDOG=1"]


def test_after_closing_nothing_is_said(manager, notifier):
    notifier.close()
    say_everything(notifier)
    assert manager.heard() == []


@pytest.mark.parametrize(
    ("environ", "period_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15),
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": PID}, 0.5),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": ""}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "9" * 5000}, None),
        ({"WATCHDOG_USEC": ""}, None),
        ({}, None),
    ],
)
def test_the_watchdog_s_period_is_half_of_what_the_manager_allows(manager, path, environ, period_s):
    with closing(Notifier.of({"NOTIFY_SOCKET": path} | environ)) as notifier:
        assert notifier.watchdog_period_s == period_s
        notifier.watchdog()
    assert manager.heard() == ([] if period_s is None else ["WATCHDOG=1"])


TAKE = """
import json, os, sys
from filed.process.listeners import BindError
from filed.process.systemd import handed_sockets
try:
    sockets = handed_sockets(os.environ)
except BindError as error:
    sys.exit(str(error))
left = [name for name in os.environ if name.startswith("LISTEN_")]
assert not left, left
print(json.dumps([
    [sock.fileno(), sock.type.name, sock.getblocking(), sock.get_inheritable()] for sock in sockets
]))
"""
TCP = ["SOCK_STREAM", False, False]
UDP = ["SOCK_DGRAM", False, False]


def taken(*kinds, **environ):
    """What a service takes that a socket unit starts: rows of fd, type, blocking, inheritable."""
    ended = subprocess.run(
        [sys.executable, socket_unit.__file__, *kinds, "--", sys.executable, "-c", TAKE],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(ended.stdout) if ended.returncode == 0 else ended.stderr.strip()


def test_sockets_are_taken_in_order_and_tell_themselves_what_they_are():
    assert taken("tcp", "udp", "tcp6") == [[3, *TCP], [4, *UDP], [5, *TCP]]


@pytest.mark.parametrize(
    "environ", [{"LISTEN_PID": "1"}, {"LISTEN_PID": ""}, {"LISTEN_PID": "x"}, {"LISTEN_FDS": "0"}]
)
def test_what_was_meant_for_nobody_here_is_left_alone(environ):
    assert taken("file", **environ) == []


def test_without_a_manager_nothing_is_taken():
    assert handed_sockets({}) == []


RIGHT = "; expected a listening TCP or a bound UDP socket"


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("file", "is not a socket"),
        ("unix", "is a socket of AF_UNIX"),
        ("netlink", "is a socket of AF_NETLINK"),
        ("silent_tcp", "does not listen (a socket unit needs Accept=no)"),
        ("unbound_udp", "is not bound"),
    ],
)
def test_a_descriptor_that_cannot_be_served_on_is_named(kind, wrong):
    assert taken("tcp", kind) == f"descriptor 4 ({kind}): {wrong}{RIGHT}"


@pytest.mark.skipif(os.geteuid() != 0, reason="a raw socket needs root")
def test_a_socket_of_another_protocol_is_refused():
    wrong = "speaks neither TCP nor UDP, but protocol 1"
    assert taken("icmp") == f"descriptor 3 (icmp): {wrong}{RIGHT}"


def test_a_descriptor_that_is_not_there_is_named():
    assert taken("tcp", LISTEN_FDS="7").startswith("descriptor 4 (unnamed): ")


def test_a_number_that_is_none_is_refused():
    assert taken("tcp", LISTEN_FDS="-1") == "LISTEN_FDS: '-1': expected a number"


def test_systemd_itself_hands_over_a_socket():
    activate = program("systemd-socket-activate", "systemd")
    with closing(socket_unit.tcp()) as free:
        address = free.getsockname()
    process = subprocess.Popen(
        [activate, f"--listen=127.0.0.1:{address[1]}", sys.executable, "-c", TAKE],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    # It starts the service when somebody comes, and hands the connection's listener over.
    wait_until(lambda: came(address), "a listener")
    with process.stdout:
        assert json.loads(process.stdout.read()) == [[3, *TCP]]
    assert process.wait(10) == 0


def came(address):
    try:
        socket.create_connection(address, 10).close()
    except ConnectionRefusedError:
        return False
    return True
