import os
from contextlib import closing

import pytest

from filed.files.cache import Cache
from filed.files.errors import IsDirectory, NotFound
from filed.files.tree import Tree
from support.descriptors import open_descriptors
from support.file_times import wait_for_next_tick
from support.hand_clock import HandClock

SMALL_BYTES = 100
# Long after any file of the tests was written: all of them are settled.
LATER_S = 3600.0


@pytest.fixture
def clock(tmp_path):
    (tmp_path / "clock").touch()
    clock = HandClock()
    clock.wall_s = (tmp_path / "clock").stat().st_ctime + LATER_S
    return clock


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def make_cache(root, clock):
    with closing(Tree(root, "inside")) as tree:
        made = []

        def make(**bounds):
            usual = {"max_entries": 10, "max_bytes": 1000, "max_descriptors": 5}
            made.append(Cache(tree, clock, small_bytes=SMALL_BYTES, **usual | bounds))
            return made[-1]

        yield make
        made.clear()


def test_a_small_file_is_read_once_and_its_descriptor_closed(make_cache, root, clock):
    (root / "small").write_bytes(b"x" * SMALL_BYTES)
    cache = make_cache()
    first = cache.find(b"small")
    assert (first.content, first.file) == (b"x" * SMALL_BYTES, None)
    clock.advance()
    assert cache.find(b"small") is first
    assert (cache.hits, cache.misses) == (1, 1)
    assert (len(cache), cache.bytes) == (1, SMALL_BYTES)
    assert open_descriptors(root) == []


def test_a_large_file_is_kept_open(make_cache, root, clock):
    (root / "large").write_bytes(b"x" * (SMALL_BYTES + 1))
    cache = make_cache()
    first = cache.find(b"large")
    assert first.content is None
    clock.advance()
    assert cache.find(b"large") is first
    assert (len(cache), cache.bytes) == (1, 0)
    assert open_descriptors(root) == ["large"]


def test_a_directory_and_nothing_are_not_kept(make_cache, root):
    (root / "dir").mkdir()
    cache = make_cache()
    with pytest.raises(IsDirectory):
        cache.find(b"dir")
    with pytest.raises(NotFound):
        cache.find(b"missing")
    assert len(cache) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(b"y" * 10),
        lambda path: (path.write_bytes(b"y" * 10), os.utime(path, (1, 1))),
        lambda path: os.truncate(path, 5),
        lambda path: (path.unlink(), path.write_bytes(b"y" * 10)),
        lambda path: path.chmod(0o600),
    ],
)
def test_a_changed_file_is_loaded_anew(make_cache, root, clock, change):
    path = root / "file"
    path.write_bytes(b"x" * 10)
    os.utime(path, (1, 1))
    cache = make_cache()
    before = cache.find(b"file")
    wait_for_next_tick(path)
    change(path)
    clock.advance()
    after = cache.find(b"file")
    assert after is not before
    assert after.content == path.read_bytes()
    assert (len(cache), cache.bytes) == (1, len(after.content))


def test_a_deleted_file_is_forgotten(make_cache, root, clock):
    (root / "file").write_bytes(b"x")
    cache = make_cache()
    cache.find(b"file")
    (root / "file").unlink()
    clock.advance()
    with pytest.raises(NotFound):
        cache.find(b"file")
    assert (len(cache), cache.bytes) == (0, 0)


def test_a_file_is_asked_for_once_a_turn(make_cache, root, clock):
    (root / "file").write_bytes(b"x")
    cache = make_cache()
    first = cache.find(b"file")
    (root / "file").write_bytes(b"changed")
    assert cache.find(b"file") is first
    clock.advance()
    assert cache.find(b"file").content == b"changed"


@pytest.mark.parametrize(("age_s", "kept"), [(0.0, 0), (1.9, 0), (2.1, 1), (100.0, 1)])
def test_content_that_changed_lately_is_not_kept(make_cache, root, clock, age_s, kept):
    path = root / "file"
    path.write_bytes(b"x")
    os.utime(path, (1, 1))  # an mtime says nothing: anybody can set it
    clock.wall_s = path.stat().st_ctime + age_s
    cache = make_cache()
    assert cache.find(b"file").content == b"x"
    assert len(cache) == kept


def test_a_file_of_the_future_is_not_kept(make_cache, root, clock):
    (root / "file").write_bytes(b"x")
    clock.wall_s = (root / "file").stat().st_ctime - 1000
    cache = make_cache()
    cache.find(b"file")
    assert len(cache) == 0


def test_a_descriptor_that_nobody_asks_for_is_closed(make_cache, root, clock):
    for name in ("asked", "idle"):
        (root / name).write_bytes(b"x" * 1000)
    cache = make_cache()
    for name in (b"asked", b"idle"):
        cache.find(name)
    for _ in range(6):
        clock.advance(1.0)
        cache.find(b"asked")
        cache.sweep()
    assert open_descriptors(root) == ["asked"]
    clock.advance(5.1)
    cache.sweep()
    assert open_descriptors(root) == []
    assert len(cache) == 0


def test_a_deleted_file_that_is_still_used_stays_open_until_it_is_not(make_cache, root, clock):
    (root / "large").write_bytes(b"x" * 1000)
    cache = make_cache()
    used = cache.find(b"large").file
    clock.advance(10.0)
    cache.sweep()
    (root / "large").unlink()
    assert len(cache) == 0
    assert used.read() == b"x" * 1000


def test_the_least_recently_used_goes_first(make_cache, root, clock):
    for name in "abcd":
        (root / name).write_bytes(b"x")
    cache = make_cache(max_entries=3)
    for name in (b"a", b"b", b"c", b"a", b"d"):
        clock.advance()
        cache.find(name)
    cache.misses = 0
    for name in (b"a", b"c", b"d"):
        clock.advance()
        cache.find(name)
    assert cache.misses == 0
    clock.advance()
    cache.find(b"b")
    assert cache.misses == 1


def test_no_more_descriptors_are_kept_than_allowed(make_cache, root, clock):
    for number in range(8):
        (root / f"{number}").write_bytes(b"x" * 1000)
    cache = make_cache(max_descriptors=3)
    for number in range(8):
        clock.advance()
        cache.find(b"%d" % number)
    assert open_descriptors(root) == ["5", "6", "7"]
    assert len(cache) == 3


def test_the_descriptor_asked_for_least_recently_is_given_up_first(make_cache, root, clock):
    for number in range(3):
        (root / str(number)).write_bytes(bytes(1000))
    cache = make_cache(max_descriptors=2)
    for path in (b"0", b"1", b"0", b"2"):
        cache.find(path)
        clock.advance()
    assert open_descriptors(root) == ["0", "2"]


def test_a_cache_without_entries_opens_each_file_anew(make_cache, root):
    (root / "file").write_bytes(b"x")
    cache = make_cache(max_entries=0)
    assert cache.find(b"file") is not cache.find(b"file")
    assert (len(cache), cache.bytes, cache.hits) == (0, 0, 0)


def test_a_file_that_does_not_fit_is_served_and_not_kept(make_cache, root):
    (root / "file").write_bytes(b"x" * SMALL_BYTES)
    cache = make_cache(max_bytes=SMALL_BYTES - 1)
    assert cache.find(b"file").content == b"x" * SMALL_BYTES
    assert (len(cache), cache.bytes) == (0, 0)


def test_what_is_built_of_a_file_is_charged_and_goes_with_it(make_cache, root, clock):
    (root / "file").write_bytes(b"x" * 10)
    cache = make_cache()
    entry = cache.find(b"file")
    cache.keep(entry, "key", "a reply", 50)
    clock.advance()
    assert cache.find(b"file").built == {"key": "a reply"}
    assert cache.bytes == 60
    cache.rebuild(entry, epoch=7)
    assert (entry.built, entry.epoch, cache.bytes) == ({}, 7, 10)
    (root / "file").write_bytes(b"y" * 10)
    clock.advance()
    assert cache.find(b"file").built == {}
    assert cache.bytes == 10


def test_what_is_built_of_a_file_that_is_not_kept_is_not_kept_either(make_cache, root):
    (root / "file").write_bytes(b"x" * 10)
    cache = make_cache(max_entries=0)
    entry = cache.find(b"file")
    cache.keep(entry, "key", "a reply", 50)
    cache.rebuild(entry, epoch=7)
    assert (entry.built, cache.bytes) == ({}, 0)


def test_what_is_built_pushes_others_out_unless_it_cannot_fit(make_cache, root, clock):
    for name in "ab":
        (root / name).write_bytes(b"x" * 10)
    cache = make_cache(max_bytes=100)
    cache.find(b"a")
    clock.advance()
    cache.keep(cache.find(b"b"), "key", "a reply", 85)
    assert (len(cache), cache.bytes) == (1, 95)
    cache.keep(cache.find(b"b"), "another", "a reply", 85)
    assert (len(cache), cache.bytes) == (1, 95)
