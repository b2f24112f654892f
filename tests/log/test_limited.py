"""What comes by the thousand is logged once in ten seconds, and nothing of it is lost unsaid."""

import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from filed.log.limited import PERIOD_S, Limited
from support.hand_clock import HandClock


@pytest.fixture
def clock():
    clock = HandClock()
    clock.advance()
    return clock


@pytest.fixture
def limited(clock):
    return Limited(clock)


@pytest.fixture
def logged():
    with capture_logs() as events:
        yield events


def test_the_first_is_logged_at_once_as_it_is(limited, logged):
    limited.warning("full", setting="limits.connections = 3", client="192.0.2.7")
    assert logged == [
        {
            "event": "full",
            "log_level": "warning",
            "setting": "limits.connections = 3",
            "client": "192.0.2.7",
        }
    ]


def test_of_a_flood_the_latest_is_told_when_its_time_is_over_though_none_follows(
    limited, logged, clock
):
    for number in range(1000):
        limited.info("full", number=number)
    clock.advance(PERIOD_S - 0.1)
    limited.look()
    assert [event["number"] for event in logged] == [0]
    clock.advance(0.2)
    limited.look()
    assert logged[1:] == [{"event": "full", "log_level": "info", "number": 999, "suppressed": 998}]
    limited.look()
    limited.close()
    assert len(logged) == 2


def test_one_that_comes_late_enough_tells_of_those_before_it(limited, logged, clock):
    for number in range(3):
        limited.info("full", number=number)
    clock.advance(PERIOD_S)
    limited.info("full", number=3)
    assert [(event["number"], event.get("suppressed")) for event in logged] == [(0, None), (3, 2)]


def test_when_the_process_ends_the_rest_is_told(limited, logged):
    for _ in range(3):
        limited.error("full")
    limited.close()
    assert [event.get("suppressed") for event in logged] == [None, 1]


def test_another_event_or_another_setting_is_another_kind(limited, logged):
    for _ in range(2):
        limited.info("full", setting="one")
        limited.info("full", setting="two")
        limited.info("late", setting="one")
    assert [(event["event"], event["setting"]) for event in logged] == [
        ("full", "one"),
        ("full", "two"),
        ("late", "one"),
    ]


class Burden(Exception):
    """Something that a traceback would keep alive."""


def test_an_exception_is_logged_with_its_traceback_and_kept_by_nobody(limited, logged, clock):
    kept = [fail(limited) for _ in range(2)]
    assert [reference() for reference in kept] == [None, None]
    clock.advance(PERIOD_S)
    limited.look()
    for event in logged:
        assert event["log_level"] == "error"
        assert event["exception"].startswith("Traceback (most recent call last):\n")
        assert event["exception"].endswith("Burden: heavy")


def fail(limited):
    try:
        _raise_burden()
    except Burden as burden:
        limited.exception("failed")
        return weakref.ref(burden)


def _raise_burden():
    raise Burden("heavy")


@given(st.lists(st.sampled_from(["note", "look", "wait", "wait long"])))
def test_whatever_happens_each_is_told_or_counted(steps):
    clock = HandClock()
    clock.advance()
    limited = Limited(clock)
    with capture_logs() as events:
        for step in steps:
            if step == "note":
                limited.info("full")
            elif step == "look":
                limited.look()
            else:
                clock.advance(PERIOD_S if step == "wait long" else PERIOD_S / 4)
        limited.close()
    assert sum(1 + event.get("suppressed", 0) for event in events) == steps.count("note")
