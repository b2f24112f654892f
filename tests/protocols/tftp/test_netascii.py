import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.tftp import netascii
from filed.protocols.tftp.netascii import Place


def decode(text):
    """Read netascii, one pair or byte after the other."""
    raw, at = bytearray(), 0
    while at < len(text):
        pair = text[at : at + 2]
        if pair in (b"\r\n", b"\r\0"):
            raw += b"\n" if pair == b"\r\n" else b"\r"
            at += 2
        else:
            assert text[at] not in b"\r\n", "a CR or LF by itself"
            raw.append(text[at])
            at += 1
    return bytes(raw)


def blocks(raw, blksize, *, more=0):
    """The blocks of a file and their places; `more` bytes than needed are read each time."""
    place, made, places = Place(), [], []
    while not made or len(made[-1]) == blksize:
        places.append(place)
        block, place = netascii.block(
            place, raw[place.offset : place.offset + blksize + more], blksize
        )
        made.append(block)
    return made, places


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", b""),
        (b"plain", b"plain"),
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"a\rb", b"a\r\0b"),
        (b"a\r\nb", b"a\r\0\r\nb"),
        (b"\r\r\n\n", b"\r\0\r\0\r\n\r\n"),
        (b"\0", b"\0"),
        (b"\xff\x80", b"\xff\x80"),
    ],
)
def test_a_line_ends_in_cr_lf_and_a_cr_by_itself_is_cr_nul(raw, text):
    assert netascii.encode(raw) == text
    assert decode(text) == raw


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", [b""]),
        (b"1234567", [b"1234567"]),
        (b"12345678", [b"12345678", b""]),
        (b"1234567\n", [b"1234567\r", b"\n"]),
        (b"1234567\r", [b"1234567\r", b"\0"]),
        (b"1234567\n1234567\n", [b"1234567\r", b"\n1234567", b"\r\n"]),
        (b"1234567\n123456\n", [b"1234567\r", b"\n123456\r", b"\n"]),
        (b"123456\n", [b"123456\r\n", b""]),
        (b"\n" * 4, [b"\r\n\r\n\r\n\r\n", b""]),
        (b"1" + b"\n" * 4, [b"1\r\n\r\n\r\n\r", b"\n"]),
        (b"1\r\r\n\n5", [b"1\r\0\r\0\r\n\r", b"\n5"]),
    ],
)
def test_a_pair_may_be_torn_by_a_block_s_end(raw, expected):
    assert blocks(raw, 8)[0] == expected


texts = st.binary(max_size=400) | st.text("a\r\n\0", max_size=400).map(str.encode)


@given(texts, st.integers(8, 40) | st.integers(8, 600), st.integers(0, 9))
def test_blocks_of_any_bytes_are_full_but_the_last_and_what_the_file_says(raw, blksize, more):
    made, _ = blocks(raw, blksize, more=more)
    assert all(len(block) == blksize for block in made[:-1])
    assert len(made[-1]) < blksize
    assert b"".join(made) == netascii.encode(raw)
    assert decode(b"".join(made)) == raw


@given(texts, st.integers(8, 40))
def test_a_place_is_where_the_text_of_a_block_begins(raw, blksize):
    made, places = blocks(raw, blksize)
    for number, place in enumerate(places):
        assert b"".join(made[number:]) == place.begun + netascii.encode(raw[place.offset :])
        assert place.begun in (b"", b"\n", b"\0")
        again, _ = netascii.block(place, raw[place.offset : place.offset + blksize], blksize)
        assert again == made[number]
    assert all(at.offset < after.offset for at, after in itertools.pairwise(places[:-1]))


@pytest.mark.parametrize("line", [b"", b"\n", b"\r", b"\r\n", b"x\n", b"xx\r\r\n\nxxx"])
def test_every_block_size_is_met_at_every_boundary(line):
    for blksize, before in itertools.product([*range(8, 70), 512, 1428], range(3)):
        raw = (b"." * before + line * (3 * blksize // max(1, len(line)) + 1))[: 3 * blksize]
        made, _ = blocks(raw, blksize)
        assert [len(block) for block in made[:-1]] == [blksize] * (len(made) - 1)
        assert decode(b"".join(made)) == raw
