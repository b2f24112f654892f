import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.tftp.options import NAMES, Offer, Terms, negotiate
from filed.protocols.tftp.packets import oack
from filed.protocols.tftp.transfer import Transfer

BYTES_OF_NAMES = [name.encode() for name in NAMES]
ALL = {b"blksize": b"1428", b"timeout": b"3", b"tsize": b"0", b"windowsize": b"16"}


def agree(asked, *, offer=Offer(), size_bytes=1000, largest_blksize=65464):  # noqa: B008 - frozen
    return negotiate(asked, offer, size_bytes=size_bytes, largest_blksize=largest_blksize)


def granted(terms):
    """What an OACK grants; None where there is none."""
    if not terms.oack:
        return None
    assert terms.oack.startswith(b"\0\6")
    assert terms.oack.endswith(b"\0")
    fields = terms.oack[2:-1].split(b"\0")
    return dict(zip(fields[::2], fields[1::2], strict=True))


def test_without_options_it_is_rfc_1350():
    assert agree({}) == Terms(blksize=512, windowsize=1, timeout_s=None, oack=b"")


def test_all_that_is_known_is_granted_in_the_order_in_which_it_was_asked_for():
    terms = agree(ALL)
    assert terms.oack == oack({b"blksize": 1428, b"timeout": 3, b"tsize": 1000, b"windowsize": 16})
    assert (terms.blksize, terms.windowsize, terms.timeout_s) == (1428, 16, 3)
    reverse = dict(reversed(ALL.items()))
    assert list(granted(agree(reverse))) == list(reverse)


@pytest.mark.parametrize(
    ("asked", "offered", "path", "blksize"),
    [
        (b"8", 65464, 65464, 8),
        (b"512", 65464, 65464, 512),
        (b"0512", 65464, 65464, 512),
        (b"1428", 65464, 1468, 1428),
        (b"65464", 65464, 65464, 65464),
        (b"65464", 1468, 65464, 1468),
        (b"65464", 65464, 1428, 1428),
        (b"65465", 65464, 65464, 65464),
        (b"99999999999999999999", 65464, 65464, 65464),
        (b"512", 8, 65464, 8),
        (b"512", 65464, 7, 8),
        (b"8", 65464, 0, 8),
    ],
)
def test_a_block_is_as_large_as_asked_for_offered_and_possible(asked, offered, path, blksize):
    terms = agree({b"blksize": asked}, offer=Offer(max_blksize=offered), largest_blksize=path)
    assert terms.blksize == blksize
    assert granted(terms) == {b"blksize": b"%d" % blksize}


@pytest.mark.parametrize(
    ("asked", "offered", "windowsize"),
    [
        (b"1", 64, 1),
        (b"16", 64, 16),
        (b"64", 64, 64),
        (b"65", 64, 64),
        (b"65535", 64, 64),
        (b"99999999999999999999", 1, 1),
        (b"32767", 65535, 32767),
        (b"32768", 65535, 32767),  # half of all numbers
        (b"65535", 65535, 32767),
    ],
)
def test_a_window_is_as_large_as_asked_for_and_offered(asked, offered, windowsize):
    terms = agree({b"windowsize": asked}, offer=Offer(max_windowsize=offered))
    assert terms.windowsize == windowsize
    assert granted(terms) == {b"windowsize": b"%d" % windowsize}


@pytest.mark.parametrize(("asked", "timeout_s"), [(b"1", 1), (b"6", 6), (b"255", 255)])
def test_a_timeout_is_granted_exactly(asked, timeout_s):
    terms = agree({b"timeout": asked})
    assert terms.timeout_s == timeout_s
    assert granted(terms) == {b"timeout": asked}


@pytest.mark.parametrize("asked", [b"0", b"256", b"1000000", b"-1", b"0.5"])
def test_or_not_at_all(asked):
    assert agree({b"timeout": asked}) == Terms()


@pytest.mark.parametrize("asked", [b"0", b"1", b"999999999999"])
def test_a_size_is_told_whatever_was_sent_for_it(asked):
    assert granted(agree({b"tsize": asked}, size_bytes=5 * 10**12)) == {b"tsize": b"5000000000000"}


@pytest.mark.parametrize("size_bytes", [None, 0])
def test_an_unknown_size_is_not_told_and_neither_is_that_of_an_empty_file(size_bytes):
    assert agree({b"tsize": b"0"}, size_bytes=size_bytes) == Terms()
    assert granted(agree(ALL, size_bytes=size_bytes)).keys() == ALL.keys() - {b"tsize"}


@pytest.mark.parametrize("name", BYTES_OF_NAMES)
@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" 16",
        b"16 ",
        b"+16",
        b"-16",
        b"1_6",
        b"0x10",
        b"16.0",
        b"sixteen",
        b"\xff",
        b"16\n",
        "\N{SUPERSCRIPT TWO}".encode(),
        "\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT SIX}".encode(),
        b"9" * 21,
        b"0" * 60_000 + b"16",
    ],
)
def test_what_is_no_number_is_passed_over(name, value):
    assert agree({name: value}) == Terms()
    assert granted(agree({**ALL, name: value})).keys() == ALL.keys() - {name}


@pytest.mark.parametrize(
    ("name", "value"), [(b"blksize", b"0"), (b"blksize", b"7"), (b"windowsize", b"0")]
)
def test_what_is_too_small_is_passed_over(name, value):
    assert agree({name: value}) == Terms()


@pytest.mark.parametrize("off", NAMES)
def test_an_option_that_is_switched_off_is_passed_over(off):
    terms = agree(ALL, offer=Offer(options=frozenset(NAMES) - {off}))
    assert granted(terms).keys() == ALL.keys() - {off.encode()}
    assert agree({off.encode(): ALL[off.encode()]}, offer=Offer(options=())) == Terms()


@pytest.mark.parametrize("name", [b"multicast", b"blksize2", b"rollover", b"", b"\xff", b"blksiz"])
def test_an_unknown_option_is_passed_over(name):
    assert agree({name: b"16"}) == Terms()
    assert agree({name: b"16", **ALL}) == agree(ALL)


names = st.sampled_from([*BYTES_OF_NAMES, b"multicast"]) | st.binary(max_size=10)
values = st.integers(0, 2**70).map(b"%d".__mod__) | st.binary(max_size=30)
offers = st.builds(
    Offer,
    options=st.sets(st.sampled_from(NAMES)),
    max_blksize=st.integers(8, 65464),
    max_windowsize=st.integers(1, 65535),
)


@given(st.dictionaries(names, values), offers, st.none() | st.integers(0, 2**50), st.integers(0))
def test_never_is_anything_granted_that_was_not_asked_for_or_more_of_it(
    asked, offer, size_bytes, largest_blksize
):
    terms = agree(asked, offer=offer, size_bytes=size_bytes, largest_blksize=largest_blksize)
    given_back = granted(terms) or {}
    assert given_back.keys() <= asked.keys()
    assert {name.decode() for name in given_back} <= offer.options
    assert list(given_back) == [name for name in asked if name in given_back]
    for name in given_back.keys() & {b"blksize", b"windowsize"}:
        assert int(given_back[name]) <= int(asked[name])
    assert terms.blksize == int(given_back.get(b"blksize", 512))
    assert terms.windowsize == int(given_back.get(b"windowsize", 1))
    assert terms.timeout_s == (int(asked[b"timeout"]) if b"timeout" in given_back else None)
    assert given_back.get(b"tsize") in (None, b"%d" % (size_bytes or 0))
    assert 8 <= terms.blksize <= 65464
    assert Transfer(terms, None, last=None, unanswered_s=1).greet(0.0)
