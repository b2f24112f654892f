"""Which listings are made, who shares them, and for how long they are remembered."""

import json

import pytest

from filed.files import directories
from filed.files.directories import Sort
from filed.files.errors import NotFound
from filed.protocols.messages import Format
from filed.site.http import listings
from filed.site.later import Later
from support.file_times import wait_for_next_tick


def add(root, *added):
    """Make files, later than whatever the directory's time tells of."""
    wait_for_next_tick(root)
    for name in added:
        (root / name).touch()


# What is made.


def test_a_listing_tells_what_is_there(asker, root):
    (root / "b").write_bytes(b"xyz")
    assert asker.sizes(asker.get()) == {"a": 0, "b": 3}
    assert asker.names(asker.get(filter="b")) == ["b"]


def test_a_listing_is_written_as_it_is_wanted(asker):
    page, document = asker.get(written=Format.HTML), asker.get(written=Format.JSON)
    assert page.page.startswith(b"<!DOCTYPE html>")
    assert json.loads(document.page)["total"] == 1


def test_hidden_names_are_listed_if_the_settings_say_so(asker, asking, root):
    (root / ".hidden").touch()
    assert asker.names(asker.get()) == ["a"]
    with asking(root, files={"hidden": True}) as revealing:
        assert asker.names(revealing.get()) == [".hidden", "a"]


def test_no_more_is_read_than_the_settings_say(asking, root):
    (root / "b").touch()
    with asking(root, http={"listing_entries": 1}) as asker:
        listed = asker.get()
    assert (len(asker.names(listed)), json.loads(listed.page)["complete"]) == (1, False)


def test_the_tag_is_strong_and_tells_one_page_from_another(asker, root):
    first = asker.get()
    asker.clock.advance(2.0)
    again, page = asker.get(), asker.get(written=Format.HTML)
    add(root, "b")
    assert again is not first
    assert again.tag == first.tag
    assert len({first.tag, page.tag, asker.get().tag}) == 3
    assert first.tag.startswith(b'"')
    assert first.tag.endswith(b'"')


@pytest.mark.parametrize("path", [b"a", b"missing", b"a/b"])
def test_what_is_no_directory_has_no_version(asker, path):
    with pytest.raises(NotFound):
        asker.listings.version(path)


# Who shares a page that is not there yet.


def test_a_page_is_made_once_for_all_who_ask_before_it_begins(asker):
    waiting = [asker.ask() for _ in range(5)]
    assert len(asker.threads.given) == 1
    asker.threads.run()
    first, *others = map(asker.got, waiting)
    assert asker.names(first) == ["a"]
    assert all(other is first for other in others)


def test_who_asks_before_it_begins_gets_what_has_changed_by_then(asker, root):
    first = asker.ask()
    add(root, "b")
    second = asker.ask()
    assert len(asker.threads.given) == 1
    asker.threads.run()
    assert asker.names(asker.got(first)) == asker.names(asker.got(second)) == ["a", "b"]


def test_each_view_is_made_for_itself(asker, root):
    (root / "dir").mkdir()
    for view in ({}, {"path": b"dir"}, {"filter": "a"}, {"written": Format.HTML}):
        asker.ask(**view)
    assert len(asker.threads.given) == 4


def test_who_asks_after_it_has_begun_shares_it_if_the_directory_is_settled(asker):
    first = asker.ask()
    asker.threads.begin()
    second = asker.ask()
    assert not asker.threads.given
    asker.threads.end()
    assert asker.got(second) is asker.got(first)


@pytest.mark.usefixtures("unsettled")
def test_who_asks_after_it_has_begun_gets_another_if_the_directory_has_just_changed(asker):
    first = asker.ask()
    asker.threads.begin()
    second, third = asker.ask(), asker.ask()
    assert len(asker.threads.given) == 1
    asker.threads.run()
    assert asker.got(second) is asker.got(third)
    assert asker.got(second) is not asker.got(first)


def test_who_asks_after_a_change_gets_another_than_what_has_begun_before(asker, root):
    first = asker.ask()
    asker.threads.begin()
    add(root, "b")
    second = asker.ask()
    asker.threads.run()
    assert (asker.names(asker.got(first)), asker.names(asker.got(second))) == (["a"], ["a", "b"])
    assert asker.ask() is asker.got(second)


def test_what_has_begun_later_is_still_shared_when_the_earlier_one_ends(asker, root):
    asker.ask()
    asker.threads.begin()
    add(root, "b")
    second = asker.ask()
    asker.threads.end()
    third = asker.ask()
    assert len(asker.threads.given) == 1
    asker.threads.run()
    assert asker.got(third) is asker.got(second)


def test_what_has_begun_and_not_looked_yet_is_not_shared(asker):
    """The thread may see the directory as it was a moment ago: who knows."""
    late = []
    first = asker.ask()
    asker.tree.once_before("stat", lambda: late.append(asker.ask()))
    asker.threads.begin()
    assert len(asker.threads.given) == 1
    asker.threads.run()
    assert asker.got(late[0]) is not asker.got(first)


# For how long a directory is remembered, and a page.


def test_a_settled_directory_is_read_once(asker, reads):
    for _ in range(3):
        asker.clock.advance(60.0)
        assert asker.names(asker.get()) == ["a"]
        assert asker.names(asker.get(filter="b")) == []
    assert reads == [b""]


@pytest.mark.parametrize(("age_s", "is_remembered"), [(0.0, False), (1.9, False), (2.1, True)])
def test_one_that_changed_within_two_seconds_is_not_remembered(asker, root, age_s, is_remembered):
    asker.clock.wall_s = root.stat().st_ctime + age_s
    first = asker.get()
    assert (asker.get() is first) == is_remembered


@pytest.mark.usefixtures("unsettled")
def test_one_that_has_just_changed_is_read_each_time(asker, reads):
    asker.get()
    asker.get()
    assert reads == [b"", b""]


@pytest.mark.usefixtures("unsettled")
def test_a_file_that_is_made_just_after_another_shows_at_once(asker, root):
    for number in range(20):
        (root / f"{number}").touch()
        assert f"{number}" in asker.names(asker.get())


def test_a_directory_that_has_changed_is_read_anew(asker, root, reads):
    asker.get()
    add(root, "b")
    assert asker.names(asker.get()) == ["a", "b"]
    wait_for_next_tick(root)
    (root / "a").unlink()
    assert asker.names(asker.get()) == ["b"]
    assert len(reads) == 3


def test_a_directory_that_another_took_the_place_of_is_read_anew(asker, root, tmp_path):
    (root / "dir").mkdir()
    assert asker.names(asker.get(b"dir")) == []
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b").touch()
    (root / "dir").rename(tmp_path / "before")
    (tmp_path / "other").rename(root / "dir")
    assert asker.names(asker.get(b"dir")) == ["b"]


def test_a_page_is_remembered_for_less_than_a_second(asker, root, reads):
    first = asker.get()
    (root / "a").write_bytes(b"grown")  # without a trace in the directory
    asker.clock.advance(0.75)
    assert asker.ask() is first
    assert asker.sizes(first) == {"a": 0}
    asker.clock.advance(0.25)
    assert asker.sizes(asker.get()) == {"a": 5}
    assert reads == [b""]


def test_an_order_by_size_is_made_anew_in_time(asker, root, reads):
    (root / "a").write_bytes(b"x")
    (root / "b").write_bytes(b"xx")
    assert asker.names(asker.get(sort=Sort.SIZE)) == ["a", "b"]
    (root / "a").write_bytes(b"xxx")  # without a trace in the directory
    asker.clock.advance(5.5)
    assert asker.names(asker.get(sort=Sort.SIZE)) == ["b", "a"]
    assert reads == [b""]


def test_its_second_begins_with_its_making(asker):
    waiting = asker.ask()
    asker.clock.advance(5.0)
    asker.threads.begin()
    asker.clock.advance(0.75)
    asker.threads.end()
    assert asker.ask() is asker.got(waiting)
    asker.clock.advance(0.25)
    assert isinstance(asker.ask(), Later)


def test_a_change_between_the_loops_look_and_the_threads_is_shown(asker, root):
    waiting = asker.ask()
    add(root, "b")
    asker.threads.run()
    assert asker.names(asker.got(waiting)) == ["a", "b"]
    assert asker.ask() is asker.got(waiting)


def test_what_changed_after_the_threads_look_is_shown_and_not_remembered(asker, root, reads):
    """That it was settled was said of what was there before."""
    waiting = asker.ask()
    asker.tree.once_before("open", lambda: add(root, "b"))
    asker.threads.run()
    assert asker.names(asker.got(waiting)) == ["a", "b"]
    assert asker.names(asker.get()) == ["a", "b"]
    assert reads == [b"", b""]


def test_what_changed_while_it_was_read_is_not_served_again(asker, root, monkeypatch):
    class Interrupted(directories.Sorting):
        def add(self, item):
            super().add(item)
            (root / "b").touch()

    wait_for_next_tick(root)
    with monkeypatch.context() as patch:
        patch.setattr(directories, "Sorting", Interrupted)
        asker.get()
    assert asker.names(asker.get()) == ["a", "b"]


@pytest.mark.parametrize(("age_s", "shown"), [(5.0, ["dir", "a"]), (5.5, ["dir", "a", "link"])])
def test_a_directory_with_a_symlink_to_nothing_is_remembered_for_five_seconds(
    asker, root, age_s, shown
):
    (root / "dir").mkdir()
    (root / "link").symlink_to("dir/target")
    assert asker.names(asker.get()) == ["dir", "a"]
    (root / "dir" / "target").touch()  # without a trace in the directory
    asker.clock.advance(age_s)
    assert asker.names(asker.get()) == shown


def test_pages_that_take_too_much_memory_together_are_made_anew(asker, asking, root, monkeypatch):
    monkeypatch.setattr(listings, "_PAGES_BYTES", 2 * len(asker.get(filter="0").page))
    with asking(root) as other:
        first, *later = [other.get(filter=str(number)) for number in range(3)]
        assert [other.ask(filter="1"), other.ask(filter="2")] == later
        assert isinstance(other.ask(filter="0"), Later)
    assert asker.ask(filter="0").page == first.page


def test_directories_that_take_too_much_memory_together_are_read_anew(
    asking, root, reads, monkeypatch
):
    (root / "dir").mkdir()
    monkeypatch.setattr(listings, "_DIRECTORIES_BYTES", 100)
    with asking(root) as asker:
        for path in (b"", b"", b"dir", b""):
            asker.clock.advance(1.0)
            asker.get(path)
    assert reads == [b"", b"dir", b""]
