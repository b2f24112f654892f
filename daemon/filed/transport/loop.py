"""The event loop of a worker: one epoll set, a turn at a time.

What epoll(7) promises and what follows from it here:

- Events are level-triggered: a handler that leaves work undone is called again in the next turn,
  so taking only a fair share at a time needs no bookkeeping.
- The kernel reports on open file descriptions, by the number they had. A descriptor closed in this
  turn whose number is given to a new one in the same turn could be handed the old one's event. So
  nothing new is opened for the loop while events are dealt with: connections are accepted, and
  requests taken by UDP, at the end of the turn (`at_end`). Handlers are looked up again for each
  event, so one removed in this turn is not called.
- EPOLLEXCLUSIVE wakes one of the workers that wait on a shared listener instead of all; such an
  entry cannot be modified, only removed and added.
"""

import select
from collections import deque
from collections.abc import Callable
from typing import Final

from filed.clock import Clock
from filed.transport.alarm import Alarm
from filed.transport.timers import Timers

READ: Final = select.EPOLLIN
WRITE: Final = select.EPOLLOUT
FAILURE: Final = 0  # that the peer is gone is told always (epoll_ctl(2))
SHARED: Final = select.EPOLLIN | select.EPOLLEXCLUSIVE

_UNTIL_EVENT: Final = -1  # as epoll_wait(2) has it; the alarm is one

Handler = Callable[[int], None]

# How many events a turn deals with at most. Python makes room for all of them each time, which for
# hundreds costs more than another turn.
_EVENTS_A_TURN: Final = 64
# And how many callbacks of `soon`; the others have their turn next.
_SOON_A_TURN: Final = 64


class Loop:
    """Waits for events and hands them out; then what belongs to the end of a turn.

    Attributes:
        clock: read once, when a turn begins.
        timers: looked after once a turn.
    """

    def __init__(self, clock: Clock) -> None:
        """Begin with nothing to wait for."""
        self.clock = clock
        self.timers = Timers(clock)
        self._epoll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._soon: deque[Callable[[], None]] = deque()
        self._at_end: list[Callable[[], None]] = []
        self._running = False
        self._alarm = Alarm()
        self.add(self._alarm.fd, READ, lambda _mask: self._alarm.heard())

    def close(self) -> None:
        """Give its own descriptors back."""
        self._epoll.close()
        self._alarm.close()

    def add(self, fd: int, events: int, handler: Handler) -> None:
        """Call `handler` with the event mask whenever one of `events` holds for `fd`."""
        self._epoll.register(fd, events)
        self._handlers[fd] = handler

    def modify(self, fd: int, events: int) -> None:
        """Wait for other events on a descriptor."""
        self._epoll.modify(fd, events)

    def remove(self, fd: int) -> None:
        """Forget a descriptor; to be called before it is closed."""
        del self._handlers[fd]
        self._epoll.unregister(fd)

    def soon(self, callback: Callable[[], None]) -> None:
        """Call once in one of the next turns, which begin without waiting."""
        self._soon.append(callback)

    def at_end(self, callback: Callable[[], None]) -> None:
        """Call once at the end of this turn, after its events."""
        self._at_end.append(callback)

    def stop(self) -> None:
        """End `run` with this turn."""
        self._running = False

    def run(self) -> None:
        """Turn until stopped."""
        poll, clock, timers, handlers = self._epoll.poll, self.clock, self.timers, self._handlers
        alarm = self._alarm
        self._running = True
        while self._running:
            if timers.due_s != alarm.at_s:
                alarm.set(timers.due_s)
            events = poll(0 if self._soon else _UNTIL_EVENT, _EVENTS_A_TURN)
            clock.advance()
            for fd, mask in events:
                handler = handlers.get(fd)
                if handler is not None:
                    handler(mask)
            handler = None  # or the last one would live on with all it refers to, open files too
            if self._soon:
                self._call_some()
            if timers.due_s <= clock.now_s:
                timers.expire()
            if self._at_end:
                callbacks, self._at_end = self._at_end, []
                _call_all(callbacks)

    def _call_some(self) -> None:
        for _ in range(min(len(self._soon), _SOON_A_TURN)):
            self._soon.popleft()()


def _call_all(callbacks: list[Callable[[], None]]) -> None:
    for callback in callbacks:
        callback()
