"""The loop, on real pipes."""

import os
from contextlib import contextmanager

import pytest

from filed.clock import Clock
from filed.transport.loop import READ, SHARED, WRITE, Loop


@pytest.fixture
def loop():
    loop = Loop(Clock())
    yield loop
    loop.close()


class Stop:
    """Stops the loop at its deadline, so that a test ends whatever happens."""

    def __init__(self, loop, patience_s=5.0):
        self.tick = 0
        self.reached = False
        self._loop = loop
        loop.timers.watch(self, loop.clock.now_s + patience_s)

    def on_wake(self):
        self.reached = True
        self._loop.stop()


@contextmanager
def pipes(count):
    made = [os.pipe() for _ in range(count)]
    try:
        yield made
    finally:
        for end in (fd for pair in made for fd in pair):
            os.close(end)


def run(loop):
    """Run until stopped; fail where that has not happened in time."""
    stop = Stop(loop)
    loop.run()
    assert not stop.reached
    loop.timers.forget(stop)


def test_what_is_readable_is_handed_to_its_handler_with_what_has_happened(loop):
    with pipes(2) as ((quiet, _), (reader, writer)):
        seen = []

        def on_event(mask):
            seen.append((mask, os.read(reader, 10)))
            loop.stop()

        loop.add(quiet, READ, lambda _: seen.append("quiet"))
        loop.add(reader, READ, on_event)
        os.write(writer, b"x")
        run(loop)
        assert seen == [(READ, b"x")]


def test_what_is_left_unread_is_told_again(loop):
    with pipes(1) as ((reader, writer),):
        os.write(writer, b"abc")
        got = []

        def on_event(_):
            got.append(os.read(reader, 1))
            if len(got) == 3:
                loop.stop()

        loop.add(reader, READ, on_event)
        run(loop)
        assert got == [b"a", b"b", b"c"]


def test_other_events_can_be_waited_for(loop):
    with pipes(1) as ((_, writer),):
        loop.add(writer, READ, lambda _: pytest.fail("a pipe's writer is not readable"))
        seen = []
        loop.remove(writer)
        loop.add(writer, READ, lambda mask: (seen.append(mask), loop.stop()))
        loop.modify(writer, WRITE)
        run(loop)
        assert seen == [WRITE]


def test_a_handler_removed_in_this_turn_is_not_called(loop):
    with pipes(2) as ((one, wake_one), (two, wake_two)):
        called = []

        def on_event(fd, other):
            called.append(fd)
            loop.remove(other)
            loop.stop()

        loop.add(one, READ, lambda _: on_event(one, two))
        loop.add(two, READ, lambda _: on_event(two, one))
        os.write(wake_one, b"x")
        os.write(wake_two, b"x")
        run(loop)
        assert len(called) == 1


def test_soon_is_in_the_next_turn_and_waits_for_nothing(loop):
    turns = []

    def first():
        turns.append(loop.clock.turn)
        loop.soon(second)

    def second():
        turns.append(loop.clock.turn)
        loop.stop()

    loop.soon(first)
    run(loop)
    assert turns[1] == turns[0] + 1


def test_the_end_of_a_turn_comes_after_all_its_events_and_timers(loop):
    with pipes(2) as ((one, wake_one), (two, wake_two)):
        order = []

        def on_event(name, fd):
            os.read(fd, 1)
            if not order:
                loop.at_end(lambda: (order.append("end"), loop.stop()))
                loop.soon(lambda: order.append("soon"))
            order.append(name)

        loop.add(one, READ, lambda _: on_event("event", one))
        loop.add(two, READ, lambda _: on_event("event", two))
        os.write(wake_one, b"x")
        os.write(wake_two, b"x")
        run(loop)
        assert order == ["event", "event", "soon", "end"]


def test_what_is_asked_for_at_the_end_of_a_turn_waits_for_the_end_of_the_next(loop):
    turns = []

    def again():
        turns.append(loop.clock.turn)
        if len(turns) == 2:
            loop.stop()
        loop.at_end(again)
        loop.soon(lambda: None)

    loop.at_end(again)
    loop.soon(lambda: None)
    run(loop)
    assert turns[1] == turns[0] + 1


def test_the_clock_is_read_once_a_turn(loop):
    with pipes(2) as ((one, wake_one), (two, wake_two)):
        seen = set()

        def on_event(fd):
            os.read(fd, 1)
            seen.add((loop.clock.turn, loop.clock.now_s))
            loop.at_end(loop.stop)

        for fd, wake in ((one, wake_one), (two, wake_two)):
            loop.add(fd, READ, lambda _, fd=fd: on_event(fd))
            os.write(wake, b"x")
        before = loop.clock.turn
        run(loop)
        assert [turn for turn, _ in seen] == [before + 1]


def test_time_passes_where_nothing_happens(loop):
    began_s = loop.clock.now_s
    stop = Stop(loop, patience_s=0.05)
    loop.run()
    assert stop.reached
    assert loop.clock.now_s - began_s >= 0.05


def test_a_shared_descriptor_wakes_whoever_waits(loop):
    with pipes(1) as ((reader, writer),):
        loop.add(reader, SHARED, lambda _: loop.stop())
        os.write(writer, b"x")
        run(loop)
        with pytest.raises(OSError, match="Invalid argument"):
            loop.modify(reader, READ)  # why the acceptor removes and adds
