"""What a person at a terminal reads first."""

import socket
from contextlib import closing

import pytest

from filed.process.banner import show
from filed.process.listeners import Held, Kind, Listeners
from filed.settings import Settings


def shown(capsys, host, **settings):
    """The commands that are shown for a UDP socket at an address, and its port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as sock:
        sock.bind((host, 0))
        show(Settings(**settings), Listeners([Held(Kind.UDP, None, sock)]))
        lines = [line.strip() for line in capsys.readouterr().err.splitlines()]
        return [line for line in lines if "NAME" in line], sock.getsockname()[1]


# A client of UDP that takes localhost for ::1 never learns that nobody is there.
@pytest.mark.parametrize(
    ("host", "address"),
    [("::", "localhost"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("127.0.0.2", "127.0.0.2")],
)
def test_a_command_for_each_protocol_names_an_address_that_answers(capsys, host, address):
    commands, port = shown(capsys, host)
    assert commands == [
        f"curl -O tftp://{address}:{port}/NAME",
        f"printf NAME | nc -u -w1 {address.strip('[]')} {port}",
    ]


def test_what_is_switched_off_is_not_shown(capsys):
    commands, port = shown(capsys, "127.0.0.1", tftp={"enabled": False})
    assert commands == [f"printf NAME | nc -u -w1 127.0.0.1 {port}"]
