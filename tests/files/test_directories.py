import os
import resource
import tempfile
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filed.files import directories
from filed.files.directories import PAGE_ENTRIES, Entry, NoSuchPage, Selection, Sort
from filed.files.errors import Forbidden, NotFound, Unavailable
from filed.files.tree import Tree
from support.containment import LEADING_OUT, lay_links, make_place
from support.file_times import wait_for_next_tick
from support.identity import as_nobody
from support.many import MANY, folder_in_memory, make_many
from support.served_tree import SPECIAL

EVERYTHING = 10**9


@pytest.fixture
def place(tmp_path):
    return make_place(tmp_path)


@pytest.fixture
def root(place):
    return place.root


@pytest.fixture
def tree(root):
    with closing(Tree(root, "inside")) as tree:
        yield tree


def read(tree, path=b"", *, hidden=False, limit=EVERYTHING):
    return directories.read(tree, path, hidden=hidden, limit=limit)


def show(tree, path=b"", *, directory=None, now_s=0.0, **selection):
    if directory is None:
        directory = read(tree, path)
    return directory.page(tree, path, Selection(**selection), now_s=now_s)


def names(page):
    return [entry.name for entry in page.entries]


# What is listed, and as what.


def test_directories_come_first_and_names_in_their_order(tree, root):
    for name in ("b", "a", "Z", "ä"):
        (root / name).touch()
    (root / "zz").mkdir()
    page = show(tree)
    assert names(page) == [b"dir", b"zz", b"Z", b"a", b"b", b"inside.txt", "ä".encode()]
    assert [entry.directory for entry in page.entries] == [True] * 2 + [False] * 5
    assert (page.total, page.number, page.pages, page.cut) == (7, 1, 1, False)


def test_an_entry_tells_size_and_time(tree, root):
    (root / "old").write_bytes(b"x" * 1234)
    os.utime(root / "old", ns=(-1, -1))
    assert Entry(b"old", False, 1234, -1) in show(tree).entries


def test_hidden_names_are_listed_only_where_they_are_served(tree, root):
    (root / ".hidden").touch()
    assert b".hidden" not in names(show(tree))
    assert b".hidden" in names(show(tree, directory=read(tree, hidden=True)))


def test_what_is_well_known_is_not_listed_though_it_is_served(tree, root):
    (root / ".well-known").mkdir()
    assert names(show(tree)) == [b"dir", b"inside.txt"]


def test_names_are_bytes(tree, root):
    odd = [b"\xff\xfe", b"a\nb", b"\"'", b"<b>", b"\\", b"%2e", b"\xc3", b" ", b"-rf", b"~"]
    for name in odd:
        Path(root, os.fsdecode(name)).touch()
    assert set(odd) <= set(names(show(tree)))


@pytest.mark.parametrize("directory", [b"", b"dir", b"dir/deep"])
def test_symlinks_that_lead_outside_are_left_out(tree, place, directory):
    lay_links(place)
    found = read(tree, directory)
    shown = set(names(show(tree, directory, directory=found)))
    for link, _, _ in LEADING_OUT:
        parent, _, name = link.rpartition("/")
        assert parent.encode() != directory or name.encode() not in shown
    assert found.dangling


def test_symlinks_that_stay_inside_are_listed_as_what_they_lead_to(tree, root):
    (root / "dir" / "to_file").symlink_to("../inside.txt")
    (root / "dir" / "to_dir").symlink_to("deep")
    found = read(tree, b"dir")
    entries = {entry.name: entry for entry in show(tree, b"dir", directory=found).entries}
    assert entries[b"to_dir"].directory
    assert entries[b"to_file"].size_bytes == (root / "inside.txt").stat().st_size
    assert not found.dangling


def test_no_symlink_is_listed_where_none_is_followed(place):
    lay_links(place)
    with closing(Tree(place.root, "never")) as tree:
        assert names(show(tree)) == [b"dir", b"inside.txt"]


def test_what_is_neither_file_nor_directory_is_left_out(tree, root):
    for special in SPECIAL:
        if os.geteuid() == 0 or not special.root_only:
            os.mknod(root / special.name, special.kind | 0o666, os.makedev(1, 5))
    (root / "to_fifo").symlink_to("fifo")
    page = show(tree)
    assert (names(page), page.total) == ([b"dir", b"inside.txt"], 2)


def test_an_empty_directory_has_one_empty_page(tree, root):
    (root / "empty").mkdir()
    page = show(tree, b"empty")
    assert (page.entries, page.total, page.number, page.pages) == ((), 0, 1, 1)


@pytest.mark.parametrize(("entries", "cut"), [(4, False), (5, False), (6, True)])
def test_a_directory_with_too_many_entries_is_cut_and_says_so(tree, root, entries, cut):
    for number in range(entries):
        (root / "dir" / "deep" / f".{number}").touch()
    (root / "dir" / "deep" / "file.txt").unlink()
    hidden = read(tree, b"dir/deep", hidden=True, limit=5)
    page = show(tree, b"dir/deep", directory=hidden)
    assert (len(page.entries), page.total, page.cut) == (min(entries, 5), min(entries, 5), cut)
    # What is not listed takes as long to look at.
    assert read(tree, b"dir/deep", limit=5).cut == cut


# Why there is nothing to list.


@pytest.mark.parametrize("path", [b"inside.txt", b"missing", b"to_dir"])
def test_what_is_no_directory_is_not_found(tree, place, path):
    lay_links(place)
    with pytest.raises(NotFound):
        read(tree, path)


def test_a_directory_that_has_become_a_file_is_not_found(tree, root):
    (root / "once").mkdir()
    found = read(tree, b"once")
    (root / "once").rmdir()
    (root / "once").touch()
    with pytest.raises(NotFound):
        show(tree, b"once", directory=found)


def test_a_directory_that_may_not_be_read_is_forbidden(tree, root):
    (root / "dir").chmod(0o311)
    with as_nobody(), pytest.raises(Forbidden):
        read(tree, b"dir")
    (root / "dir").chmod(0o755)


def test_a_directory_that_may_be_read_and_not_searched_is_forbidden(tree, root):
    (root / "dir").chmod(0o744 if os.geteuid() == 0 else 0o444)
    with as_nobody():
        found = read(tree, b"dir")
        with pytest.raises(Forbidden):
            show(tree, b"dir", directory=found)
    (root / "dir").chmod(0o755)


@contextmanager
def one_spare_descriptor():
    """Let nothing be opened while something else that was opened in here still is."""
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, usual[1]))
    taken = []
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        os.close(taken.pop())
        yield
    finally:
        for fd in taken:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)


def test_no_link_is_missing_for_want_of_a_descriptor(tree, root):
    (root / "link").symlink_to("inside.txt")
    found = read(tree)
    with one_spare_descriptor(), pytest.raises(Unavailable):
        show(tree, directory=found)
    assert b"link" in names(show(tree, directory=found))


# What is shown is what is there now.


def test_what_has_gone_since_is_not_shown(tree, root):
    for name in ("a", "b", "c"):
        (root / name).touch()
    found = read(tree)
    (root / "b").unlink()
    for sort in Sort:
        page = show(tree, directory=found, sort=sort)
        assert {b"a", b"c", b"dir", b"inside.txt"} == set(names(page))


def test_what_has_become_something_else_is_shown_as_that_or_not_at_all(tree, root):
    for name in ("to_dir", "to_fifo"):
        (root / name).touch()
    found = read(tree)
    for name in ("to_dir", "to_fifo"):
        (root / name).unlink()
    (root / "to_dir").mkdir()
    os.mkfifo(root / "to_fifo")
    kinds = {entry.name: entry.directory for entry in show(tree, directory=found).entries}
    assert kinds == {b"dir": True, b"inside.txt": False, b"to_dir": True}


@pytest.mark.parametrize("sort", Sort)
def test_a_file_that_grows_is_shown_as_it_is(tree, root, sort):
    found = read(tree)
    show(tree, directory=found, sort=sort)
    (root / "inside.txt").write_bytes(b"x" * 100_000)
    page = show(tree, directory=found, sort=sort)
    assert page.entries[-1].size_bytes == 100_000
    assert found.version == tree.current_version(b".")


@pytest.mark.parametrize(
    ("age_s", "shown"), [(0.0, [b"a", b"b"]), (5.0, [b"a", b"b"]), (5.1, [b"b", b"a"])]
)
def test_an_order_by_size_is_at_most_five_seconds_old(tree, root, age_s, shown):
    deep = root / "dir" / "deep"
    (deep / "file.txt").unlink()
    (deep / "a").write_bytes(b"x")
    (deep / "b").write_bytes(b"xx")
    found = read(tree, b"dir/deep")
    show(tree, b"dir/deep", directory=found, sort=Sort.SIZE, now_s=100.0)
    (deep / "a").write_bytes(b"xxx")
    page = show(tree, b"dir/deep", directory=found, sort=Sort.SIZE, now_s=100.0 + age_s)
    assert names(page) == shown


def test_a_change_while_it_is_read_shows_in_the_version(tree, root, monkeypatch):
    class Interrupted(directories.Sorting):
        def add(self, item):
            super().add(item)
            (root / "dir" / "new").touch()

    wait_for_next_tick(root / "dir")
    monkeypatch.setattr(directories, "Sorting", Interrupted)
    assert read(tree, b"dir").version != tree.current_version(b"dir")


# Which entries are shown, and in what order.


def test_directories_have_no_size_to_sort_by(tree, root):
    # To most file systems a directory with many entries is larger.
    (root / "dir" / "deep" / "full").mkdir(parents=True)
    for number in range(200):
        (root / "dir" / "deep" / "full" / f"{number:0100}").touch()
    (root / "dir" / "deep" / "hollow").mkdir()
    page = show(tree, b"dir/deep", sort=Sort.SIZE)
    assert names(page) == [b"full", b"hollow", b"file.txt"]


@pytest.mark.parametrize("number", [-1, 0, 2, 10**30])
def test_there_is_no_page_before_the_first_or_after_the_last(tree, number):
    with pytest.raises(NoSuchPage) as raised:
        show(tree, page=number)
    assert raised.value.pages == 1


a_name = st.one_of(
    st.binary(min_size=1, max_size=4),
    st.text("aAbß.", min_size=1, max_size=3).map(str.encode),
).filter(lambda name: not {0, ord("/")} & set(name) and name not in (b".", b".."))
an_entry = st.builds(Entry, a_name, st.booleans(), st.integers(0, 3), st.integers(-2, 2))
a_selection = st.builds(
    Selection,
    st.sampled_from(Sort),
    st.booleans(),
    st.integers(1, 3),
    st.sampled_from(["", "", "a", "B", "ss", "\ufffd", ".", "\0"]),
)

KEYS = {
    Sort.NAME: lambda entry: entry.name,
    Sort.SIZE: lambda entry: (0 if entry.directory else entry.size_bytes, entry.name),
    Sort.MTIME: lambda entry: (entry.mtime_s, entry.name),
}


def expected(entries, selection):
    """All that is selected, on all pages."""
    wanted = selection.filter.casefold()
    found = [e for e in entries if wanted in e.name.decode("utf-8", "replace").casefold()]
    found.sort(key=KEYS[selection.sort], reverse=selection.descending)
    return sorted(found, key=lambda entry: not entry.directory)


def lay(root, entries):
    """Make files and directories. The size of a directory is up to the file system."""
    for entry in entries:
        path = Path(root, os.fsdecode(entry.name))
        path.mkdir() if entry.directory else path.write_bytes(bytes(entry.size_bytes))
        os.utime(path, (entry.mtime_s, entry.mtime_s))


def without_directory_sizes(entries):
    return [e if not e.directory else Entry(e.name, True, 0, e.mtime_s) for e in entries]


@settings(deadline=None)
@given(
    st.lists(an_entry, max_size=10, unique_by=lambda entry: entry.name),
    st.lists(a_selection, min_size=1, max_size=5),
)
def test_a_page_is_what_a_naive_one_would_be(entries, selections):
    with (
        tempfile.TemporaryDirectory() as root,
        pytest.MonkeyPatch.context() as patch,
        closing(Tree(Path(root), "inside")) as tree,
    ):
        patch.setattr(directories, "PAGE_ENTRIES", 4)
        lay(root, entries)
        found = read(tree, hidden=True)
        for selection in selections:
            whole = expected(entries, selection)
            pages = max(1, (len(whole) + 3) // 4)
            if selection.page > pages:
                with pytest.raises(NoSuchPage) as raised:
                    found.page(tree, b"", selection, now_s=0.0)
                assert raised.value.pages == pages
                continue
            page = found.page(tree, b"", selection, now_s=0.0)
            shown = whole[4 * selection.page - 4 : 4 * selection.page]
            assert without_directory_sizes(page.entries) == without_directory_sizes(shown)
            assert (page.total, page.number, page.pages) == (len(whole), selection.page, pages)


# A large one.


@pytest.fixture(scope="module")
def many():
    """50 directories, and files of which 500 are not empty."""
    with folder_in_memory() as folder:
        root = make_many(folder / "root", MANY - 50)
        for number in range(50):
            (root / f"{number * 2000 + 1:07}").mkdir()
        for number in range(500):
            os.truncate(root / f"{number * 199:07}.bin", number % 7 + 1)
        yield root


@pytest.fixture
def many_tree(many):
    with closing(Tree(many, "inside")) as tree:
        yield tree


def truth(root):
    with os.scandir(os.fsencode(root)) as found:
        return [
            Entry(entry.name, entry.is_dir(), status.st_size, status.st_mtime_ns // 10**9)
            for entry in found
            for status in (entry.stat(),)
        ]


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(descending=True),
        Selection(sort=Sort.SIZE, descending=True),
        Selection(sort=Sort.MTIME),
        Selection(filter="77.BIN"),
    ],
    ids=str,
)
def test_a_large_directory_is_shown_page_by_page(many, many_tree, selection):
    whole = expected(truth(many), selection)
    found = read(many_tree)
    shown = []
    for number in range(1, -(-len(whole) // PAGE_ENTRIES) + 1):
        page = found.page(many_tree, b"", replace(selection, page=number), now_s=0.0)
        assert page.total == len(whole)
        shown += page.entries
    assert shown == whole


def test_a_large_directory_takes_little_memory(many_tree):
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        found = read(many_tree)
        _, peak = tracemalloc.get_traced_memory()
        for sort in Sort:
            show(many_tree, directory=found, sort=sort)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept - before <= 1.02 * found.size_bytes
    assert found.size_bytes <= 21 * MANY  # the names have 11 bytes
    assert peak - before <= 80 * MANY


def test_what_is_not_looked_at_takes_no_memory(many_tree):
    found = read(many_tree, limit=1000)
    assert (show(many_tree, directory=found).total, found.cut) == (1000, True)
    assert found.size_bytes <= 22 * 1000


def test_threads_may_ask_for_pages_at_the_same_time(many_tree):
    found = read(many_tree, limit=5000)
    selections = [
        Selection(sort, descending, page, text)
        for sort in Sort
        for descending in (False, True)
        for page in (1, 2)
        for text in ("", "bin")
    ]
    alone = [read(many_tree, limit=5000).page(many_tree, b"", s, now_s=0.0) for s in selections]
    with ThreadPoolExecutor(8) as threads:
        # Time goes on by more than an order holds: each is made again and again.
        pages = threads.map(
            lambda at: found.page(many_tree, b"", selections[at % 24], now_s=at), range(24 * 5)
        )
        assert list(pages) == alone * 5
