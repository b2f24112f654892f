"""Packets as the bench's TFTP client writes and reads them."""

import sys

import pytest
from bench.errors import NoFigure
from bench.tftp.packets import ACKS, DATA_HEADERS, block_number, granted, read_request
from hypothesis import given
from hypothesis import strategies as st

numbers = st.integers(0, 65535)


@pytest.mark.parametrize(
    ("windowsize", "request_bytes"),
    [
        (1, b"\0\x01name\0octet\0blksize\x001428\0tsize\x000\0"),
        (16, b"\0\x01name\0octet\0blksize\x001428\0tsize\x000\0windowsize\x0016\0"),
    ],
)
def test_a_request_asks_for_the_size_and_for_a_window_where_one_is_wanted(
    windowsize, request_bytes
):
    assert read_request("name", 1428, windowsize) == request_bytes


def test_options_are_read_in_any_case():
    oack = b"\0\x06BLKSIZE\x00512\0tsize\x0067108864\0"
    assert granted(oack) == {"blksize": 512, "tsize": 67108864}


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (b"\0\x05\0\x01no such file\0", "error 1: no such file"),
        (b"\0\x05\0\x02", "error 2"),
        (b"\0\x03\0\x01data", "no options"),
        (b"", "no options"),
        (b"\0", "no options"),
    ],
)
def test_an_answer_without_options_is_no_figure(packet, why):
    with pytest.raises(NoFigure, match=why):
        granted(packet)


@given(numbers)
def test_a_block_is_known_by_its_header_as_one_number(number):
    header = b"\0\x03" + number.to_bytes(2)
    word = int.from_bytes(header, sys.byteorder)
    assert DATA_HEADERS[number] == DATA_HEADERS[number + 65536] == word
    assert block_number(word) == number
    assert ACKS[number] == b"\0\x04" + number.to_bytes(2)


@pytest.mark.parametrize("header", [b"\0\x05\0\x01", b"\x01\x03\0\x01", bytes(4)])
def test_what_is_not_data_has_no_block_number(header):
    assert block_number(int.from_bytes(header, sys.byteorder)) is None
