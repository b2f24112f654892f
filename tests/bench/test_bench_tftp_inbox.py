"""Many datagrams are received with one call, and each can be told by its header and size."""

import socket

import pytest
from bench.tftp.inbox import Inbox
from bench.tftp.packets import DATA_HEADERS

BLKSIZE = 8


@pytest.fixture
def pair():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(("127.0.0.1", 0))
        sender.connect(receiver.getsockname())
        yield receiver, sender


@pytest.fixture
def inbox():
    return Inbox(BLKSIZE, 4)


def data(number, contents):
    return b"\0\x03" + number.to_bytes(2) + contents


def test_as_many_are_received_as_are_there_and_asked_for(pair, inbox):
    receiver, sender = pair
    for number in range(1, 4):
        sender.send(data(number, b"12345678"))
    counts = [inbox.receive(receiver.fileno(), 2, socket.MSG_DONTWAIT) for _ in range(3)]
    assert counts == [2, 1, 0]


def test_each_has_its_header_size_and_bytes(pair, inbox):
    receiver, sender = pair
    sent = [data(65535, b"12345678"), data(0, b""), data(1, b"123")]
    for datagram in sent:
        sender.send(datagram)
    assert inbox.receive(receiver.fileno(), 3) == 3
    assert inbox.headers[:3] == DATA_HEADERS[65535:65538]
    assert list(inbox.sizes[:3]) == [12, 4, 7]
    assert [bytes(inbox.datagram(place)) for place in range(3)] == sent


def test_one_that_is_too_long_does_not_look_whole(pair, inbox):
    receiver, sender = pair
    sender.send(data(1, b"123456789"))
    sender.send(data(2, b"12345678"))
    assert inbox.receive(receiver.fileno(), 2) == 2
    assert list(inbox.sizes[:2]) == [13, 12]
    assert bytes(inbox.datagram(1)) == data(2, b"12345678")


def test_news_of_the_socket_is_raised(pair, inbox):
    receiver, sender = pair
    receiver.close()
    sender.send(b"nobody is there")
    with pytest.raises(ConnectionRefusedError):
        inbox.receive(sender.fileno(), 1)
