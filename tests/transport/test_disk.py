"""Threads beside a real loop."""

import sys
import threading

import pytest

from filed.clock import Clock
from filed.transport.disk import DiskThreads
from filed.transport.loop import Loop


@pytest.fixture
def loop():
    loop = Loop(Clock())
    yield loop
    loop.close()


@pytest.fixture
def threads(loop):
    interval_s = sys.getswitchinterval()
    threads = DiskThreads(loop)
    yield threads
    threads.close()
    sys.setswitchinterval(interval_s)


def test_work_is_done_elsewhere_and_handed_over_here(loop, threads):
    here = threading.get_ident()
    told = []

    def done(future):
        told.append((future.result(), threading.get_ident()))
        loop.stop()

    threads.submit(threading.get_ident, done)
    loop.run()
    ((there, handed_over_in),) = told
    assert there != here
    assert handed_over_in == here


def test_what_work_raises_is_handed_over(loop, threads):
    told = []

    def work():
        raise OSError("the disk is gone")

    def done(future):
        told.append(str(future.exception()))
        loop.stop()

    threads.submit(work, done)
    loop.run()
    assert told == ["the disk is gone"]


def test_the_loop_turns_while_work_is_done(loop, threads):
    may_end = threading.Event()
    told = []

    def done(future):
        told.append(future.result())
        loop.stop()

    threads.submit(may_end.wait, done)
    loop.soon(lambda: loop.soon(may_end.set))  # two turns later: never, if the loop waited
    loop.run()
    assert told == [True]


def test_all_that_is_done_is_handed_over_once(loop, threads):
    told = []

    def done(future):
        told.append(future.result())
        if len(told) == 100:
            loop.stop()

    for number in range(100):
        threads.submit(lambda number=number: number, done)
    loop.run()
    assert sorted(told) == list(range(100))


def test_no_more_than_two_work_at_a_time(loop, threads):
    all_at_work, may_end = threading.Barrier(3), threading.Event()
    told = []

    def work():
        all_at_work.wait(10)
        return may_end.wait(10)

    def done(future):
        told.append(future.result())
        if len(told) == 4:
            loop.stop()

    for _ in range(4):
        threads.submit(work, done)
    all_at_work.wait(10)
    working = [thread for thread in threading.enumerate() if thread.name.startswith("disk")]
    assert len(working) == 2
    may_end.set()
    all_at_work.wait(10)
    loop.run()
    assert told == [True] * 4
