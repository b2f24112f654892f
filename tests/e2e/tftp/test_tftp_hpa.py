"""tftp-hpa's client: no options at all, and netascii unless it is told otherwise."""

from functools import partial

import pytest

from support.clients import program


@pytest.fixture
def tftp(run):
    return partial(run, program("tftp", "tftp-hpa"))


@pytest.fixture
def fetch(tftp, copy):
    def call(served, name, *options):
        tftp(*options, *served.address, "-c", "get", name, copy)
        return copy

    return call


def test_a_short_file_arrives(served, fetch, short):
    served.assert_arrived(fetch(served, short, "-m", "binary"), short)


def test_a_file_arrives_whose_blocks_use_all_numbers(served, fetch, long):
    served.assert_arrived(fetch(served, long, "-m", "binary"), long)


def test_text_is_the_same_after_netascii(served, fetch, text):
    served.assert_arrived(fetch(served, text), text, mode="netascii")


def test_a_name_may_be_spelled_as_firmware_does(served, fetch, spelling, firmware_file):
    copy = fetch(served, spelling, "-m", "binary")
    served.assert_arrived(copy, firmware_file, name=spelling)


# It ends with 0 whatever the server says.


@pytest.mark.parametrize("mode", ["netascii", "octet"])
def test_a_file_that_is_missing_is_told_so(served, tftp, copy, missing, mode):
    said = tftp("-m", mode, *served.address, "-c", "get", "nothing", copy)
    assert said == f"Error code 1: {missing}\n"
    served.refused("nothing", 404, missing)


def test_an_upload_is_refused_in_words(served, tftp, read_only):
    said = tftp(*served.address, "-c", "put", served.root / "512", "new")
    assert said == f"Error code 2: {read_only}\n"
    served.refused("new", 403, read_only)
