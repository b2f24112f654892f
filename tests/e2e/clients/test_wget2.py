"""wget2: a tree copied by its listings over several connections at once."""

from collections import Counter

from support.clients import program

THREADS = 4


def test_a_tree_is_copied_by_several_threads(served, mirrored, run, tmp_path):
    path, copy = program("wget2", "wget2"), tmp_path / "copy"
    run(
        *(path, "--no-config", "--tries=1", "--timeout=30", f"--max-threads={THREADS}"),
        *("--recursive", "--level=0", "--no-parent", "--no-host-directories", "--cut-dirs=1"),
        *("--restrict-file-names=none", "--directory-prefix", copy, mirrored.url),
    )
    for listing in copy.rglob("index.html*"):
        listing.unlink()
    mirrored.assert_equals(copy)
    lines = served.seen("wget2/")
    assert set(Counter(line["name"] for line in lines).values()) == {1}
    # It goes on with a connection only if it is told that it may.
    assert len({line["port"] for line in lines}) <= THREADS
