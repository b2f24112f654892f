"""The server's side of a transfer, as a state machine: told what came and when, it says what to do.

Blocks are counted from 1 and without end here; on the wire their numbers wrap (`packets.NUMBERS`).
`acked` is the last block that the client has, `sent` the last one that has left; what lies between
is under way. RFC 1350 is the window of one block.

Who asked may have been somebody else, with this address forged. So until the client has answered
from its address nothing is sent by the clock, only the first reply, once for each request.

What an ACK does (RFC 7440 §4, RFC 1123 §4.2.3.1):

- One that is not of what is under way comes from a packet that was late or doubled, and is ignored.
- One of the last block sent is followed by the next window.
- One of a block before it means that the client misses the next: the window begins anew there.
- The one that had come before, once more: in lockstep it is ignored. In a window it may be the only
  sign that its first block was lost, so it is heeded, but once: some clients send one for each
  packet that comes out of order, and where it was lost once more the clock helps. It does not make
  the wait longer, or a client that says nothing else could stay for ever.

Clients answer a block that they have with such ACKs too. If each was followed by what it seems to
ask for, a single doubled packet would double all that follow (the Sorcerer's Apprentice). So where
blocks were sent again, an ACK that the client may owe to having them already moves the window on,
and only what is new in it is sent: if it was another loss after all, the clock heals it.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from filed.protocols.tftp.options import Terms
from filed.protocols.tftp.packets import HEADER, NUMBERS, ErrorCode, Opcode, error
from filed.protocols.tftp.patience import Patience

_NO_ACK: Final = error(ErrorCode.NOT_DEFINED, "no ACK came in time")
_NUMBER: Final = NUMBERS - 1
_ACK: Final = int(Opcode.ACK)
# How often a round trip is measured. Waits do not follow it any closer.
_MEASURED_EACH_S: Final = 0.01


class Window(NamedTuple):
    """Blocks to be sent: `length` of them from `first` on, or fewer if the file ends there."""

    first: int
    length: int


Action = Window | bytes | None
"""What is to be sent: blocks, a packet as it is, or nothing."""


class End(StrEnum):
    """How a transfer has ended, as log and metrics name it."""

    DONE = "done"
    PEER = "peer"
    TIMEOUT = "timeout"
    UNANSWERED = "unanswered"
    DECLINED = "declined"
    """The client refused the terms. UEFI asks so for the size alone, then anew for the file."""
    DOUBLED = "doubled"
    """The client had sent its request twice, and is served by another transfer."""


class Transfer:
    """One file on its way to one client.

    Attributes:
        terms: what was agreed on.
        acked: the last block that the client has.
        confirmed: the client has answered from its address.
        end: how it has ended; None while it goes on.
        wake_s: when it wants to be woken, in seconds of the clock that it is told.
        resent: how many packets were sent more than once, counted each time.
        ignored: how many packets of the client's meant nothing to it.
    """

    __slots__ = (
        *("_answer_s", "_had", "_held", "_is_deaf", "_last", "_left", "_measure_s", "_patience"),
        *("_sent", "_timed_s", "_unanswered_s", "_waited", "_windowsize"),
        *("acked", "confirmed", "end", "ignored", "resent", "terms", "wake_s"),
    )

    def __init__(
        self, terms: Terms, patience: Patience, *, last: int | None, unanswered_s: float
    ) -> None:
        """Begin; `greet` says what to send first.

        Args:
            terms: what was agreed on.
            patience: how long to wait.
            last: the number of the last block; None until `ends_with` says it.
            unanswered_s: how long to wait for the client's first answer, without sending anything.
        """
        self.terms = terms
        self.confirmed = False
        self.end: End | None = None
        self.wake_s = 0.0
        self.resent = 0
        self.ignored = 0
        self._patience = patience
        self._last = last
        self._unanswered_s = unanswered_s
        self.acked = 0
        self._sent = 0
        self._left = 0  # the last one that had left before the last window
        self._held = 0  # the first one that should have left with it and did not; 0 for none
        self._windowsize = terms.windowsize
        self._timed_s: float | None = None  # when what is under way left, if that is measured
        self._measure_s = 0.0  # when to measure next
        self._waited = False  # something was sent again since the last progress
        self._is_deaf = False  # to the same ACK once more
        # ACKs that may answer blocks which the client had before, and then tell of no loss.
        self._had = range(0)
        self._answer_s = 0.0  # before that no ACK can answer what was sent again

    def greet(self, now_s: float) -> Action:
        """Answer the request, or the same request once more while the client has not answered.

        Args:
            now_s: monotonic seconds, here and elsewhere.

        Returns:
            What to send: the OACK or the first block.
        """
        is_first = not self.wake_s
        self.wake_s = now_s + self._unanswered_s
        self._timed_s = now_s if is_first else None
        if not is_first:
            self.resent += 1
            self._waited = True
        if self.terms.oack:
            return self.terms.oack
        self._sent = 1
        return Window(1, 1)

    def ends_with(self, block: int) -> None:
        """Learn which block is the last, where its length shows it."""
        self._last = block
        self._sent = min(self._sent, block)

    def held_back(self, first: int) -> None:
        """Learn that of a window the blocks from `first` on did not leave, for want of room."""
        self._held = first
        if self.confirmed:  # else an ACK before the first would count as that of an OACK
            self._sent = max(self._left, first - 1)

    def has_room(self, now_s: float) -> Window | None:
        """Send what was held back, now that there is room.

        Returns:
            None where it need not be sent any more.
        """
        if self.confirmed:
            self.wake_s = now_s + self._patience.wait_s
        return self._rest()

    def receive(self, packet: bytes, now_s: float) -> Action:
        """Take a packet that came from the client's address to this transfer's port.

        Returns:
            What to send; None for nothing. `end` says whether the transfer has ended with it.
        """
        if len(packet) < HEADER.size:
            self.ignored += 1
            return None
        opcode, number = HEADER.unpack_from(packet)
        if opcode != _ACK:
            self._take_other(opcode, number)
            return None
        if number == self._sent & _NUMBER:
            return self._go_on(now_s)
        return self._go_back(number, now_s)

    def wake(self, now_s: float) -> Action:
        """Let time pass. Before `wake_s` nothing comes of it.

        Returns:
            What to send again, an ERROR packet where the client is given up, or None.
        """
        if now_s < self.wake_s:
            return None
        if not self.confirmed:
            self.end = End.UNANSWERED
            return None
        if not self._patience.in_vain():
            self.end = End.TIMEOUT
            return _NO_ACK
        self.wake_s = now_s + self._patience.wait_s
        # What was lost may be an ACK that told of a loss, or the window's end.
        return self._again(now_s, range(self.acked + 1, self._sent + 1))

    def hurry(self, until_s: float) -> None:
        """Wait no longer than that for the client's first answer."""
        if not self.confirmed:
            self.wake_s = min(self.wake_s, until_s)

    def _go_on(self, now_s: float) -> Window | None:
        """Send what was not sent before: all that was has arrived, or the OACK has."""
        if self._held and self.acked == self._sent:
            return None  # the ACK that it should have followed, once more
        self.confirmed = True
        self.acked = self._sent
        if self.acked == self._last:
            self.end = End.DONE
            return None
        self._is_deaf = self._waited  # what was sent twice may be confirmed twice
        if self._timed_s is not None or self._waited:
            self._progressed(now_s)
        if now_s >= self._measure_s:
            self._timed_s = now_s
        self.wake_s = now_s + self._patience.wait_s
        return self._window()

    def _go_back(self, number: int, now_s: float) -> Window | None:
        """Send again what the client misses, if that is what it says."""
        progress = (number - self.acked) & _NUMBER
        if progress > self._sent - self.acked or not self.confirmed:
            self.ignored += 1
            return None
        if progress:
            self.acked += progress
            self._timed_s = None
            self._progressed(now_s)
            self._patience.lost()
            self.wake_s = now_s + self._patience.wait_s
            if self.acked in self._had or now_s < self._answer_s:
                return self._slide()
        elif self._windowsize == 1 or self._is_deaf:
            return None
        return self._again(now_s, range(self._sent, self._sent + 1))

    def _take_other(self, opcode: int, number: int) -> None:
        if opcode != Opcode.ERROR:
            self.ignored += 1
            return
        # It is never answered: RFC 1350 §7.
        if self.confirmed:
            self.end = End.PEER
        else:
            self.end = End.DOUBLED if number == ErrorCode.UNKNOWN_TRANSFER_ID else End.DECLINED

    def _progressed(self, now_s: float) -> None:
        if self._timed_s is not None:
            self._patience.measured(now_s - self._timed_s)
            self._measure_s = now_s + _MEASURED_EACH_S
            self._timed_s = None
        self._patience.progressed()
        self._waited = False

    def _again(self, now_s: float, had: range) -> Window:
        """Send what is under way once more, and as much after it as the window has room for."""
        self.resent += self._sent - self.acked
        self._had = had
        self._answer_s = now_s + self._patience.least_s
        self._heed_no_more()
        return self._window()

    def _slide(self) -> Window | None:
        """Send what the window has room for after what is under way."""
        self._had = self._had[-1:]
        self._heed_no_more()
        return self._rest()

    def _rest(self) -> Window | None:
        first = max(self._held, self.acked + 1) if self._held else self._sent + 1
        window = self._window()
        end = window.first + window.length
        return Window(first, end - first) if first < end else None

    def _heed_no_more(self) -> None:
        self._timed_s = None  # RFC 6298 §3: whose ACK will come is not known
        self._waited = self._is_deaf = True

    def _window(self) -> Window:
        acked = self.acked
        end = acked + self._windowsize
        if self._last is not None and end > self._last:
            end = self._last
        self._left = self._sent
        self._sent = max(self._left, end)
        self._held = 0
        return Window(acked + 1, end - acked)
