"""busybox: blocks of many sizes, one at a time."""

from functools import partial

import pytest

from support.clients import program


@pytest.fixture
def tftp(run):
    return partial(run, program("busybox", "busybox"), "tftp")


@pytest.fixture
def fetch(tftp, copy):
    def call(served, name, *options):
        tftp(*options, "-g", "-r", name, "-l", copy, *served.address)
        return copy

    return call


def test_a_short_file_arrives(served, fetch, short):
    served.assert_arrived(fetch(served, short), short)


# It puts its request where a block goes, so blocks cannot be much smaller.
@pytest.mark.parametrize("blksize", [60, 511, 1431, 1468, 65464])
def test_a_short_file_arrives_in_blocks_of_any_size(served, fetch, short, blksize):
    served.assert_arrived(fetch(served, short, "-b", blksize), short, blksize=blksize)


def test_a_file_arrives_whose_blocks_use_all_numbers(served, fetch, long):
    served.assert_arrived(fetch(served, long), long)


@pytest.mark.parametrize("blksize", [1468, 65464])
def test_a_huge_file_arrives_in_large_blocks(served, fetch, huge, blksize):
    served.assert_arrived(fetch(served, huge, "-b", blksize), huge, blksize=blksize)


def test_blocks_are_no_larger_than_the_rfc_allows(served, fetch, short):
    # It takes 65564 to be what RFC 2348 allows, which is 65464.
    served.assert_arrived(fetch(served, short, "-b", 65564), short, blksize=65464)


def test_blocks_have_512_bytes_where_its_options_are_switched_off(serving, fetch, large):
    # Both: where tsize alone is granted it waits for blocks of the size it asked for all the same,
    # and takes the first for the last.
    with serving("--tftp.options=timeout") as served:
        served.assert_arrived(fetch(served, large, "-b", 1468), large)


def test_a_name_may_be_spelled_as_firmware_does(served, fetch, spelling, firmware_file):
    served.assert_arrived(fetch(served, spelling), firmware_file, name=spelling)


def test_a_file_that_is_missing_is_told_so(served, tftp, copy, missing):
    said = tftp("-g", "-r", "nothing", "-l", copy, *served.address, code=1)
    assert f"server error: (1) {missing}\n" in said
    assert not copy.exists()
    served.refused("nothing", 404, missing)


def test_an_upload_is_refused_in_words(served, tftp, read_only):
    said = tftp("-p", "-l", served.root / "512", "-r", "new", *served.address, code=1)
    assert f"server error: (2) {read_only}\n" in said
    served.refused("new", 403, read_only)
