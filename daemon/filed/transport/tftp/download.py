"""One transfer: its state machine, its blocks and its socket, in the worker's loop."""

from typing import TYPE_CHECKING, Final

from filed.log.text import show_client
from filed.protocols.tftp.packets import ErrorCode, ReadRequest, error
from filed.protocols.tftp.transfer import Action, End, Transfer, Window
from filed.site.reply import Reply
from filed.transport.loop import READ, WRITE
from filed.transport.tftp.blocks import Blocks
from filed.transport.tftp.endpoint import Client, Endpoint
from filed.transport.tftp.sending import packets_of
from filed.transport.transfer import Truncated

if TYPE_CHECKING:
    from filed.transport.tftp.transfers import Transfers

# What comes is an ACK, or an ERROR of whose text nothing is read.
_PACKET_BYTES: Final = 64
# How many of its packets that are queued are looked at when a client has gone.
_LAST_PACKETS: Final = 64

_TRUNCATED: Final = error(ErrorCode.NOT_DEFINED, "the file became shorter while it was sent")
_BROKEN: Final = error(ErrorCode.NOT_DEFINED, "the file could not be read")
_STOPPING: Final = error(ErrorCode.NOT_DEFINED, "the server is being stopped")


class Download:
    """A file on its way to a client.

    Attributes:
        client: its address and port.
        request, message, reply: what is being answered, with what.
        transfer: decides what is sent when.
        began_s: monotonic seconds when the request had come.
        first_byte_s: the same when the first packet had left; None before.
        sent_bytes: what the kernel was handed, headers and what was sent again included.
        counted_bytes: how much of that the metrics show already.
        tick: belongs to the timers.
    """

    __slots__ = (
        *("_blocks", "_clock", "_confirmed", "_endpoint", "_open_ended", "_packets", "_receive"),
        *("_server", "_waits_for_room", "_watched_s"),
        *("began_s", "client", "counted_bytes", "first_byte_s", "message", "reply"),
        *("request", "sent_bytes", "tick", "transfer"),
    )

    def __init__(  # noqa: PLR0913 - its parts, by name
        self,
        server: "Transfers",
        client: Client,
        request: ReadRequest,
        reply: Reply,
        *,
        transfer: Transfer,
        blocks: Blocks,
        endpoint: Endpoint,
    ) -> None:
        """Put the parts together; `start` sends the first packet."""
        self._server = server
        self._clock = server.loop.clock
        self._blocks = blocks
        self._open_ended = blocks.last is None
        self._packets = packets_of(blocks, transfer.terms, endpoint)
        self._endpoint = endpoint
        self._receive = endpoint.socket.recv
        self._confirmed = False
        self._waits_for_room = False
        self._watched_s = 0.0
        self.client = client
        self.request = request
        self.message = request.message
        self.reply = reply
        self.transfer = transfer
        self.began_s = self._clock.now_s
        self.first_byte_s: float | None = None
        self.sent_bytes = self.counted_bytes = 0
        self.tick = 0

    def listen(self) -> None:
        """Begin to listen to the client.

        Raises:
            OSError: epoll_ctl(2) has refused: no memory, or the user's share of it is used up.
        """
        self._server.loop.add(self._endpoint.socket.fileno(), READ, self._on_ready)

    def start(self) -> None:
        """Send the client the first packet."""
        self.greet()
        self.first_byte_s = self._clock.exact_s()

    def answers(self, request: ReadRequest) -> bool:
        """Say whether a request is the one that this answers, sent once more."""
        mine = self.request
        return (mine.message.name, mine.mode, mine.options) == (
            request.message.name,
            request.mode,
            request.options,
        )

    def greet(self) -> None:
        """Send the first packet: the request has come, maybe not for the first time."""
        self._do(self.transfer.greet(self._clock.now_s))

    def on_drain(self, wait_s: float) -> None:
        """Wait no longer than that for the client's first answer: the worker is going."""
        self.transfer.hurry(self._clock.now_s + wait_s)
        self._watch()

    def cut_off(self) -> None:
        """End it before its time, since the server goes. Who has not answered is sent no more."""
        if self.transfer.confirmed:
            self._break_off("drain", _STOPPING)
        else:
            self.end("drain")

    def end(self, how: str) -> None:
        """End it; `how` is for metrics and log."""
        self._server.loop.timers.forget(self)
        self._server.loop.remove(self._endpoint.socket.fileno())
        self._endpoint.socket.close()
        self._server.ended(self, how)

    def on_wake(self) -> None:
        """Send again what no ACK has come for, or give up, if it is time."""
        self._server.ledger.progressed(self)
        self._do(self.transfer.wake(self._clock.now_s))

    def _on_ready(self, mask: int) -> None:
        try:
            packet = self._receive(_PACKET_BYTES)
        except BlockingIOError:
            if mask & WRITE:
                self._wait_for_room(False)
                self._do(self.transfer.has_room(self._clock.now_s))
            return
        except OSError:  # ECONNREFUSED, or another ICMP error: nobody is there
            self._take_leave()
            return
        self._do(self.transfer.receive(packet, self._clock.now_s))

    def _do(self, action: Action) -> None:
        transfer = self.transfer
        if transfer.confirmed and not self._confirmed:
            self._confirm()
        try:
            if isinstance(action, Window):
                self._send_blocks(action)
            elif action is not None:
                self._send(action)
        except ConnectionRefusedError:
            self._take_leave()
        except Truncated:
            self._break_off("truncated", _TRUNCATED)
        except Exception:  # noqa: BLE001 - a broken disk, or a bug, must not cost the others
            client = show_client(self.client[0])
            self._server.limited.exception("transfer_failed", client=client)
            self._break_off("error", _BROKEN)
        else:
            if transfer.end is not None:
                self.end(transfer.end)
            elif not self.tick or transfer.wake_s < self._watched_s:
                self._watch()

    def _watch(self) -> None:
        self._watched_s = self.transfer.wake_s
        self._server.loop.timers.watch(self, self._watched_s)

    def _confirm(self) -> None:
        self._confirmed = True
        self._server.confirmed(self)

    def _send(self, packet: bytes) -> None:
        if self._endpoint.send(packet):
            self.sent_bytes += len(packet)
            self._server.count_packet(packet)

    def _send_blocks(self, window: Window) -> None:
        sent_bytes, unsent = self._packets.send(window)
        self.sent_bytes += sent_bytes
        if unsent is not None:
            self.transfer.held_back(unsent.first)
        if self._waits_for_room or unsent is not None:
            self._wait_for_room(unsent is not None)
        if self._open_ended and self._blocks.last is not None:
            self._open_ended = False
            self.transfer.ends_with(self._blocks.last)

    def _wait_for_room(self, waits: bool) -> None:  # noqa: FBT001 - the only thing to say
        """Hear of it, or not any more, when the socket has room."""
        if waits != self._waits_for_room:
            events = READ | WRITE if waits else READ
            self._server.loop.modify(self._endpoint.socket.fileno(), events)
        self._waits_for_room = waits

    def _take_leave(self) -> None:
        """End it, since nobody is there any more.

        The kernel tells that before it hands out what is queued, and the last ACK may be in there:
        many clients close their socket with it, while something is on its way to them.
        """
        transfer = self.transfer
        for _ in range(_LAST_PACKETS):
            try:
                packet = self._receive(_PACKET_BYTES)
            except OSError:  # no more of them
                break
            transfer.receive(packet, self._clock.now_s)
            if transfer.end is not None:
                break
        if transfer.confirmed and not self._confirmed:
            self._confirm()
        self.end(transfer.end or self._gone())

    def _gone(self) -> str:
        return End.PEER if self.transfer.confirmed else End.UNANSWERED

    def _break_off(self, how: str, packet: bytes) -> None:
        """End it with an ERROR packet: RFC 1350 §7."""
        try:
            self._send(packet)
        except ConnectionRefusedError:
            how = self._gone()
        self.end(how)
