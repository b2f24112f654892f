"""A download takes the exact file, and counts what did not go smoothly."""

import hashlib
import socket
from contextlib import contextmanager

import pytest
from bench.errors import NoFigure
from bench.tftp.download import Download, Wanted
from bench.tftp.inbox import Inbox
from hypothesis import given
from hypothesis import strategies as st

BLKSIZE = 8


def block(number, contents):
    return b"\0\x03" + (number % 65536).to_bytes(2) + contents


class Server:
    """The other side, which does what a test says; `download` is the side that is tested."""

    def __init__(self, contents, *, window, sock, download):
        self.blocks = [
            contents[start : start + BLKSIZE] for start in range(0, len(contents) + 1, BLKSIZE)
        ]
        self.window = window
        self.download = download
        self._socket = sock
        self._client = None

    def answer(self, **options):
        """Answer the request and return the acknowledgement of that."""
        request, self._client = self._socket.recvfrom(2048)
        size_bytes = sum(map(len, self.blocks))
        granted = {"blksize": BLKSIZE, "tsize": size_bytes, "windowsize": self.window} | options
        words = [str(word) for pair in granted.items() for word in pair]
        self.say(b"\0\x06" + b"".join(word.encode() + b"\0" for word in words))
        self.download.step()
        assert request.startswith(b"\0\x01name\0octet\0")
        return self.heard()

    def lose(self):
        """Receive a packet and do nothing."""
        self._socket.recv(2048)

    def say(self, *packets):
        for packet in packets:
            self._socket.sendto(packet, self._client)

    def send(self, *numbers):
        """Send these blocks, let the client take a step, and return what it acknowledges."""
        self.say(*(block(number, self.blocks[number - 1]) for number in numbers))
        self.download.step(socket.MSG_DONTWAIT)
        return self.heard()

    def heard(self):
        """The numbers that were acknowledged since it was last asked."""
        numbers = []
        while True:
            try:
                packet = self._socket.recv(2048, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return numbers
            assert packet[:2] == b"\0\x04"
            numbers.append(int.from_bytes(packet[2:]))


@contextmanager
def serving(contents, *, window=1, digest=None):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        wanted = Wanted(sock.getsockname()[1], "name", BLKSIZE, window, digest)
        with Download(wanted, Inbox(BLKSIZE, window)) as download:
            download.ask()
            yield Server(contents, window=window, sock=sock, download=download)


@given(st.binary(max_size=70), st.integers(1, 5))
def test_whatever_its_size_a_file_comes_whole_with_one_acknowledgement_a_window(contents, window):
    digest = hashlib.sha256(contents).hexdigest()
    with serving(contents, window=window, digest=digest) as server:
        assert server.answer() == [0]
        last = len(server.blocks)
        for first in range(1, last + 1, window):
            final = min(first + window - 1, last)
            assert server.send(*range(first, final + 1)) == [final]
        assert server.download.is_done
        assert server.download.received_bytes == len(contents)
        assert server.download.duplicates == server.download.gaps == server.download.resent == 0


def test_block_numbers_wrap_to_zero():
    with serving(bytes(BLKSIZE * 65540), window=1024) as server:
        server.answer()
        acknowledged = 0
        while not server.download.is_done:
            first = acknowledged + 1
            server.send(*range(first, min(acknowledged + 1024, 65541) + 1))
            acknowledged = min(acknowledged + 1024, 65541)
        assert server.download.received_bytes == BLKSIZE * 65540


def test_a_window_that_comes_in_parts_is_acknowledged_once():
    with serving(b"x" * 100, window=4) as server:
        server.answer()
        assert server.send(1) == []
        assert server.send(2, 3) == []
        assert server.send(4) == [4]


def test_a_missing_block_is_told_by_acknowledging_the_one_before():
    with serving(b"x" * 100, window=4) as server:
        server.answer()
        assert server.send(1, 3, 4) == [1]
        assert server.download.gaps == 2
        assert server.send(2, 3, 4, 5) == [5]


def test_a_window_that_comes_once_more_is_acknowledged_once_more_and_not_taken_twice():
    contents = bytes(range(100))
    with serving(contents, window=2, digest=hashlib.sha256(contents).hexdigest()) as server:
        server.answer()
        assert server.send(1, 2) == [2]
        assert server.send(1, 2) == [2]
        assert server.download.duplicates == 2
        for first in range(3, 13, 2):
            server.send(first, first + 1)
        server.send(13)
        assert server.download.is_done


def test_an_old_block_alone_is_not_acknowledged():
    with serving(b"x" * 100, window=2) as server:
        server.answer()
        server.send(1, 2)
        assert server.send(1) == []
        assert server.download.duplicates == 1


def test_in_silence_the_request_goes_out_again():
    with serving(b"x" * 100) as server:
        server.lose()
        server.download.resend()
        assert server.answer() == [0]
        assert server.download.resent == 1


def test_in_silence_what_has_come_is_acknowledged():
    with serving(b"x" * 100, window=4) as server:
        server.answer()
        assert server.send(1, 2) == []
        server.download.resend()
        assert server.heard() == [2]
        assert server.send(3, 4, 5, 6) == [6]


def test_the_answer_to_a_request_that_was_sent_twice_disturbs_nothing():
    with serving(b"x" * 100) as server:
        server.answer()
        server.say(b"\0\x06blksize\x008\0tsize\x00100\0")
        server.download.step()
        assert server.send(1)[-1] == 1
        assert server.download.duplicates == server.download.gaps == 0


def test_it_gives_up_on_a_server_that_stays_silent():
    def wait_in_vain(download):
        while True:
            download.resend()

    with (
        serving(b"x") as server,
        pytest.raises(NoFigure, match=r"silent for 30 s before the first"),
    ):
        wait_in_vain(server.download)


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (block(1, b"1234567"), "block 1 has 7 bytes, not 8"),
        (block(1, b"123456789"), "block 1 has 9 bytes, not 8"),
        (b"\0\x05\0\0disk full\0", "error 0: disk full"),
    ],
)
def test_anything_but_the_file_is_no_figure(packet, why):
    with serving(b"x" * 100) as server:
        server.answer()
        server.say(packet)
        with pytest.raises(NoFigure, match=why):
            server.download.step()


def test_other_contents_of_the_right_size_are_no_figure():
    with serving(b"right", digest=hashlib.sha256(b"wrong").hexdigest()) as server:
        server.answer()
        with pytest.raises(NoFigure, match="not its contents"):
            server.send(1)


@pytest.mark.parametrize("options", [{"blksize": 512}, {"windowsize": 2}, {"windowsize": 0}])
def test_options_that_were_not_asked_for_so_are_no_figure(options):
    with serving(b"x" * 100) as server, pytest.raises(NoFigure, match="was answered with"):
        server.answer(**options)
