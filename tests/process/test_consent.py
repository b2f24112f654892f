"""What a rehearsal hands to the master, and what becomes of something else."""

import json
import os
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from filed.metrics.process import open_descriptors
from filed.process.listeners import Kind
from filed.process.rehearsal import Consent
from filed.settings import Address

CONSENT = {"configuration": "workers = 1", "sockets": [["tcp", "127.0.0.1:0"]]}


@pytest.fixture
def channel():
    """Both ends."""
    master, rehearsal = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    master.setblocking(False)
    with master, rehearsal:
        yield master, rehearsal


def test_it_arrives_with_its_sockets(channel):
    master, rehearsal = channel
    with socket.create_server(("127.0.0.1", 0)) as sock:
        Consent("workers = 1", [(Kind.TCP, "127.0.0.1:0")]).send(rehearsal, [sock])
        consent, (held,) = Consent.receive(master)
        with held.sock:
            assert consent.configuration == "workers = 1"
            assert (held.kind, held.asked) == (Kind.TCP, Address("127.0.0.1", 0))
            assert held.sock.getsockname() == sock.getsockname()
            assert not held.sock.getblocking()


def test_who_has_said_nothing_has_not_consented(channel):
    master, rehearsal = channel
    assert Consent.receive(master) is None
    rehearsal.close()
    assert Consent.receive(master) is None


@pytest.mark.parametrize(
    ("said", "descriptors"),
    [
        pytest.param(CONSENT, 0, id="its sockets are missing"),
        pytest.param(CONSENT, 3, id="more than it says"),
        pytest.param(CONSENT, 1, id="no socket"),
        pytest.param({}, 0, id="nothing that is understood"),
        pytest.param(CONSENT | {"sockets": [["sctp", "127.0.0.1:0"]]}, 1, id="an unknown kind"),
        pytest.param(None, 0, id="no descriptor at all"),
    ],
)
def test_what_cannot_be_read_leaves_nothing_open(channel, said, descriptors):
    master, rehearsal = channel
    with ExitStack() as opened:
        null = opened.enter_context(Path(os.devnull).open("rb"))
        fds = [null.fileno()] * descriptors
        if said is not None:
            memfd = opened.enter_context(os.fdopen(os.memfd_create("said"), "w+"))
            memfd.write(json.dumps(said))
            memfd.flush()
            fds.insert(0, memfd.fileno())
        socket.send_fds(rehearsal, [b"+"], fds)
        before = open_descriptors()
        with pytest.raises(ValueError, match=r"descriptors|validation error"):
            Consent.receive(master)
        assert open_descriptors() == before


def test_too_many_sockets_are_refused_before_they_are_lost(channel):
    with pytest.raises(OSError, match="more than 250 new addresses at a time"):
        Consent("", []).send(channel[1], [None] * 251)
