import math
import select
import time

import pytest

from filed.transport.alarm import Alarm

LONG_S = 5.0


@pytest.fixture
def alarm():
    alarm = Alarm()
    yield alarm
    alarm.close()


def is_ringing(alarm, wait_s=0.0):
    return bool(select.select([alarm.fd], [], [], wait_s)[0])


def test_it_says_nothing_before_a_moment_was_set(alarm):
    assert not is_ringing(alarm)
    assert alarm.at_s == math.inf


def test_it_is_heard_at_its_moment_and_not_before(alarm):
    alarm.set(time.monotonic() + 0.02)
    assert is_ringing(alarm, LONG_S)
    assert time.monotonic() >= alarm.at_s


@pytest.mark.parametrize("ago_s", [1.0, math.inf])
def test_a_moment_that_has_passed_is_now(alarm, ago_s):
    alarm.set(max(0.0, time.monotonic() - ago_s))
    assert is_ringing(alarm, LONG_S)


def test_it_is_silent_once_it_was_heard(alarm):
    alarm.set(time.monotonic())
    assert is_ringing(alarm, LONG_S)
    alarm.heard()
    assert not is_ringing(alarm)
    assert alarm.at_s == math.inf


def test_the_last_moment_counts(alarm):
    alarm.set(time.monotonic())
    assert is_ringing(alarm, LONG_S)
    alarm.set(time.monotonic() + 3600)
    assert not is_ringing(alarm)
    alarm.heard()
    alarm.set(math.inf)
    assert not is_ringing(alarm)
