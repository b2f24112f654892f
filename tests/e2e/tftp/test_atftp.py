"""atftp: windows of blocks, as many and as large as it asks for."""

from functools import partial
from itertools import chain

import pytest

from support.clients import program

FAILED = 255


@pytest.fixture
def atftp(run):
    return partial(run, program("atftp", "atftp"))


@pytest.fixture
def fetch(atftp, copy):
    def call(served, name, **options):
        asked = (("--option", f"{option} {value}") for option, value in options.items())
        flags = chain.from_iterable(asked)
        atftp(*flags, "--get", "--remote-file", name, "--local-file", copy, *served.address)
        return copy

    return call


def test_a_short_file_arrives(served, fetch, short):
    served.assert_arrived(fetch(served, short), short)


# It reads the OACK into a buffer of the block size that it asks for, which has to hold all of it.
@pytest.mark.parametrize("blksize", [23, 511, 1431, 1468, 65464])
@pytest.mark.parametrize("windowsize", [1, 2, 16, 64])
def test_a_short_file_arrives_in_windows_of_any_size(served, fetch, short, windowsize, blksize):
    terms = {"windowsize": windowsize, "blksize": blksize}
    served.assert_arrived(fetch(served, short, **terms), short, **terms)


def test_a_short_file_arrives_in_the_smallest_blocks(served, fetch, short):
    served.assert_arrived(fetch(served, short, blksize=8), short, blksize=8)


# 7 and 50 are no divisors of 65536, so there is a window that begins before block 0 and ends
# after it.
@pytest.mark.parametrize("windowsize", [1, 7, 50, 64])
def test_a_file_arrives_whose_blocks_use_all_numbers(served, fetch, long, windowsize):
    copy = fetch(served, long, windowsize=windowsize)
    served.assert_arrived(copy, long, windowsize=windowsize)


@pytest.mark.parametrize(
    ("windowsize", "blksize"), [(1, 65464), (2, 32767), (16, 1431), (64, 511), (64, 1468)]
)
def test_a_huge_file_arrives_in_windows(served, fetch, huge, windowsize, blksize):
    terms = {"windowsize": windowsize, "blksize": blksize}
    served.assert_arrived(fetch(served, huge, **terms), huge, **terms)


def test_a_file_arrives_in_windows_that_are_larger_than_what_the_client_can_hold(
    serving, fetch, large
):
    # Of 2 MiB that come at once it loses what its socket has no room for, again and again.
    terms = {"windowsize": 64, "blksize": 32768}
    with serving() as served:
        served.assert_arrived(fetch(served, large, **terms), large, **terms)


def test_a_client_that_has_not_heard_of_the_window_gets_the_file(serving, fetch):
    # The OACK does not fit into its buffer: it confirms each block, and wants the next alone.
    terms = {"windowsize": 16, "blksize": 8}
    with serving() as served:
        served.assert_arrived(fetch(served, "1468", **terms), "1468", **terms)


def test_windows_and_blocks_are_no_larger_than_the_settings_allow(serving, fetch, huge):
    with serving("--tftp.max_windowsize=9", "--tftp.max_blksize=1400") as served:
        copy = fetch(served, huge, windowsize=65535, blksize=65464)
        served.assert_arrived(copy, huge, windowsize=9, blksize=1400)


def test_all_is_as_without_options_where_they_are_switched_off(serving, fetch, large):
    with serving("--tftp.options=tsize") as served:
        served.assert_arrived(fetch(served, large, windowsize=16, blksize=1468, timeout=3), large)


def test_size_and_timeout_are_told_as_they_were_asked_for(served, atftp, copy):
    # As its manual has it, "tsize enable", it would send that word for a number.
    said = atftp(
        *("--trace", "--option", "tsize 0", "--option", "timeout 255"),
        *("--get", "--remote-file", "513", "--local-file", copy, *served.address),
    )
    assert "received OACK <tsize: 513, timeout: 255, " in said
    served.assert_arrived(copy, "513")


def test_text_is_the_same_after_netascii(served, fetch, text):
    copy = fetch(served, text, mode="netascii")
    served.assert_arrived(copy, text, mode="netascii")


def test_a_name_may_be_spelled_as_firmware_does(served, fetch, spelling, firmware_file):
    copy = fetch(served, spelling)
    served.assert_arrived(copy, firmware_file, name=spelling)


def test_a_file_that_is_missing_is_told_so(served, atftp, copy, missing):
    asked = ("--get", "--remote-file", "nothing", "--local-file", copy)
    said = atftp(*asked, *served.address, code=FAILED)
    assert f"error received from server <{missing}>" in said
    served.refused("nothing", 404, missing)


def test_an_upload_is_refused_in_words(served, atftp, read_only):
    asked = ("--put", "--local-file", served.root / "512", "--remote-file", "new")
    said = atftp(*asked, *served.address, code=FAILED)
    assert f"error received from server <{read_only}>" in said
    served.refused("new", 403, read_only)
