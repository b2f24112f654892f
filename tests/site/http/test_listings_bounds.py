"""Listings that nobody waits for any more, that are too many, or that cannot be made."""

import pytest

from filed.files.directories import NoSuchPage
from filed.files.errors import NotFound, Unavailable
from filed.site.http import listings
from filed.site.later import Later

MAKINGS = 128


# Who waits no longer.


def test_who_waits_is_told_when_it_is_there(asker):
    told = []
    for waiting in (asker.ask(), asker.ask()):
        waiting.then(lambda waiting=waiting: told.append(asker.got(waiting)))
    asker.threads.begin()
    assert told == []
    asker.threads.end()
    assert [asker.names(listed) for listed in told] == [["a"], ["a"]]


def test_what_nobody_waits_for_any_more_is_not_made(asker, reads):
    for waiting in (asker.ask(), asker.ask()):
        waiting.forget()
    asker.threads.run()
    assert reads == []
    assert asker.names(asker.get()) == ["a"]


def test_what_one_still_waits_for_is_made_for_that_one(asker):
    told = []
    gone, staying = asker.ask(), asker.ask()
    gone.then(lambda: told.append("gone"))
    staying.then(lambda: told.append("staying"))
    gone.forget()
    asker.threads.run()
    assert asker.names(asker.got(staying)) == ["a"]
    assert told == ["staying"]


def test_who_asks_for_what_all_others_have_left_gets_it(asker):
    asker.ask().forget()
    waiting = asker.ask()
    assert len(asker.threads.given) == 1
    asker.threads.run()
    assert asker.names(asker.got(waiting)) == ["a"]


# What is too much.


def test_no_more_is_taken_on_than_can_be_done(asker):
    waiting = [asker.ask(filter=str(number)) for number in range(MAKINGS)]
    with pytest.raises(Unavailable):
        asker.ask()
    asker.threads.begin()
    with pytest.raises(Unavailable):
        asker.ask()
    asker.threads.end()
    waiting[0] = asker.ask()
    asker.threads.run()
    assert asker.names(asker.got(waiting[0])) == ["a"]


def test_what_is_taken_on_already_may_be_waited_for_by_any_number(asker):
    for number in range(MAKINGS):
        asker.ask(filter=str(number))
    waiting = [asker.ask(filter="0") for _ in range(MAKINGS)]
    asker.threads.run()
    assert len({asker.got(each).tag for each in waiting}) == 1


@pytest.mark.parametrize("spoil", [Later.forget, lambda _: None])
def test_what_fails_makes_room_for_others(asker, spoil):
    for number in range(MAKINGS):
        spoil(asker.ask(page=2 + number))
    asker.threads.run()
    assert asker.names(asker.get()) == ["a"]


@pytest.mark.usefixtures("without_collector", "unsettled")
def test_pages_that_clients_take_slowly_leave_no_room_for_others(asker, monkeypatch):
    taken = [asker.get(filter="1")]
    monkeypatch.setattr(listings, "_HELD_BYTES", 2 * len(taken[0].page))
    taken.append(asker.get(filter="2"))
    with pytest.raises(Unavailable):
        asker.ask(filter="3")
    taken.pop()
    assert asker.names(asker.get(filter="a")) == ["a"]


@pytest.mark.usefixtures("without_collector")
def test_pages_are_swept_once_they_hold_no_longer(asker, monkeypatch):
    monkeypatch.setattr(listings, "_HELD_BYTES", 1)
    tag = asker.get().tag
    asker.listings.sweep()
    assert asker.ask().tag == tag
    asker.clock.advance(1.5)
    with pytest.raises(Unavailable):
        asker.ask()
    asker.listings.sweep()
    assert asker.get().tag == tag


def test_what_is_remembered_is_served_whatever_clients_hold(asker, monkeypatch):
    listed = asker.get()
    monkeypatch.setattr(listings, "_HELD_BYTES", 1)
    assert asker.ask() is listed


def test_without_threads_nothing_is_made_until_there_are_some(asker):
    asker.threads.missing = True
    for _ in range(2 * MAKINGS):
        with pytest.raises(Unavailable):
            asker.ask()
    asker.threads.missing = False
    assert asker.names(asker.get()) == ["a"]


def test_what_was_refused_for_want_of_threads_is_not_made_later(asker, reads):
    asker.threads.missing = True
    with pytest.raises(Unavailable):
        asker.ask()
    asker.threads.run()
    assert reads == []


# What goes wrong.


def test_all_who_wait_hear_that_the_directory_has_gone(asker, root):
    (root / "dir").mkdir()
    told = []
    waiting = [asker.ask(b"dir") for _ in range(3)]
    for each in waiting:
        each.then(lambda each=each: told.append(each))
    (root / "dir").rmdir()
    asker.threads.run()
    assert told == waiting
    for each in waiting:
        with pytest.raises(NotFound):
            asker.got(each)


def test_all_who_wait_hear_that_there_is_no_such_page(asker):
    waiting = [asker.ask(page=2) for _ in range(3)]
    asker.threads.run()
    for each in waiting:
        with pytest.raises(NoSuchPage) as raised:
            asker.got(each)
        assert raised.value.pages == 1


def test_what_went_wrong_is_tried_again(asker, root):
    (root / "dir").mkdir()
    waiting = asker.ask(b"dir")
    (root / "dir").rmdir()
    asker.threads.run()
    with pytest.raises(NotFound):
        asker.got(waiting)
    (root / "dir").mkdir()
    assert asker.names(asker.get(b"dir")) == []
