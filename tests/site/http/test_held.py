import pytest

from filed.site.http.held import Held, Tally
from filed.site.reply import Reply

pytestmark = pytest.mark.usefixtures("without_collector")

PAGE = b"page" * 25_000


@pytest.fixture
def tally():
    return Tally()


def reply(*segments):
    return Reply(200, b"head", *segments, counter=0)


def test_held_bytes_are_the_bytes_that_they_were_made_of(tally):
    assert Held(PAGE, tally) == PAGE
    assert isinstance(Held(PAGE, tally), bytes)
    assert Held(b"", tally) == b""


def test_nothing_is_counted_at_first(tally):
    assert tally.bytes == 0


def test_they_are_counted_until_nobody_refers_to_them(tally):
    first = Held(b"xyz", tally)
    second, same = Held(b"12345", tally), first
    assert tally.bytes == 8
    del first
    assert tally.bytes == 8
    del same
    assert tally.bytes == 5
    del second
    assert tally.bytes == 0


def test_each_tally_counts_its_own(tally):
    other = Tally()
    held = [Held(b"xyz", tally), Held(b"12345", other)]
    assert (tally.bytes, other.bytes) == (3, 5)
    held.clear()
    assert (tally.bytes, other.bytes) == (0, 0)


def test_what_is_being_sent_is_counted(tally):
    left = memoryview(Held(b"xyz", tally))[1:]
    assert tally.bytes == 3
    assert left == b"yz"
    left.release()
    del left
    assert tally.bytes == 0


def test_what_is_cut_out_of_them_is_not_counted(tally):
    copy = Held(b"xyz", tally)[1:]
    assert (copy, type(copy), tally.bytes) == (b"yz", bytes, 0)


def test_a_large_page_is_counted_once_for_all_replies_that_hold_it(tally):
    page = Held(PAGE, tally)
    replies = [reply(page), reply(page)]
    del page
    assert tally.bytes == len(PAGE)
    replies.pop()
    assert tally.bytes == len(PAGE)
    replies.pop()
    assert tally.bytes == 0
