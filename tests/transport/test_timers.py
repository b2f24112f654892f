"""Timers, with a clock that the test sets."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.clock import Clock
from filed.transport.timers import Periodic, Timers

# A tick, and the quarter of a second that what is far may come late.
NEAR_S = 0.005
FAR_S = 0.26


class Stopped(Clock):
    """A clock that goes only where it is put."""

    def __init__(self, now_s=1000.0):
        super().__init__()
        self.now_s = now_s


class Item:
    """Something with a deadline, which notes when it was woken."""

    def __init__(self, timers, clock, deadline_s=math.inf):
        self.tick = 0
        self.deadline_s = deadline_s
        self.woken_s = []
        self.acted_s = None
        self._timers = timers
        self._clock = clock
        if deadline_s < math.inf:
            timers.watch(self, deadline_s)

    def on_wake(self):
        self.woken_s.append(self._clock.now_s)
        if self._clock.now_s >= self.deadline_s:
            self.acted_s = self._clock.now_s
        else:
            self._timers.watch(self, self.deadline_s)


@pytest.fixture
def clock():
    return Stopped()


@pytest.fixture
def timers(clock):
    return Timers(clock)


def run_until(timers, clock, end_s):
    """Let time go from one thing that is due to the next, as a loop does that only waits."""
    while timers.due_s <= end_s:
        clock.now_s = max(clock.now_s, timers.due_s)
        timers.expire()
    clock.now_s = end_s


def test_nothing_is_due_where_nothing_is_watched(timers):
    assert timers.due_s == math.inf
    timers.expire()


def test_the_wait_ends_a_tick_after_the_deadline_at_most(timers, clock):
    Item(timers, clock, clock.now_s + 0.1)
    assert 0.1 <= timers.due_s - clock.now_s <= 0.1 + 2 * NEAR_S


@pytest.mark.parametrize(
    ("patience_s", "late_s"), [(0, NEAR_S), (0.02, NEAR_S), (0.2, NEAR_S), (10, FAR_S), (75, FAR_S)]
)
def test_an_item_acts_soon_after_its_deadline_and_never_before(timers, clock, patience_s, late_s):
    item = Item(timers, clock, clock.now_s + patience_s)
    run_until(timers, clock, clock.now_s + 200)
    assert item.deadline_s <= item.acted_s <= item.deadline_s + late_s + NEAR_S
    assert timers.due_s == math.inf


def test_a_deadline_that_moves_away_need_not_be_told(timers, clock):
    item = Item(timers, clock, clock.now_s + 10)
    for _ in range(1000):
        clock.now_s += 0.01
        item.deadline_s = clock.now_s + 10
        timers.watch(item, item.deadline_s)
        timers.expire()
    assert len(item.woken_s) <= 1
    run_until(timers, clock, clock.now_s + 20)
    assert item.deadline_s <= item.acted_s <= item.deadline_s + FAR_S + NEAR_S


def test_a_deadline_that_moves_nearer_is_kept(timers, clock):
    item = Item(timers, clock, clock.now_s + 75)
    item.deadline_s = clock.now_s + 0.3
    timers.watch(item, item.deadline_s)
    run_until(timers, clock, clock.now_s + 100)
    assert item.acted_s <= item.deadline_s + FAR_S + NEAR_S


def test_what_was_forgotten_is_not_woken(timers, clock):
    item = Item(timers, clock, clock.now_s + 1)
    timers.forget(item)
    timers.forget(item)
    run_until(timers, clock, clock.now_s + 10)
    assert item.woken_s == []


def test_one_that_is_woken_may_forget_another_of_the_same_tick(timers, clock):
    items = [Item(timers, clock, clock.now_s + 1) for _ in range(10)]

    def forget_the_others():
        for item in items:
            timers.forget(item)

    for item in items:
        item.on_wake = forget_the_others
    run_until(timers, clock, clock.now_s + 10)
    assert timers.due_s == math.inf


def test_one_that_is_woken_may_watch_what_is_due_at_once(timers, clock):
    first, second = Item(timers, clock, clock.now_s + 1), Item(timers, clock)
    second.deadline_s = 0
    first.on_wake = lambda: timers.watch(second, 0)
    run_until(timers, clock, clock.now_s + 10)
    assert len(second.woken_s) == 1


def test_ten_thousand_far_ones_share_a_few_wake_ups(timers, clock):
    for number in range(10_000):
        Item(timers, clock, clock.now_s + 60 + number / 10_000)
    turns = 0
    while timers.due_s < math.inf:
        clock.now_s = timers.due_s
        timers.expire()
        turns += 1
    assert turns <= 6


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 50)), max_size=30))
def test_whatever_is_watched_acts_in_time_though_its_deadline_moves(moves):
    """Each item's deadline is moved once, to whatever time, at whatever time."""
    clock = Stopped()
    timers = Timers(clock)
    start_s = clock.now_s
    items = []
    for at_s, patience_s in sorted(moves):
        run_until(timers, clock, start_s + at_s)
        for item in items[-1:]:
            item.deadline_s = clock.now_s + patience_s
            item.acted_s = None
            timers.watch(item, item.deadline_s)
        items.append(Item(timers, clock, clock.now_s + patience_s))
    run_until(timers, clock, start_s + 300)
    for item in items:
        assert item.deadline_s <= item.acted_s <= item.deadline_s + FAR_S + NEAR_S


def test_what_is_periodic_comes_again_and_again(timers, clock):
    called_s = []
    Periodic(timers, clock, 1.0, lambda: called_s.append(clock.now_s))
    start_s = clock.now_s
    run_until(timers, clock, start_s + 20)
    assert 15 <= len(called_s) <= 20
    assert called_s[0] >= start_s + 1
    assert all(1.0 <= after - before <= 1.0 + FAR_S for before, after in pairwise(called_s))


def test_a_period_that_was_slept_through_is_not_made_up_for(timers, clock):
    called_s = []
    Periodic(timers, clock, 1.0, lambda: called_s.append(clock.now_s))
    clock.now_s += 3600
    timers.expire()
    assert len(called_s) == 1
