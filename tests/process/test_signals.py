import os
import select
import signal
from contextlib import closing

import pytest

from filed.process.signals import Signals

USED = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _as_it_was():
    handlers = {number: signal.getsignal(number) for number in USED}
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def is_readable(fd):
    return bool(select.select([fd], [], [], 0)[0])


def test_what_arrives_can_be_read_in_order_each_once():
    with closing(Signals(heard=USED)) as signals:
        for number in (signal.SIGUSR2, signal.SIGUSR1, signal.SIGUSR2):
            os.kill(os.getpid(), number)
        assert is_readable(signals.fd)
        assert signals.read() == [signal.SIGUSR2, signal.SIGUSR1]
        assert not is_readable(signals.fd)
        assert signals.read() == []


def test_where_nothing_has_arrived_there_is_nothing_to_read():
    with closing(Signals(heard=USED)) as signals:
        assert not is_readable(signals.fd)
        assert signals.read() == []


def test_what_is_ignored_is_not_heard():
    with closing(Signals(heard=(signal.SIGUSR1,), ignored=(signal.SIGHUP,))) as signals:
        os.kill(os.getpid(), signal.SIGHUP)
        assert signals.read() == []


def test_what_was_blocked_before_is_heard():
    signal.pthread_sigmask(signal.SIG_BLOCK, USED)
    os.kill(os.getpid(), signal.SIGUSR1)
    with closing(Signals(heard=(signal.SIGUSR1,))) as signals:
        assert signals.read() == [signal.SIGUSR1]


def test_a_flood_of_one_signal_loses_no_other_and_says_nothing(capfd):
    with closing(Signals(heard=USED)) as signals:
        for _ in range(5000):
            os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert signals.read() == [signal.SIGHUP, signal.SIGUSR1]
    assert capfd.readouterr().err == ""


def test_once_closed_nothing_is_written_anywhere():
    signals = Signals(heard=USED)
    signals.close()
    os.kill(os.getpid(), signal.SIGUSR1)
    assert signal.set_wakeup_fd(-1) == -1
