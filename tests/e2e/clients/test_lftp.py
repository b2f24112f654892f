"""lftp: a tree copied by its listings, and a file fetched in parts."""

from functools import partial

import pytest

from support.clients import program
from support.served_tree import LARGE, MTIME_S

PARTS = 4


@pytest.fixture
def lftp(run):
    """Runs a line of lftp's commands."""
    path = program("lftp", "lftp")
    settings = "set cmd:fail-exit yes; set net:max-retries 1; set net:timeout 30"

    def call(commands):
        return run(path, "--norc", "-c", f"{settings}; {commands}")

    return call


def fetched(lines):
    """The names of the files that were sent, listings left out."""
    names = (line["name"] for line in lines if line["method"] == "GET")
    return sorted(name for name in names if not name.endswith("/") and "?" not in name)


def test_a_tree_is_copied_once_and_then_only_what_has_changed(served, mirrored, lftp, tmp_path):
    copy = tmp_path / "copy"
    mirror = partial(lftp, f"mirror --parallel=3 {mirrored.url} {copy}")
    mirror()
    mirrored.assert_equals(copy)
    mirror()
    served.put("tree/one/file", b"changed", MTIME_S + 3600)
    mirror()
    mirrored.assert_equals(copy)
    assert (copy / "nothing here").is_dir()
    names = fetched(served.seen("lftp/"))
    assert names.count("/tree/one/file") == 2
    assert len(names) == mirrored.files + 1


def test_a_file_is_fetched_in_parts(served, lftp, tmp_path):
    served.put("large.bin", LARGE)
    copy = tmp_path / "large.bin"
    lftp(f"set pget:min-chunk-size 64k; pget -n {PARTS} {served.url}/large.bin -o {copy}")
    assert copy.read_bytes() == LARGE
    lines = served.seen("lftp/", outcomes=("done", "peer"))
    assert len([line for line in lines if line["status"] == 206]) >= PARTS - 1
    assert len({line["port"] for line in lines}) > 1
