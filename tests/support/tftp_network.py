"""A network that loses, doubles, reorders and delays, in a time that costs none.

On its one side is the state machine of the daemon, with what surrounds it in a worker; on the other
a client written from RFC 1350, 2347 and 7440, in the kinds that are out there. Nothing here knows
how the state machine comes to what it does: it is told what came and when, and what it wants sent
is sent.
"""

import heapq
import itertools
import math
import struct
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import lru_cache

from filed.protocols.tftp import netascii, packets
from filed.protocols.tftp.options import Offer, Terms, negotiate
from filed.protocols.tftp.packets import Mode, ReadRequest
from filed.protocols.tftp.patience import Patience
from filed.protocols.tftp.transfer import Transfer, Window
from support import tftp

TIMEOUT_S = 1.0
RETRIES = 5
UNANSWERED_S = TIMEOUT_S * (RETRIES + 1)
MOST_WAIT_S = 60.0
"""RFC 6298 §2.4's, beyond which no wait grows."""


class Events:
    """What is to happen, in its order. `now_s` jumps from one to the next."""

    def __init__(self, now_s=1000.0):
        self.now_s = now_s
        self._queue = []
        self._order = itertools.count()

    def at(self, when_s, call, *arguments):
        heapq.heappush(self._queue, (when_s, next(self._order), call, arguments))

    def run(self, most):
        """Let happen what is to, until nothing is left; `most` events are a storm."""
        for _ in range(most):
            if not self._queue:
                return
            self.now_s, _, call, arguments = heapq.heappop(self._queue)
            call(*arguments)
        raise AssertionError(f"no end after {most} events")


@dataclass(frozen=True)
class Weather:
    """What befalls the packets of one direction.

    Attributes:
        delay_s: how long one takes that nothing befalls.
        script: of each of the first packets, after which delays its copies arrive; None is one
            that nothing befalls, and () one that is lost.
        rates: of those after them, how many in a hundred are lost, doubled and late.
        late_s: what is late or doubled may take so much longer.
        random: decides.
        busy_s: how long the line is taken by each packet.
    """

    delay_s: float = 0.01
    script: tuple[tuple[float, ...] | None, ...] = ()
    rates: tuple[int, int, int] = (0, 0, 0)
    late_s: float = 0.0
    random: object = None
    busy_s: float = 0.0

    def fates(self) -> Iterator[tuple[float, ...] | None]:
        yield from self.script
        if not any(self.rates):
            yield from itertools.repeat(None)
        while True:
            yield self._any()

    def _any(self):
        lost, doubled, late = self.rates
        drawn = self.random.randrange(100)
        if drawn < lost:
            return ()
        if drawn < lost + doubled:
            return (self.delay_s, self._late())
        if drawn < lost + doubled + late:
            return (self._late(),)
        return None

    def _late(self):
        return self.delay_s + self.random.random() * self.late_s


class Path:
    """One direction.

    Attributes:
        packets: how many were sent.
        troubles: how many of them did not arrive once and in time.
        delivered_s: when the last one arrived.
    """

    def __init__(self, events, weather):
        self.packets = self.troubles = 0
        self.delivered_s = events.now_s
        self._events = events
        self._fates = weather.fates()
        self._delay_s = weather.delay_s
        self._busy_s = weather.busy_s
        self._free_s = events.now_s

    def carry(self, receive, *arguments):
        self.packets += 1
        fate = next(self._fates)
        self.troubles += fate is not None
        self._free_s = max(self._free_s, self._events.now_s) + self._busy_s
        for delay_s in (self._delay_s,) if fate is None else fate:
            self._events.at(self._free_s + delay_s, self._arrive, receive, arguments)

    def _arrive(self, receive, arguments):
        self.delivered_s = self._events.now_s
        receive(*arguments)


class Serving:
    """One transfer of the server's, on a port of its own.

    Attributes:
        transfer: the state machine.
        times: how often each block has left; the OACK counts as block 0.
        unconfirmed: how many packets had left before the client confirmed anything.
        ended_s: when it has ended; None while it goes on.
    """

    def __init__(self, server, port, transfer, mode):
        self.transfer = transfer
        self.times = Counter()
        self.unconfirmed = 0
        self.ended_s = None
        self.port = port
        self.woken = 0
        self._server = server
        self._mode = mode
        self._places = {1: netascii.Place()}
        self._watched_s = math.inf

    @property
    def again(self):
        """How many packets have left more than once, counted each time."""
        return self.times.total() - len(self.times)

    def greet(self):
        self.do(self.transfer.greet(self._server.events.now_s))

    def receive(self, packet):
        if self.ended_s is None:
            self.do(self.transfer.receive(packet, self._server.events.now_s))

    def do(self, action):
        """Do what the state machine wants, as `transport.tftp.download` does it."""
        transfer, now_s = self.transfer, self._server.events.now_s
        if isinstance(action, Window):
            self._send_blocks(action)
        elif action is not None:
            self._send(action)
            if action == transfer.terms.oack:
                self.times[0] += 1
        if transfer.end is not None:
            self.ended_s = now_s
            self._server.ended(self)
        elif transfer.wake_s < self._watched_s:
            self._watch()
        if transfer.confirmed:
            self._server.confirmed(self)

    def _watch(self):
        self._watched_s = self.transfer.wake_s
        self._server.events.at(self._watched_s, self._on_wake, self._watched_s)

    def _on_wake(self, watched_s):
        if self.ended_s is not None or watched_s != self._watched_s:
            return
        self._watched_s = math.inf
        if self.transfer.wake_s <= self._server.events.now_s:
            self.woken += 1
        self.do(self.transfer.wake(self._server.events.now_s))

    def _send_blocks(self, window):
        blksize = self.transfer.terms.blksize
        assert 1 <= window.length <= self.transfer.terms.windowsize
        for number in range(window.first, window.first + window.length):
            block = self._block(number, blksize)
            self.times[number] += 1
            self._send(struct.pack("!HH", tftp.DATA, number % tftp.NUMBERS) + block)
            if len(block) < blksize:
                self.transfer.ends_with(number)
                break

    def _block(self, number, blksize):
        content = self._server.content
        if self._mode is Mode.OCTET:
            return content[(number - 1) * blksize : number * blksize]
        place = self._places[number]
        raw = content[place.offset : place.offset + blksize]
        block, self._places[number + 1] = netascii.block(place, raw, blksize)
        return block

    def _send(self, packet):
        self.unconfirmed += not self.transfer.confirmed
        self._server.send(self.port, packet)


class Server:
    """What `transport.tftp.transfers` is for one client.

    Attributes:
        servings: every transfer that there was.
        requests: how many have come.
        client: at the one address and port.
    """

    def __init__(self, events, content, path, client):
        self.events = events
        self.content = content
        self.servings = []
        self.requests = 0
        self.client = client
        self._path = path
        self._former = {}
        self._current = None

    def ask(self, datagram):
        """Take what came to the port that takes requests."""
        request = packets.read(datagram)
        assert isinstance(request, ReadRequest)
        self.requests += 1
        current = self._current
        if current is None or current.transfer.confirmed:
            self._current = self._begin(request)
            self._former[self._current] = current
        self._current.greet()

    def take_over(self, transfer, action):
        """Go on with a transfer that has come as far as to what is to be done."""
        self._current = Serving(self, 1, transfer, Mode.OCTET)
        self.servings.append(self._current)
        self._current.do(action)

    def receive(self, port, packet):
        """Take what came to a transfer's port."""
        self.servings[port - 1].receive(packet)

    def send(self, port, packet):
        self._path.carry(self.client.receive, port, packet)

    def confirmed(self, serving):
        """Let the one end that the client does not want any more."""
        former = self._former.pop(serving, None)
        if former is not None and former.ended_s is None:
            former.ended_s = self.events.now_s

    def ended(self, serving):
        if self._current is serving:
            former = self._former.get(serving)
            alive = former is not None and former.ended_s is None
            self._current = former if alive else None

    def _begin(self, request):
        terms = terms_for(request, self.content)
        octet = request.mode is Mode.OCTET
        transfer = Transfer(
            terms,
            Patience(TIMEOUT_S, RETRIES, terms.timeout_s),
            last=len(self.content) // terms.blksize + 1 if octet else None,
            unanswered_s=UNANSWERED_S,
        )
        serving = Serving(self, len(self.servings) + 1, transfer, request.mode)
        self.servings.append(serving)
        return serving


def terms_for(request, content):
    if not request.options:
        return Terms()
    return negotiate(
        request.options,
        Offer(),
        size_bytes=len(content) if request.mode is Mode.OCTET else None,
        largest_blksize=1468,
    )


class OutOfOrder(StrEnum):
    """What a client says to a block that is not the next."""

    NOTHING = "nothing"
    """Its own timer helps it, or the server's."""
    ONE_ACK = "one ACK"
    """One for each gap: atftp, U-Boot."""
    ACKS = "ACKs"
    """One for each such packet: EDK2, and whoever confirms again in lockstep what comes again."""
    ITS_NUMBER = "its number"
    """An ACK of that very block if it was had before: the oldest clients."""


@dataclass(frozen=True)
class Habits:
    """What tells clients apart.

    Attributes:
        out_of_order: what it says to a block that is not the next.
        timeout_s: how long it waits until it repeats what it sent last.
        tries: how often it does so.
        dallies: it confirms the last block again should that come again (RFC 1350 §6).
    """

    out_of_order: OutOfOrder = OutOfOrder.ONE_ACK
    timeout_s: float = 2.0
    tries: int = 4
    dallies: bool = True


class Outcome(Enum):
    """How it went for the client."""

    WHOLE = "whole"
    FAILED = "failed"


class Client:
    """Reads one file.

    Attributes:
        content: what it has of the file; netascii as it came.
        outcome: None while it reads.
        peer: the port of the transfer that it takes part in.
        timeouts: how often its timer has run out.
    """

    def __init__(self, events, path, request, habits):
        self.content = bytearray()
        self.outcome = None
        self.peer = None
        self.timeouts = 0
        self.server = None
        self._events = events
        self._path = path
        self._request = request
        self._habits = habits
        self._tries = habits.tries
        self._blksize = 512
        self._windowsize = 1
        self._block = 0
        self._unconfirmed = 0
        self._told = False
        self._waits = 0

    def ask(self):
        self._path.carry(self.server.ask, self._request)
        self._wait()

    def forget(self):
        """Be one whose machine was started anew."""
        self.outcome, self.peer = Outcome.FAILED, None

    def go_on(self, terms, content, block):
        """Be one that has confirmed so many blocks, with this content."""
        self.peer = 1
        self.content += content
        self._block = block
        self._blksize, self._windowsize = terms.blksize, terms.windowsize
        self._wait()

    def receive(self, port, datagram):
        if self.outcome is not None and not (self._habits.dallies and self.peer == port):
            return
        packet = tftp.parse(datagram)
        if self.peer is None:
            self._meet(port, packet)
        if port != self.peer:
            self._send(port, tftp.error(5))
        elif packet.opcode == tftp.ERROR:
            self.outcome = self.outcome or Outcome.FAILED
        elif packet.opcode == tftp.DATA:
            self._take(packet)
        elif self._block == 0:
            self._take_oack()

    def _meet(self, port, packet):
        self.peer = port
        self._progress()
        if packet.opcode != tftp.OACK:
            return
        asked = packets.read(self._request).options
        granted = {name: int(value) for name, value in packet.options.items()}
        assert granted
        for name in (b"blksize", b"windowsize"):
            assert granted.get(name, 0) <= int(asked.get(name, 0)), "more than was asked for"
        assert granted.keys() <= asked.keys()
        self._blksize = granted.get(b"blksize", 512)
        self._windowsize = granted.get(b"windowsize", 1)

    def _take_oack(self):
        if not self._told or self._habits.out_of_order is not OutOfOrder.NOTHING:
            self._told = True
            self._confirm(0)

    def _take(self, packet):
        if self.outcome is None and packet.number == (self._block + 1) % tftp.NUMBERS:
            self._take_next(packet.body)
        else:
            self._take_other(packet.number)

    def _take_next(self, body):
        assert len(body) <= self._blksize
        self.content += body
        self._block += 1
        self._unconfirmed += 1
        self._told = False
        self._progress()
        is_last = len(body) < self._blksize
        if is_last:
            self.outcome = Outcome.WHOLE
        if is_last or self._unconfirmed == self._windowsize:
            self._confirm(self._block)

    def _take_other(self, number):
        match self._habits.out_of_order:
            case OutOfOrder.ACKS:
                self._confirm(self._block)
            case OutOfOrder.ONE_ACK if not self._told or self.outcome:
                self._told = True
                self._confirm(self._block)
            case OutOfOrder.ITS_NUMBER:
                is_old = (self._block - number) % tftp.NUMBERS < tftp.NUMBERS // 2
                self._confirm(number if is_old else self._block)

    def _confirm(self, block):
        if block == self._block:
            self._unconfirmed = 0
        self._send(self.peer, tftp.ack(block))

    def _send(self, port, packet):
        self._path.carry(self.server.receive, port, packet)

    def _progress(self):
        self._tries = self._habits.tries
        self._wait()

    def _wait(self):
        self._waits += 1
        self._events.at(self._events.now_s + self._habits.timeout_s, self._time_out, self._waits)

    def _time_out(self, wait):
        if self.outcome is not None or wait != self._waits:
            return
        self.timeouts += 1
        self._tries -= 1
        if self._tries < 0:
            self.outcome = Outcome.FAILED
        elif self.peer is None:
            self.ask()
        else:
            self._confirm(self._block)
            self._wait()


@dataclass
class Play:
    """A client and a server, with a network between them.

    Attributes:
        content: the file.
        request: the datagram that asks for it.
        habits: the client's.
        to_client, to_server: what befalls the packets.
    """

    content: bytes
    request: bytes
    habits: Habits = Habits()
    to_client: Weather = Weather()
    to_server: Weather = Weather()
    events: Events = field(default_factory=Events)

    def __post_init__(self):
        self.down = Path(self.events, self.to_client)
        self.up = Path(self.events, self.to_server)
        self.client = Client(self.events, self.up, self.request, self.habits)
        self.server = Server(self.events, self.content, self.down, self.client)
        self.client.server = self.server

    def restart(self):
        """Have the client's machine start anew, and ask from the same port."""
        self.client.forget()
        self.client = Client(self.events, self.up, self.request, self.habits)
        self.client.server, self.server.client = self.server, self.client
        self.client.ask()

    def run(self, most_events=1_000_000):
        """Let the client ask, and everything come to its end."""
        self.client.ask()
        self.events.run(most_events)

    def run_from(self, block, most_events=1_000_000):
        """Let everything come to its end from where the client has confirmed so many blocks.

        Nothing had befallen the packets until then.
        """
        terms = terms_for(packets.read(self.request), self.content)
        last = len(self.content) // terms.blksize + 1
        transfer, window, now_s = deepcopy(_under_way(terms, block))
        transfer.ends_with(last)
        self.events.now_s = self.up.delivered_s = self.down.delivered_s = now_s
        self.client.go_on(terms, self.content[: block * terms.blksize], block)
        first, length = window
        self.server.take_over(transfer, Window(first, min(length, last - first + 1)))
        self.events.run(most_events)


@lru_cache(1000)
def _under_way(terms, block):
    """A transfer whose client has confirmed so many blocks, what it sends then, and the time."""
    patience = Patience(TIMEOUT_S, RETRIES, terms.timeout_s)
    transfer = Transfer(terms, patience, last=None, unanswered_s=UNANSWERED_S)
    now_s = 1000.0
    transfer.greet(now_s)
    confirmed = 0 if terms.oack else 1
    while True:
        now_s += 0.02
        window = transfer.receive(tftp.ack(confirmed), now_s)
        if window.first > block:
            assert window.first == block + 1, "begin where a window does"
            return transfer, window, now_s
        confirmed = window.first + window.length - 1
