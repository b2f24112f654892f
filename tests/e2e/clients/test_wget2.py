"""wget2: a tree copied by its listings, over one connection or several at once."""

from collections import Counter

import pytest

from support.clients import program


@pytest.fixture
def mirror(mirrored, run, tmp_path):
    path, copy = program("wget2", "wget2"), tmp_path / "copy"

    def call(threads):
        run(
            *(path, "--no-config", "--tries=1", "--timeout=30", f"--max-threads={threads}"),
            *("--recursive", "--level=0", "--no-parent", "--no-host-directories", "--cut-dirs=1"),
            *("--restrict-file-names=none", "--directory-prefix", copy, mirrored.url),
        )
        for listing in copy.rglob("index.html*"):
            listing.unlink()
        mirrored.assert_equals(copy)

    return call


def test_a_tree_is_copied_by_several_threads(served, mirror):
    mirror(4)
    asked = Counter(line["name"] for line in served.seen("wget2/"))
    assert set(asked.values()) == {1}


def test_a_connection_is_used_for_all_of_it(served, mirror):
    mirror(1)
    lines = served.seen("wget2/")
    # It closes a connection after each answer unless it is told that it may go on.
    assert len({line["port"] for line in lines}) == 1 < len(lines)
