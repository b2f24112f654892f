"""The UDP sockets of a worker that take requests: queries are answered, TFTP transfers begun.

One socket is shared by all workers; whoever wakes first takes the datagram. An answer leaves from
the address that was asked, which on a host with several is not what the kernel would choose. And
it must never become a weapon: a query's is about as long as the question, a TFTP client gets one
packet until it has answered from its address, nothing that could itself be an answer is answered,
so two servers cannot be made to talk to each other, and each source address gets only so many a
second.
"""

import errno
import socket
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

import structlog

from filed.log.limited import Limited
from filed.log.text import show_client
from filed.metrics import catalogue
from filed.protocols import query
from filed.protocols.tftp import packets
from filed.protocols.tftp.packets import ReadRequest
from filed.settings import Settings
from filed.site import Site
from filed.transport.ledger import Ledger
from filed.transport.local_address import (
    ANCILLARY_BYTES,
    Ancillary,
    Broadcast,
    LocalAddress,
    asked_at,
)
from filed.transport.loop import SHARED, Loop
from filed.transport.rate import Rate
from filed.transport.tftp.endpoint import Client
from filed.transport.tftp.transfers import NoRoom, Transfers

_log = structlog.get_logger()

# More than any name we would take. A longer datagram is cut by the kernel, and says so.
_DATAGRAM_BYTES: Final = 4096
_DATAGRAMS_A_TURN: Final = 64
# More than a socket's queue holds (`listeners.set_options`).
_QUEUED: Final = 8192

# Bytes, control messages, flags, sender: what recvmsg(2) gives.
_Datagram = tuple[bytes, Ancillary, int, Client]


class _NoReply(Exception):
    """A datagram that is dropped; its argument is the reason, as the metric names it."""


class Datagrams:
    """Answers what arrives on the UDP sockets."""

    def __init__(  # noqa: PLR0913 - what a worker's transport works with
        self,
        settings: Settings,
        row: memoryview,
        *,
        loop: Loop,
        site: Site,
        ledger: Ledger,
        limited: Limited,
        rate: Rate,
        transfers: Transfers,
        sockets: Iterable[socket.socket],
    ) -> None:
        """Take the sockets, which must not block."""
        self._loop = loop
        self._limited = limited
        self._site = site
        self._ledger = ledger
        self._row = row
        self._queries = settings.query.enabled
        self._rate = rate
        self._transfers = transfers
        self._sockets = list(sockets)
        self._open: list[socket.socket] = []
        self._ready: list[socket.socket] = []
        self._ports = {sock.getsockname()[1] for sock in self._sockets}

    @property
    def is_open(self) -> bool:
        """Whether there may be requests that nobody has looked at."""
        return bool(self._open)

    def open(self) -> None:
        """Begin to answer."""
        self._open = self._sockets
        for sock in self._open:
            self._loop.add(sock.fileno(), SHARED, partial(self._on_readable, sock))

    def shut(self) -> None:
        """Answer what is queued already, and leave to others what comes then.

        It is done at the end of the turn, since transfers may begin.
        """
        self._loop.at_end(self._answer_queued)

    def look(self) -> None:
        """Answer what is queued though nobody was woken for it, as `Acceptor.look` does."""
        for sock in self._open:
            self._on_readable(sock, 0)

    def _answer_queued(self) -> None:
        for sock in self._open:
            for _ in range(_QUEUED // _DATAGRAMS_A_TURN):
                if not self._take(sock):
                    break
            self._loop.remove(sock.fileno())
            sock.close()
        self._open = []

    def _on_readable(self, sock: socket.socket, _mask: int) -> None:
        if not self._ready:
            self._loop.at_end(self._take_ready)
        self._ready.append(sock)

    def _take_ready(self) -> None:
        ready, self._ready = self._ready, []
        for sock in ready:
            if sock in self._open:
                self._take(sock)

    def _take(self, sock: socket.socket) -> bool:
        """Answer a turn's share of what is queued; say whether there was anything."""
        arrived = list(self._receive(sock))
        # Some may have been sent after a file was looked at in this turn, by who has changed it.
        self._loop.clock.forget()
        for data, ancillary, flags, client in arrived:
            try:
                if flags & socket.MSG_TRUNC:
                    raise _NoReply("truncated")  # noqa: TRY301 - one place counts all reasons
                self._answer(sock, data, ancillary, client)
            except Broadcast:
                self._row[catalogue.DATAGRAMS_DROPPED.slot("broadcast")] += 1
            except (_NoReply, NoRoom) as dropped:
                self._row[catalogue.DATAGRAMS_DROPPED.slot(str(dropped))] += 1
            except Exception:  # noqa: BLE001 - a bug met by one client must not cost the others
                self._limited.exception("datagram_failed", client=show_client(client[0]))
        return bool(arrived)

    def _receive(self, sock: socket.socket) -> Iterator[_Datagram]:
        for _ in range(_DATAGRAMS_A_TURN):
            try:
                yield sock.recvmsg(_DATAGRAM_BYTES, ANCILLARY_BYTES)
            except BlockingIOError:
                return
            except OSError as error:  # an ICMP error for something sent earlier (udp(7))
                _log.debug("datagram_error", error=str(error))

    def _answer(
        self, sock: socket.socket, data: bytes, ancillary: Ancillary, client: Client
    ) -> None:
        if client[1] == 0 or client[1] in self._ports:
            raise _NoReply("source_port")
        ours = asked_at(ancillary)
        if packets.is_tftp(data):
            self._answer_tftp(sock, data, ours, client)
        else:
            self._answer_query(sock, data, ours, client)

    def _answer_query(
        self, sock: socket.socket, data: bytes, ours: LocalAddress | None, client: Client
    ) -> None:
        if not self._queries:
            raise _NoReply("disabled")
        message = query.read(data)
        if message is None:
            raise _NoReply("looks_like_answer")
        self._keep_to_rate(client)
        reply = self._site.tell(message)
        _send(sock, reply.start, ours, client)
        self._ledger.answered_at_once(client, message, reply)

    def _answer_tftp(
        self, sock: socket.socket, data: bytes, ours: LocalAddress | None, client: Client
    ) -> None:
        request = packets.read(data)
        if request is None:
            raise _NoReply("stray")
        self._keep_to_rate(client)
        message = request.message if isinstance(request, ReadRequest) else request
        reply = self._site.fetch(message)
        if isinstance(request, ReadRequest) and reply.status == 200:
            self._transfers.begin(request, reply, ours, client)
            return
        _send(sock, reply.start, ours, client)
        self._transfers.count_packet(reply.start)
        self._ledger.answered_at_once(client, message, reply)

    def _keep_to_rate(self, client: Client) -> None:
        if not self._rate.allows(client[0]):
            raise _NoReply("rate")


def _send(sock: socket.socket, data: bytes, ours: LocalAddress | None, client: Client) -> None:
    try:
        sock.sendmsg([data], ours.control if ours is not None else [], 0, client)
    except OSError as error:
        # No route, a firewall, a full queue: as good as lost on the way. The client asks again.
        if error.errno != errno.EAGAIN:
            _log.debug("datagram_not_sent", client=client[0], error=str(error))
