import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.files.packed_names import PackedNames

# Longer than any block.
MANY = [b"name-%06d.txt" % number for number in range(10_000)]

a_name = st.binary(min_size=1, max_size=6).filter(lambda name: not {0, 0x2F} & set(name))
# Letters whose cases differ in length or that become two when they are folded, and broken UTF-8.
_LETTERS = (b"a", b"A", b"s", *map(str.encode, ("\xdf", "\u1e9e", "\u0130", "\u212a")))
an_odd_name = st.lists(
    st.sampled_from([*_LETTERS, b"\xc3", b"\xff", b"\xf0\x9f"]), min_size=1, max_size=6
).map(b"".join)


def as_text(name):
    return name.decode("utf-8", "replace").casefold()


@given(st.lists(a_name), st.data())
def test_names_are_found_by_their_positions(names, data):
    packed = PackedNames(names)
    positions = data.draw(st.lists(st.integers(0, len(names) - 1))) if names else []
    assert len(packed) == len(names)
    assert list(packed.at(positions)) == [names[position] for position in positions]


@pytest.mark.parametrize("step", [1, -1, 777])
def test_names_are_found_in_any_block_and_order(step):
    packed = PackedNames(iter(MANY))
    assert list(packed.at(range(len(MANY))[::step])) == MANY[::step]


@given(st.lists(a_name | an_odd_name), a_name | an_odd_name | st.just(b"\0"))
def test_a_text_is_found_in_whatever_case(names, wanted):
    text = wanted.decode("utf-8", "replace")
    found = PackedNames(names).containing(text)
    assert list(found) == [text.casefold() in as_text(name) for name in names]


@pytest.mark.parametrize("text", ["7.TXT", "name-000", "-", "-009999.", "absent", "t\0n"])
def test_a_text_is_found_in_any_block(text):
    found = PackedNames(MANY).containing(text)
    assert list(found) == [text.casefold() in as_text(name) for name in MANY]


def test_names_take_little_more_memory_than_their_bytes():
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        packed = PackedNames(MANY)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    lengths = sum(map(len, MANY))
    assert taken <= 1.02 * packed.size_bytes
    assert packed.size_bytes <= lengths + 1.25 * len(MANY)
