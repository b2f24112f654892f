"""What a full socket has held back, when the window moves on meanwhile.

How much room a real socket has is the kernel's business, so this one's is the test's.
"""

import socket
from types import SimpleNamespace

import pytest

from filed.clock import Clock
from filed.protocols.messages import Protocol, Request
from filed.protocols.tftp.options import Terms
from filed.protocols.tftp.packets import HEADER, Mode, Opcode, ReadRequest
from filed.protocols.tftp.patience import Patience
from filed.protocols.tftp.transfer import Transfer
from filed.site.reply import Reply
from filed.transport.loop import WRITE, Loop
from filed.transport.tftp.blocks import blocks_of
from filed.transport.tftp.download import Download

BLKSIZE, WINDOWSIZE = 8, 200
CONTENT = bytes(range(32, 127)) * 40  # the same in octet and in netascii


class Narrow:
    """An endpoint with room for so many packets."""

    def __init__(self, sock):
        self.socket = sock
        self.room = 0
        self.left = []

    def cut(self, packet_bytes):
        assert packet_bytes == HEADER.size + BLKSIZE

    def send(self, packet):
        self.left.append(bytes(packet))
        return True

    def send_burst(self, burst, size_bytes):
        count = min(self.room, -(-size_bytes // burst.packet_bytes))
        self.room -= count
        taken_bytes = min(size_bytes, count * burst.packet_bytes)
        for at in range(0, taken_bytes, burst.packet_bytes):
            self.left.append(bytes(burst.room[at : min(at + burst.packet_bytes, taken_bytes)]))
        return taken_bytes

    def blocks(self):
        """The numbers of the DATA packets that have left since this was last asked."""
        left, self.left = self.left, []
        return [HEADER.unpack_from(packet)[1] for packet in left if packet[1] == Opcode.DATA]


@pytest.fixture(params=Mode)
def narrow(request):
    """A confirmed transfer over an endpoint whose room is given, and its loop's clock."""
    mode, loop = request.param, Loop(Clock())
    ours, theirs = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    theirs.bind(("127.0.0.1", 0))
    ours.connect(theirs.getsockname())
    theirs.connect(ours.getsockname())
    ours.setblocking(False)
    server = SimpleNamespace(
        loop=loop,
        ledger=SimpleNamespace(progressed=lambda _: None),
        confirmed=lambda _: None,
        count_packet=lambda _: None,
        ended=lambda _, how: pytest.fail(how),
    )
    reply = Reply(200, b"", CONTENT, counter=0)
    terms = Terms(BLKSIZE, WINDOWSIZE, oack=b"\0\6")
    blocks = blocks_of(reply, mode, BLKSIZE, WINDOWSIZE)
    transfer = Transfer(terms, Patience(1, 5), last=blocks.last, unanswered_s=6)
    asked = ReadRequest(Request(Protocol.TFTP, b"GET", b"a", b"a"), mode, {})
    endpoint = Narrow(ours)
    download = Download(
        server,
        theirs.getsockname(),
        asked,
        reply,
        transfer=transfer,
        blocks=blocks,
        endpoint=endpoint,
    )
    download.listen()
    download.start()

    def ack(number):
        theirs.send(HEADER.pack(Opcode.ACK, number))
        download._on_ready(0)  # noqa: SLF001 - what the loop calls

    yield SimpleNamespace(endpoint=endpoint, download=download, ack=ack, clock=loop.clock)
    for sock in (ours, theirs):
        sock.close()
    loop.close()


def has_room_for(narrow, count):
    narrow.endpoint.room = count
    narrow.download._on_ready(WRITE)  # noqa: SLF001 - what the loop calls


def test_the_rest_of_a_window_follows_when_there_is_room(narrow):
    narrow.endpoint.room = 44
    narrow.ack(0)
    assert narrow.endpoint.blocks() == list(range(1, 45))
    has_room_for(narrow, 1000)
    assert narrow.endpoint.blocks() == list(range(45, WINDOWSIZE + 1))


def test_what_was_held_back_comes_before_what_the_window_moves_on_to(narrow):
    narrow.endpoint.room = 44
    narrow.ack(0)
    narrow.endpoint.blocks()
    narrow.clock.now_s += 2  # nobody answers in time: all of it is sent again, as far as it goes
    narrow.endpoint.room = 44
    narrow.download.on_wake()
    assert narrow.endpoint.blocks() == list(range(1, 45))
    narrow.endpoint.room = 1000
    narrow.ack(44)
    assert narrow.endpoint.blocks() == list(range(45, 44 + WINDOWSIZE + 1))
