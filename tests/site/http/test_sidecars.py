import os
from contextlib import closing

import pytest

from filed.files.cache import Cache
from filed.files.tree import Tree
from filed.protocols.messages import Preferences, Protocol, Request
from filed.site.http.sidecars import CODINGS, Sidecar, Sidecars
from support.file_times import wait_for_next_tick
from support.hand_clock import HandClock
from support.identity import as_nobody
from support.served_tree import SPECIAL

SECOND_NS = 1_000_000_000
MTIME_NS = 1_700_000_000 * SECOND_NS
HALF_NS = SECOND_NS // 2
LATER_S = 3600.0
ALL = tuple(CODINGS)


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    lay(root / "a", MTIME_NS)
    return root


@pytest.fixture
def clock(root):
    clock = HandClock()
    clock.wall_s = root.stat().st_ctime + LATER_S
    clock.advance()
    return clock


@pytest.fixture
def tree(root):
    with closing(Tree(root, "inside")) as tree:
        yield tree


@pytest.fixture
def cache(tree, clock):
    bounds = {"max_entries": 100, "max_bytes": 10_000, "small_bytes": 100, "max_descriptors": 10}
    return Cache(tree, clock, **bounds)


@pytest.fixture
def sidecars(tree, cache, clock):
    return Sidecars(tree, cache, clock, ALL)


def lay(path, mtime_ns=MTIME_NS):
    path.write_bytes(path.name.encode())
    os.utime(path, ns=(mtime_ns, mtime_ns))


def endings(sidecars, cache, path=b"a"):
    """The endings of what lies beside a file."""
    return [sidecar.ending for sidecar in sidecars.beside(cache.find(path))]


def wanting(*codings):
    return Request(Protocol.HTTP, b"GET", b"/a", b"/a", preferences=Preferences(codings=codings))


def chosen(sidecars, file, beside, *codings):
    """What is sent to a client that wants these, the most wanted first; None for the file."""
    choice = sidecars.choose(wanting(*codings), file, beside)
    return choice and (choice[0].path, choice[1].coding)


# What lies beside a file.


def test_a_compressed_file_beside_another_is_its_sidecar(sidecars, cache, root):
    for ending in ALL:
        lay(root / f"a.{ending}")
    assert sidecars.beside(cache.find(b"a")) == (
        Sidecar(b"a.zst", "zstd", "zst"),
        Sidecar(b"a.br", "br", "br"),
        Sidecar(b"a.gz", "gzip", "gz"),
    )


def test_one_in_a_directory_lies_beside_its_file_there(sidecars, cache, root):
    (root / "dir").mkdir()
    lay(root / "a.gz")
    lay(root / "dir" / "a")
    assert endings(sidecars, cache, b"dir/a") == []
    lay(root / "dir" / "b")
    lay(root / "dir" / "b.gz")
    assert [sidecar.path for sidecar in sidecars.beside(cache.find(b"dir/b"))] == [b"dir/b.gz"]


@pytest.mark.parametrize("name", ["a.bz2", "a.GZ", "agz", "a.gz~", "A.gz", "a.html.gz"])
def test_what_is_named_otherwise_is_none(sidecars, cache, root, name):
    lay(root / name)
    assert endings(sidecars, cache) == []


def test_only_endings_of_the_settings_are_looked_for(tree, cache, clock, root):
    for ending in ALL:
        lay(root / f"a.{ending}")
    assert endings(Sidecars(tree, cache, clock, ("gz",)), cache) == ["gz"]


@pytest.mark.parametrize("ending", ALL)
def test_what_is_compressed_itself_has_none(sidecars, cache, root, ending):
    lay(root / f"a.{ending}")
    for second in ALL:
        lay(root / f"a.{ending}.{second}")
    assert endings(sidecars, cache, f"a.{ending}".encode()) == []


def test_it_has_none_either_where_the_settings_do_without_its_own_ending(tree, cache, clock, root):
    lay(root / "a.gz")
    lay(root / "a.gz.zst")
    assert endings(Sidecars(tree, cache, clock, ("zst",)), cache, b"a.gz") == []


def test_a_directory_is_none(sidecars, cache, root):
    (root / "a.gz").mkdir()
    assert endings(sidecars, cache) == []


@pytest.mark.parametrize("special", SPECIAL, ids=lambda special: special.name)
def test_what_is_neither_file_nor_directory_is_none(sidecars, cache, root, special):
    if special.root_only and os.geteuid() != 0:
        pytest.skip("only root makes devices")
    os.mknod(root / "a.gz", special.kind | 0o666, os.makedev(1, 5))
    assert endings(sidecars, cache) == []


def test_a_symlink_that_leads_out_is_none(sidecars, cache, root, tmp_path):
    lay(tmp_path / "outside.gz")
    (root / "a.gz").symlink_to(tmp_path / "outside.gz")
    (root / "a.br").symlink_to("../outside.gz")
    (root / "a.zst").symlink_to("nowhere")
    assert endings(sidecars, cache) == []


def test_a_symlink_to_a_file_inside_is_one(sidecars, cache, root):
    lay(root / "packed")
    (root / "a.gz").symlink_to("packed")
    assert endings(sidecars, cache) == ["gz"]


def test_an_empty_one_is_none(sidecars, cache, root):
    lay(root / "a.gz")
    os.truncate(root / "a.gz", 0)
    assert endings(sidecars, cache) == []


# Which may still be being written, and which are older than their file.


@pytest.mark.parametrize("age_s", [0.0, 1.9, 2.1])
def test_one_that_changed_within_two_seconds_is_none_yet(sidecars, cache, clock, root, age_s):
    lay(root / "a.gz")
    clock.wall_s = (root / "a.gz").stat().st_ctime + age_s
    assert endings(sidecars, cache) == (["gz"] if age_s > 2.0 else [])


@pytest.mark.parametrize(
    ("times_ns", "is_fresh"),
    [
        ((MTIME_NS, MTIME_NS), True),
        ((MTIME_NS, MTIME_NS + SECOND_NS), True),
        ((MTIME_NS, MTIME_NS - SECOND_NS), False),
        # Cut to whole seconds, as gzip does: of the same second it is not older.
        ((MTIME_NS + HALF_NS, MTIME_NS), True),
        ((MTIME_NS + SECOND_NS - 1, MTIME_NS), True),
        ((MTIME_NS + HALF_NS, MTIME_NS - SECOND_NS), False),
        ((MTIME_NS + SECOND_NS, MTIME_NS), False),
        # With a fraction, each nanosecond counts.
        ((MTIME_NS + HALF_NS, MTIME_NS + HALF_NS), True),
        ((MTIME_NS + HALF_NS, MTIME_NS + HALF_NS + 1), True),
        ((MTIME_NS + HALF_NS, MTIME_NS + HALF_NS - 1), False),
        ((MTIME_NS + 2, MTIME_NS + 1), False),
        # Before 1970 a time is rounded down too.
        ((-HALF_NS, -SECOND_NS), True),
        ((-HALF_NS, 0), True),
        ((0, -HALF_NS), False),
        ((-HALF_NS, -2 * SECOND_NS), False),
    ],
)
def test_an_older_one_is_stale(sidecars, cache, root, times_ns, is_fresh):
    file_ns, sidecar_ns = times_ns
    lay(root / "a", file_ns)
    lay(root / "a.gz", sidecar_ns)
    if (root / "a").stat().st_mtime_ns != file_ns:
        pytest.skip("this file system keeps no such times")
    assert endings(sidecars, cache) == (["gz"] if is_fresh else [])


# When they are looked for.


def test_they_are_looked_for_anew_once_what_was_built_of_the_file_is_dropped(sidecars, cache, root):
    file = cache.find(b"a")
    assert sidecars.beside(file) == ()
    lay(root / "a.gz")
    assert sidecars.beside(file) == ()
    cache.rebuild(file, 1)
    assert [sidecar.ending for sidecar in sidecars.beside(file)] == ["gz"]


def test_they_are_looked_for_anew_when_the_file_changes(sidecars, cache, clock, root):
    lay(root / "a.gz")
    assert endings(sidecars, cache) == ["gz"]
    wait_for_next_tick(root / "a")
    lay(root / "a", MTIME_NS + SECOND_NS)
    clock.advance()
    assert endings(sidecars, cache) == []


def test_what_is_found_takes_nothing_of_the_caches_bytes(sidecars, cache, root):
    lay(root / "a.gz")
    file = cache.find(b"a")
    before = cache.bytes
    sidecars.beside(file)
    assert cache.bytes == before


# Which one is sent.


@pytest.mark.parametrize(
    ("codings", "coding"),
    [
        (("zstd", "br", "gzip"), "zstd"),
        (("gzip", "br", "zstd"), "gzip"),
        (("br",), "br"),
        ((), None),
    ],
)
def test_the_one_that_the_client_wants_most_is_sent(sidecars, cache, root, codings, coding):
    for ending in ALL:
        lay(root / f"a.{ending}")
    file = cache.find(b"a")
    sent = sidecars.choose(wanting(*codings), file, sidecars.beside(file))
    assert (sent and sent[1].coding) == coding
    if sent is not None:
        opened, sidecar = sent
        assert opened.path == sidecar.path
        assert opened.content == sidecar.path


def test_what_does_not_lie_there_is_passed_over(sidecars, cache, root):
    lay(root / "a.gz")
    file = cache.find(b"a")
    beside = sidecars.beside(file)
    assert chosen(sidecars, file, beside, "zstd", "br", "gzip") == (b"a.gz", "gzip")
    assert chosen(sidecars, file, beside, "zstd", "br") is None


def remove(path):
    path.unlink()


def become_a_directory(path):
    path.unlink()
    path.mkdir()


def become_a_fifo(path):
    path.unlink()
    os.mkfifo(path)


def become_empty(path):
    os.truncate(path, 0)


def lead_out(path):
    path.unlink()
    lay(path.parent.parent / "outside.gz")
    path.symlink_to("../outside.gz")


def grow_old(path):
    os.utime(path, ns=(MTIME_NS - 1, MTIME_NS - 1))


CHANGES = [remove, become_a_directory, become_a_fifo, become_empty, lead_out, grow_old]


@pytest.mark.parametrize("change", CHANGES)
def test_one_that_is_there_no_longer_is_passed_over(sidecars, cache, root, change):
    lay(root / "a.br")
    lay(root / "a.gz")
    file = cache.find(b"a")
    beside = sidecars.beside(file)
    change(root / "a.br")
    assert chosen(sidecars, file, beside, "br", "gzip") == (b"a.gz", "gzip")
    assert chosen(sidecars, file, beside, "br") is None


@pytest.mark.parametrize("change", CHANGES)
def test_one_that_was_sent_before_is_passed_over_as_soon_as_it_is_there_no_longer(
    sidecars, cache, clock, root, change
):
    lay(root / "a.br")
    file = cache.find(b"a")
    beside = sidecars.beside(file)
    assert chosen(sidecars, file, beside, "br") == (b"a.br", "br")
    wait_for_next_tick(root / "a.br")
    change(root / "a.br")
    clock.advance()
    assert chosen(sidecars, file, beside, "br") is None


def test_one_that_has_changed_is_sent_as_it_is_once_it_has_settled(sidecars, cache, clock, root):
    lay(root / "a.gz")
    file = cache.find(b"a")
    beside = sidecars.beside(file)
    assert sidecars.choose(wanting("gzip"), file, beside)[0].content == b"a.gz"
    wait_for_next_tick(root / "a.gz")
    (root / "a.gz").write_bytes(b"packed better")
    clock.wall_s = (root / "a.gz").stat().st_ctime
    clock.advance(1.9)
    assert chosen(sidecars, file, beside, "gzip") is None
    clock.advance(0.2)
    assert sidecars.choose(wanting("gzip"), file, beside)[0].content == b"packed better"


def test_one_that_may_not_be_read_is_passed_over(sidecars, cache, root):
    lay(root / "a.gz")
    (root / "a.gz").chmod(0)
    file = cache.find(b"a")
    beside = sidecars.beside(file)
    with as_nobody():
        assert chosen(sidecars, file, beside, "gzip") is None
