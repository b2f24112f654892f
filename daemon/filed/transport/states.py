"""What a TCP connection can be doing, and what may follow."""

from enum import Enum, auto
from typing import Final


class State(Enum):
    """What a connection is doing."""

    NEW = auto()  # nothing has come yet
    DECIDING = auto()  # "G" has come, which begins "GET " or is a file's name
    READING = auto()  # a part of a request's head has come
    DROPPING = auto()  # a request's body is read and dropped
    IDLE = auto()  # between two requests
    WAITING = auto()  # the answer is being made beside the loop
    SENDING = auto()  # a reply waits for the peer to take it
    LINGERING = auto()  # all is sent; what still comes is read away
    CLOSED = auto()


class IllegalTransitionError(Exception):
    """A connection was to do what its state does not allow: a bug, whatever the peer did."""


_ENDS: Final = frozenset({State.LINGERING, State.CLOSED})
_WORKS: Final = (
    frozenset({State.READING, State.DROPPING, State.IDLE, State.WAITING, State.SENDING}) | _ENDS
)

FOLLOWS: Final = {
    State.NEW: _WORKS | {State.DECIDING},
    State.DECIDING: _WORKS,
    State.READING: _WORKS - {State.READING},
    State.DROPPING: _WORKS - {State.DROPPING},
    State.IDLE: _WORKS - {State.IDLE},
    State.WAITING: frozenset({State.IDLE, State.SENDING}) | _ENDS,
    State.SENDING: _WORKS - {State.SENDING},
    State.LINGERING: frozenset({State.CLOSED}),
    State.CLOSED: frozenset[State](),
}

# The value of the `state` label of `filed_connections` that counts each state.
GAUGES: Final = {
    State.NEW: "reading",
    State.DECIDING: "reading",
    State.READING: "reading",
    State.DROPPING: "reading",
    State.IDLE: "idle",
    State.WAITING: "sending",
    State.SENDING: "sending",
    State.LINGERING: "sending",
}
