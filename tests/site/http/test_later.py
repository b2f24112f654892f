import weakref

import pytest

from filed.protocols.messages import Protocol, Request
from filed.site.later import Later
from filed.site.reply import Reply

pytestmark = pytest.mark.usefixtures("without_collector")


class Told:
    """Counts how often it was told."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1


def request(**fields):
    return Request(Protocol.HTTP, b"GET", b"/", b"/", **fields)


@pytest.fixture
def later():
    return Later(request(), lambda final: Reply(200, b"head", counter=0, close=final.close))


def test_who_waits_is_told_when_it_is_there(later):
    told = Told()
    later.then(told)
    assert (later.is_wanted, told.times) == (True, 0)
    later.is_there()
    assert told.times == 1


def test_it_may_be_there_before_anybody_waits(later):
    later.is_there()
    assert later.finish(later.request).status == 200


def test_who_waits_no_longer_is_not_told(later):
    told = Told()
    later.then(told)
    later.forget()
    later.is_there()
    assert (later.is_wanted, told.times) == (False, 0)


def test_it_is_finished_for_the_request_as_it_is_by_then(later):
    assert not later.finish(later.request).close
    assert later.finish(request(close=True)).close


@pytest.mark.parametrize("ends", [Later.is_there, Later.forget])
def test_who_waits_is_held_only_until_then(later, ends):
    told = Told()
    gone = weakref.ref(told)
    later.then(told)
    del told
    assert gone() is not None
    ends(later)
    assert gone() is None
