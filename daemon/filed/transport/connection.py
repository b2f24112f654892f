"""A TCP connection from accept to close.

It reads what the client sends, lets the protocol say what that means and `site` what the answer
is, and sends it. Reading stops while a reply is being sent, so a client that asks and does not read
fills its own socket and nothing here.

A connection is in one `State`; `states.FOLLOWS` says which may come next. Each state has its
patience (`Service.patience_s`), counted from when it was entered or last made progress.
"""

import socket
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from filed.log.text import show_client
from filed.protocols.messages import Message, Protocol, Refusal
from filed.protocols.stream import Awaits, Stream
from filed.site.later import Later
from filed.site.reply import Reply
from filed.transport.endings import cause, end_when_closed, reset_when_closed
from filed.transport.loop import FAILURE, READ, WRITE
from filed.transport.service import Service
from filed.transport.states import FOLLOWS, IllegalTransitionError, State
from filed.transport.transfer import Transfer, Truncated

_READ_BYTES: Final = 16384
# Pipelined requests that are answered before others have their turn.
_REPLIES_A_TURN: Final = 32
# What the loop shall tell of in the states in which that is not that there is something to read.
_EVENTS: Final = {State.WAITING: FAILURE, State.SENDING: WRITE}
# The state in which the rest of something is waited for.
_STATES: Final = {
    Awaits.PROTOCOL: State.DECIDING,
    Awaits.HEAD: State.READING,
    Awaits.BODY: State.DROPPING,
}
_TOO_LATE: Final = "The request did not arrive in time."


class _Waiting(NamedTuple):
    """An answer that is waited for: to what, and since when in monotonic seconds."""

    answer: Later
    message: Message
    asked_s: float


class Connection:
    """One client on one TCP connection.

    Attributes:
        peer: the client's address, as accept(2) gave it.
        state: what it is doing.
        tick: belongs to the timers.
    """

    __slots__ = (
        "_pending",
        "_service",
        "_since_s",
        "_sock",
        "_stream",
        "_transfer",
        "_waiting",
        "peer",
        "state",
        "tick",
    )

    def __init__(self, service: Service, sock: socket.socket, peer: tuple[str, int]) -> None:
        """Take over a non-blocking socket that was just accepted."""
        self._service = service
        self._sock = sock
        self.peer = peer
        self.state = State.NEW
        self.tick = 0
        self._since_s = service.clock.now_s
        self._stream = Stream(service.reader)
        self._transfer: Transfer | None = None
        self._waiting: _Waiting | None = None
        self._pending = False  # requests have arrived that wait for their turn
        service.loop.add(sock.fileno(), READ, self.on_event)
        service.count_state(None, State.NEW)
        service.loop.timers.watch(self, self._deadline_s())

    # What the loop calls. Here is the one place where a bug met by one client is kept from
    # costing the others theirs.

    def on_event(self, _mask: int) -> None:
        """Read or write: the socket is ready for what the state waits for, or has failed."""
        try:
            if self.state is State.SENDING:
                self._pump()
            elif self.state is State.LINGERING:
                self._read_away()
            elif self.state is State.WAITING:  # the peer is gone: nothing else was asked for
                self.abort("peer")
            else:
                self._read()
        except Exception:  # noqa: BLE001 - a bug met by one client
            self._break()

    def on_wake(self) -> None:
        """Look whether the state has lasted too long."""
        self._guard(self._look_at_deadline)

    def on_drain(self) -> None:
        """Finish what is under way, and nothing more: the worker is going."""
        if self.state in (State.NEW, State.IDLE):  # a request may be on its way: count from now
            self._since_s = self._service.clock.now_s
        self._service.loop.timers.watch(self, self._next_look_s())

    def abort(self, outcome: str) -> None:
        """End at once, with a reset where the peer has not got all that it was promised."""
        self._give_up_waiting()
        if self._transfer is not None:
            self._service.ledger.finished(self.peer, self._transfer, outcome)
            self._transfer = None
        if self.state is not State.LINGERING:
            reset_when_closed(self._sock)
        self._close()

    def _guard(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception:  # noqa: BLE001 - a bug met by one client
            self._break()

    def _break(self) -> None:
        self._service.limited.exception(
            "connection_failed", client=show_client(self.peer[0]), state=self.state.name
        )
        if self.state is not State.CLOSED:
            self.abort("error")

    # Reading.

    def _read(self) -> None:
        if self._pending:  # what a client pipelines meanwhile waits in the kernel
            return
        try:
            data = self._sock.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # reset, or timed out by the kernel: nobody is there to be answered
            self._close()
            return
        self._stream.feed(data)
        self._advance()

    def _advance(self) -> None:
        """Answer what has arrived, until more is needed or it is the others' turn."""
        stream = self._stream
        for answered in range(_REPLIES_A_TURN):
            message = stream.next()
            if message is None:
                self._await_more(progress=answered > 0)
                return
            answer = self._service.site.answer(message)
            if isinstance(answer, Later):
                self._wait_for(answer, message)
                return
            if not self._respond(message, answer):
                return
            if stream.is_empty:
                self._rest()
                return
        self._pending = True
        self._service.loop.soon(self._continue)

    def _continue(self) -> None:
        self._pending = False
        if self.state is not State.CLOSED:
            self._guard(self._advance)

    def _wait_for(self, answer: Later, message: Message) -> None:
        waiting = self._waiting = _Waiting(answer, message, self._service.clock.now_s)
        self._enter(State.WAITING)
        on_answer = partial(self._guard, partial(self._on_answer, waiting))
        answer.then(partial(self._service.loop.soon, on_answer))

    def _on_answer(self, waiting: _Waiting) -> None:
        if waiting is self._waiting:  # else it was given up
            self._waiting = None
            reply = self._service.site.finish(waiting.answer)
            self._begin(waiting, reply)
            self._pump()

    def _give_up_waiting(self) -> None:
        """Put in place of an answer that is waited for that it takes too long."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._begin(waiting, self._service.site.give_up(waiting.answer))

    def _begin(self, waiting: _Waiting, reply: Reply) -> None:
        clock = self._service.clock
        self._transfer = Transfer(waiting.message, reply, clock, waiting.asked_s)

    def _await_more(self, *, progress: bool) -> None:
        """Wait for the rest of something; with `progress`, something was answered before it."""
        awaits = self._stream.awaits
        if self._stream.ended:
            self._close()
        elif awaits is Awaits.REQUEST:
            if progress or self.state not in (State.NEW, State.IDLE):
                self._rest()  # else empty lines have come, which win nobody time
        elif self.state is not _STATES[awaits]:
            self._enter(_STATES[awaits])
        elif progress:
            self._since_s = self._service.clock.now_s

    def _rest(self) -> None:
        """Wait for the next request: what most connections do most of the time."""
        if self._stream.ended:
            self._close()
        elif self.state is State.IDLE:
            self._since_s = self._service.clock.now_s
        else:
            self._enter(State.IDLE)

    # Sending.

    def _respond(self, message: Message, reply: Reply) -> bool:
        """Begin an answer; say whether it has gone whole and the connection goes on."""
        sent = 0
        if reply.start and not reply.rest:
            try:
                sent = self._sock.send(reply.start)
            except BlockingIOError:
                pass
            except OSError as error:
                self._fail(Transfer(message, reply, self._service.clock), cause(error))
                return False
        if sent == reply.size_bytes:
            self._service.ledger.instant(self.peer, message, reply)
            if reply.close:
                self._linger()
            return not reply.close
        self._transfer = Transfer(message, reply, self._service.clock)
        self._transfer.taken(sent)
        return self._send_on()

    def _send_on(self) -> bool:
        """Send what the socket takes now; say whether all has gone and the connection goes on."""
        transfer = self._transfer
        assert transfer is not None
        before = transfer.sent_bytes
        try:
            whole = transfer.advance(self._sock)
        except Truncated:
            self._fail(transfer, "truncated")
            return False
        except OSError as error:
            self._fail(transfer, cause(error))
            return False
        if transfer.sent_bytes > before:
            self._since_s = self._service.clock.now_s
        if not whole:
            self._service.ledger.progressed(transfer)
            if self.state is not State.SENDING:
                self._await_writable(transfer)
            return False
        self._transfer = None
        self._service.ledger.finished(self.peer, transfer, "done")
        if self.state is State.SENDING and transfer.message.protocol is Protocol.PLAIN:
            end_when_closed(self._sock)
        if transfer.reply.close:
            self._linger()
        return not transfer.reply.close

    def _await_writable(self, transfer: Transfer) -> None:
        if transfer.message.protocol is Protocol.PLAIN:
            # Only the end of the connection tells of the file's. Should this process be killed now,
            # the kernel must not make it look like that.
            reset_when_closed(self._sock)
        self._enter(State.SENDING)

    def _pump(self) -> None:
        if not self._send_on():
            return
        self._enter(State.IDLE)
        if self._stream.is_empty:
            self._rest()
        else:
            self._advance()

    def _fail(self, transfer: Transfer, outcome: str) -> None:
        self._transfer = transfer
        self.abort(outcome)

    # Time.

    def _deadline_s(self) -> float:
        return self._since_s + self._service.patience_s[self.state]

    def _next_look_s(self) -> float:
        return self._service.next_look_s(self.state, self._since_s)

    def _look_at_deadline(self) -> None:
        if self._pending or self._peer_takes():  # it waits for us, or is slow but alive
            self._since_s = self._service.clock.now_s
        if self._deadline_s() <= self._service.clock.now_s:
            self._expire()
        elif self._transfer is not None and self._service.is_too_slow(self._transfer):
            self._service.timed_out("min_rate", self.peer[0])
            self.abort("min_rate")
        else:
            self._service.loop.timers.watch(self, self._next_look_s())

    def _peer_takes(self) -> bool:
        return self._transfer is not None and self._transfer.goes_on(self._sock)

    def _expire(self) -> None:
        match self.state:
            case State.NEW:
                self._service.timed_out("head", self.peer[0])
                self._close()
            case State.DECIDING:
                self._stream.give_up_waiting()
                self._advance()
            case State.READING | State.DROPPING:
                self._service.timed_out("head", self.peer[0])
                self._refuse(self._stream.late(_TOO_LATE))
            case State.IDLE:
                self._service.count_timeout("idle")
                self._linger()
            case State.WAITING:
                self._service.timed_out("answer", self.peer[0])
                self._give_up_waiting()
                self._pump()
            case State.SENDING:
                self._service.timed_out("stall", self.peer[0])
                self.abort("stall")
            case State.LINGERING:
                self._service.count_timeout("linger")
                self._close()

    def _refuse(self, refusal: Refusal) -> None:
        reply = self._service.site.answer(refusal)
        assert isinstance(reply, Reply), "refusing takes no time"
        self._respond(refusal, reply)

    # Ending.

    def _linger(self) -> None:
        """Say that nothing more will come, and listen until the peer has said the same."""
        if self._stream.ended:
            self._close()
            return
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:  # the peer has reset the connection
            self._close()
            return
        self._enter(State.LINGERING)

    def _read_away(self) -> None:
        try:
            data = self._sock.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # reset: the peer is gone, which is what was waited for
            data = b""
        if not data:
            self._close()

    def _close(self) -> None:
        self._service.loop.remove(self._sock.fileno())
        self._service.loop.timers.forget(self)
        self._enter(State.CLOSED)
        self._sock.close()
        self._service.left(self)

    def _enter(self, state: State) -> None:
        before = self.state
        if state not in FOLLOWS[before]:
            raise IllegalTransitionError(f"{before.name} -> {state.name}")
        self.state = state
        self._service.count_state(before, state)
        if state is State.CLOSED:
            return
        events = _EVENTS.get(state, READ)
        if events != _EVENTS.get(before, READ):
            self._service.loop.modify(self._sock.fileno(), events)
        self._since_s = self._service.clock.now_s
        self._service.loop.timers.watch(self, self._next_look_s())
