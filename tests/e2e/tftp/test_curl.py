"""curl: blocks of any size, one at a time, and netascii as it is on the wire."""

from functools import partial

import pytest

from support.clients import program

NOT_FOUND = 68  # CURLE_TFTP_NOTFOUND
DENIED = 69  # CURLE_TFTP_PERM


@pytest.fixture
def curl(run):
    path = program("curl", "curl")
    return partial(run, path, "--disable", "--silent", "--show-error", "--max-time", 50)


@pytest.fixture
def fetch(curl, copy):
    def call(served, name, *options):
        curl(*options, "--path-as-is", "--output", copy, served.url(name))
        return copy

    return call


def test_a_short_file_arrives(served, fetch, short):
    served.assert_arrived(fetch(served, short), short)


def test_a_short_file_arrives_without_any_option_asked_for(served, fetch, short):
    served.assert_arrived(fetch(served, short, "--tftp-no-options"), short)


@pytest.mark.parametrize("blksize", [8, 511, 1431, 1468, 65464])
def test_a_short_file_arrives_in_blocks_of_any_size(served, fetch, short, blksize):
    copy = fetch(served, short, "--tftp-blksize", blksize)
    served.assert_arrived(copy, short, blksize=blksize)


def test_a_file_arrives_whose_blocks_use_all_numbers(served, fetch, long):
    served.assert_arrived(fetch(served, long), long)


@pytest.mark.parametrize("blksize", [8192, 65464])
def test_a_huge_file_arrives_in_large_blocks(served, fetch, huge, blksize):
    copy = fetch(served, huge, "--tftp-blksize", blksize)
    served.assert_arrived(copy, huge, blksize=blksize)


def test_blocks_are_no_larger_than_the_settings_allow(serving, fetch, huge):
    with serving("--tftp.max_blksize=8191") as served:
        served.assert_arrived(fetch(served, huge, "--tftp-blksize", 65464), huge, blksize=8191)


def test_blocks_have_512_bytes_where_blksize_is_switched_off(serving, fetch, large):
    with serving("--tftp.options=tsize") as served:
        served.assert_arrived(fetch(served, large, "--tftp-blksize", 1468), large)


def test_text_comes_as_netascii_has_it(served, fetch, text):
    # It passes on what came, so this is what was on the wire (RFC 764, the NVT printer).
    ends = {b"\n": b"\r\n", b"\r": b"\r\0"}
    letters = (served.root / text).read_bytes()
    expected = b"".join(ends.get(bytes([letter]), bytes([letter])) for letter in letters)
    assert fetch(served, text, "--use-ascii").read_bytes() == expected
    served.transferred(text, mode="netascii")


def test_a_name_may_be_spelled_as_firmware_does(served, fetch, spelling, firmware_file):
    served.assert_arrived(fetch(served, spelling), firmware_file, name=spelling)


# Without --verbose an error of its own hides the server's words.


def test_a_file_that_is_missing_is_told_so(served, curl, copy, missing):
    said = curl("--verbose", "--output", copy, served.url("nothing"), code=NOT_FOUND)
    assert f"TFTP error: {missing}" in said
    assert not copy.exists()
    served.refused("nothing", 404, missing)


def test_an_upload_is_refused_in_words(served, curl, read_only):
    source = served.root / "512"
    said = curl("--verbose", "--upload-file", source, served.url("new"), code=DENIED)
    assert f"TFTP error: {read_only}" in said
    served.refused("new", 403, read_only)
