import os
from contextlib import closing

import pytest

from filed.files import listing
from filed.files.errors import NotFound
from filed.files.tree import Tree
from support.containment import LEADING_OUT, lay_links, make_place
from support.served_tree import SPECIAL


@pytest.fixture
def place(tmp_path):
    return make_place(tmp_path)


@pytest.fixture
def tree(place):
    with closing(Tree(place.root, "inside")) as tree:
        yield tree


def names(found):
    return [entry.name for entry in found.entries]


def test_directories_come_first_and_names_in_their_order(tree, place):
    for name in ("b", "a", "Z", "ä"):
        (place.root / name).touch()
    (place.root / "zz").mkdir()
    found = listing.read(tree, b"", hidden=False)
    assert names(found) == [b"dir", b"zz", b"Z", b"a", b"b", b"inside.txt", "ä".encode()]
    assert [entry.directory for entry in found.entries] == [True] * 2 + [False] * 5
    assert not found.cut


def test_an_entry_tells_size_and_time(tree, place):
    path = place.root / "dir" / "file.txt"
    os.utime(path, (1_700_000_000, 1_700_000_000))
    found = listing.read(tree, b"dir", hidden=False)
    assert listing.Entry(b"file.txt", False, path.stat().st_size, 1_700_000_000) in found.entries


def test_hidden_names_are_listed_only_where_they_are_served(tree, place):
    (place.root / ".hidden").touch()
    assert b".hidden" not in names(listing.read(tree, b"", hidden=False))
    assert b".hidden" in names(listing.read(tree, b"", hidden=True))


def test_names_are_bytes(tree, place):
    for name in (b"\xff", b"a\nb", b"<b>"):
        (place.root / os.fsdecode(name)).touch()
    assert {b"\xff", b"a\nb", b"<b>"} <= set(names(listing.read(tree, b"", hidden=False)))


@pytest.mark.parametrize("directory", [b"", b"dir", b"dir/deep"])
def test_symlinks_that_lead_outside_are_left_out(tree, place, directory):
    lay_links(place)
    shown = set(names(listing.read(tree, directory, hidden=False)))
    for link, _, _ in LEADING_OUT:
        parent, _, name = link.rpartition("/")
        assert parent.encode() != directory or name.encode() not in shown


def test_symlinks_that_stay_inside_are_listed_as_what_they_lead_to(tree, place):
    lay_links(place)
    kinds = {entry.name: entry.directory for entry in listing.read(tree, b"", hidden=False).entries}
    assert (kinds[b"file_link"], kinds[b"dir_link"], kinds[b"dot"]) == (False, True, True)


def test_no_symlink_is_listed_where_none_is_followed(place):
    lay_links(place)
    with closing(Tree(place.root, "never")) as tree:
        assert names(listing.read(tree, b"", hidden=False)) == [b"dir", b"inside.txt"]


def test_what_is_neither_file_nor_directory_is_left_out(tree, place):
    for special in SPECIAL:
        if os.geteuid() == 0 or not special.root_only:
            os.mknod(place.root / special.name, special.kind | 0o666, os.makedev(1, 5))
    assert names(listing.read(tree, b"", hidden=False)) == [b"dir", b"inside.txt"]


def test_a_directory_with_too_many_entries_is_cut_and_says_so(tree, place, monkeypatch):
    monkeypatch.setattr(listing, "MAX_ENTRIES", 5)
    for number in range(6):
        (place.root / "dir" / "deep" / f"{number}").touch()
    found = listing.read(tree, b"dir/deep", hidden=False)
    assert (names(found), found.cut) == ([b"0", b"1", b"2", b"3", b"4"], True)
    (place.root / "dir" / "deep" / "0").unlink()
    (place.root / "dir" / "deep" / "1").unlink()
    assert not listing.read(tree, b"dir/deep", hidden=False).cut


@pytest.mark.parametrize("path", [b"inside.txt", b"missing"])
def test_what_is_no_directory_is_not_found(tree, path):
    with pytest.raises(NotFound):
        listing.read(tree, path, hidden=False)
