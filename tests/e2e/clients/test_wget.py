"""wget: downloads that go on, and trees copied by their listings."""

from collections import Counter
from functools import partial

import pytest

from support.clients import program
from support.file_times import wait_until_settled
from support.served_tree import LARGE, MTIME_S

HALF_BYTES = 3_000_000
HEAD_BYTES = 1000  # more than any answer's head has here
# A listing may have an address of its own for each order that it can be had in, and no more: by
# three columns, either way.
LISTING_ADDRESSES = 6


@pytest.fixture
def wget(run):
    path = program("wget", "wget")
    return partial(run, path, "--no-config", "--no-verbose", "--tries=1", "--timeout=30")


@pytest.fixture
def mirror(wget, tmp_path, mirrored):
    """Copies the mirrored tree to `copy`; takes more of wget's options."""
    return partial(
        wget,
        *("--recursive", "--level=inf", "--no-parent", "--no-host-directories", "--cut-dirs=1"),
        *("--restrict-file-names=nocontrol", "--reject=index.html*"),
        *("--directory-prefix", tmp_path / "copy", mirrored.url),
    )


@pytest.mark.parametrize(
    ("whole", "status"), [(LARGE, 206), (LARGE[:HALF_BYTES], 416)], ids=["cut", "whole already"]
)
def test_a_download_goes_on_where_it_ended(served, wget, tmp_path, whole, status):
    served.put("large.bin", whole)
    path = tmp_path / "large.bin"
    path.write_bytes(LARGE[:HALF_BYTES])
    wget("--continue", "--directory-prefix", tmp_path, f"{served.url}/large.bin")
    assert path.read_bytes() == whole
    [line] = served.seen("Wget/")
    assert (line["status"], line["range"]) == (status, f"bytes={HALF_BYTES}-")
    assert 0 <= line["sent"] - (len(whole) - HALF_BYTES) < HEAD_BYTES


def test_a_tree_is_copied_by_its_listings_and_no_address_is_asked_for_twice(
    served, mirrored, mirror, tmp_path
):
    mirror()
    mirrored.assert_equals(tmp_path / "copy")
    asked = Counter(line["name"] for line in served.seen("Wget/"))
    assert set(asked.values()) == {1}
    assert asked.pop("/robots.txt") == 1
    assert all(name.startswith("/tree/") for name in asked)
    listings = len(asked) - mirrored.files
    assert mirrored.directories <= listings <= mirrored.directories * LISTING_ADDRESSES


def test_a_tree_that_is_copied_again_is_fetched_only_where_it_has_changed(
    served, mirrored, mirror, tmp_path
):
    mirror("--timestamping")
    served.put("tree/one/file", b"changed", MTIME_S + 1)
    mirror("--timestamping")
    mirrored.assert_equals(tmp_path / "copy")
    lines = served.seen("Wget/")
    again = Counter(line["name"] for line in lines if line["status"] == 304)
    assert len(again) == again.total() == mirrored.files - 1
    fetched = Counter(line["name"] for line in lines if line["status"] == 200)
    assert fetched["/tree/one/file"] == 2


def test_a_file_with_the_same_time_is_not_fetched_again(served, wget, tmp_path):
    served.put("large.bin", LARGE)
    fetch = partial(wget, "--timestamping", "--directory-prefix", tmp_path)
    for _ in range(3):
        fetch(f"{served.url}/large.bin")
    copy = tmp_path / "large.bin"
    assert copy.read_bytes() == LARGE
    assert copy.stat().st_mtime == MTIME_S
    lines = served.seen("Wget/")
    assert Counter(line["status"] for line in lines) == {200: 1, 304: 2}
    assert sum(line["sent"] for line in lines) < len(LARGE) + 3 * HEAD_BYTES


def test_a_compressed_copy_is_fetched_and_unpacked(served, wget, mirrored, tmp_path):
    path = tmp_path / "notes.txt"
    wait_until_settled(mirrored.path / "notes.txt.gz")
    wget("--compression=auto", "--output-document", path, f"{mirrored.url}notes.txt")
    assert path.read_bytes() == (mirrored.path / "notes.txt").read_bytes()
    [line] = served.seen("Wget/")
    packed_bytes = (mirrored.path / "notes.txt.gz").stat().st_size
    assert packed_bytes < line["sent"] < packed_bytes + HEAD_BYTES
