"""The UDP sockets of a worker: a name in, one line about the file out.

One socket is shared by all workers; whoever wakes first takes the datagram. An answer leaves from
the address that was asked, which on a host with several is not what the kernel would choose. And
it must never become a weapon: it is about as long as the question, nothing that could itself be an
answer is answered, so two servers cannot be made to talk to each other, and each source address
gets only so many a second.
"""

import errno
import ipaddress
import socket
import struct
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Final

import structlog

from filed.clock import Clock
from filed.log.limited import Limited
from filed.log.text import show_client
from filed.metrics import catalogue
from filed.protocols import query, tftp
from filed.protocols.messages import Protocol
from filed.settings import Settings
from filed.settings.report import assigned
from filed.site import Site
from filed.transport.ledger import Ledger
from filed.transport.loop import SHARED, Loop

_log = structlog.get_logger()

IP_PKTINFO: Final = 8  # linux/in.h; Python's socket module has it from 3.14 on
_V4_INFO: Final = struct.Struct("=i4s4s")  # in_pktinfo: interface, our address, their destination
_V6_INFO: Final = struct.Struct("=16si")  # in6_pktinfo: their destination, interface
_V6_MULTICAST: Final = 0xFF
_V6_LINK_LOCAL: Final = ipaddress.IPv6Network("fe80::/10")
_ANCILLARY_BYTES: Final = socket.CMSG_SPACE(_V4_INFO.size) + socket.CMSG_SPACE(_V6_INFO.size)

# More than any name we would take. A longer datagram is cut by the kernel, and says so.
_DATAGRAM_BYTES: Final = 4096
_DATAGRAMS_A_TURN: Final = 64
# More than a socket's queue holds (net.core.rmem_default).
_QUEUED: Final = 1024
# How many source addresses are told apart within a second; forged ones must not fill memory.
_SOURCES_A_SECOND: Final = 65536

Ancillary = list[tuple[int, int, bytes]]
"""Control messages (cmsg(3)): level, type, data."""


Source = tuple[str, int]


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
        sockets: Iterable[socket.socket],
    ) -> None:
        """Take the sockets, which must not block."""
        self._loop = loop
        self._clock: Clock = loop.clock
        self._limited = limited
        self._site = site
        self._ledger = ledger
        self._row = row
        self._queries = settings.query.enabled
        self._rate = settings.limits.udp_rate
        self._rate_written = assigned("limits.udp_rate", settings)
        self._answered: Counter[str] = Counter()
        self._second = 0
        self._sockets = list(sockets)
        self._open: list[socket.socket] = []
        self._ports = {sock.getsockname()[1] for sock in self._sockets}

    def open(self) -> None:
        """Begin to answer."""
        self._open = self._sockets
        for sock in self._open:
            self._loop.add(sock.fileno(), SHARED, partial(self._on_readable, sock))

    def shut(self) -> None:
        """Answer what is queued already, and leave to others what comes then."""
        for sock in self._open:
            self._take(sock, _QUEUED)
            self._loop.remove(sock.fileno())
            sock.close()
        self._open = []

    def look(self) -> None:
        """Answer what is queued though nobody was woken for it, as `Acceptor.look` does."""
        for sock in self._open:
            self._on_readable(sock, 0)

    def _on_readable(self, sock: socket.socket, _mask: int) -> None:
        self._take(sock, _DATAGRAMS_A_TURN)

    def _take(self, sock: socket.socket, most: int) -> None:
        for _ in range(most):
            try:
                data, ancillary, flags, source = sock.recvmsg(_DATAGRAM_BYTES, _ANCILLARY_BYTES)
            except BlockingIOError:
                return
            except OSError as error:  # an ICMP error for something sent earlier (udp(7))
                _log.debug("datagram_error", error=str(error))
                continue
            try:
                if flags & socket.MSG_TRUNC:
                    raise _NoReply("truncated")  # noqa: TRY301 - one place counts all reasons
                self._answer(sock, data, ancillary, source)
            except _NoReply as dropped:
                self._row[catalogue.DATAGRAMS_DROPPED.slot(str(dropped))] += 1
            except Exception:  # noqa: BLE001 - a bug met by one client must not cost the others
                self._limited.exception("datagram_failed", client=show_client(source[0]))

    def _answer(
        self, sock: socket.socket, data: bytes, ancillary: Ancillary, source: Source
    ) -> None:
        if source[1] == 0 or source[1] in self._ports:
            raise _NoReply("source_port")
        from_where = _reply_from(ancillary)
        if tftp.is_tftp(data):
            self._answer_tftp(sock, data, from_where, source)
        else:
            self._answer_query(sock, data, from_where, source)

    def _answer_query(
        self, sock: socket.socket, data: bytes, from_where: Ancillary, source: Source
    ) -> None:
        if not self._queries:
            raise _NoReply("disabled")
        message = query.read(data)
        if message is None:
            raise _NoReply("looks_like_answer")
        self._keep_to_rate(source[0])
        reply = self._site.tell(message)
        _send(sock, reply.start, from_where, source)
        self._ledger.answered_query(source, message, reply)

    def _answer_tftp(
        self, sock: socket.socket, data: bytes, from_where: Ancillary, source: Source
    ) -> None:
        packet = tftp.read(data)
        if packet is None:
            raise _NoReply("malformed")
        self._keep_to_rate(source[0])
        _send(sock, packet, from_where, source)
        self._row[catalogue.REQUESTS.slot(Protocol.TFTP, "GET", "403")] += 1
        self._row[catalogue.SENT_BYTES.slot(Protocol.TFTP)] += len(packet)
        self._row[catalogue.TFTP_ERRORS.slot(str(int(tftp.ErrorCode.ACCESS_VIOLATION)))] += 1

    def _keep_to_rate(self, host: str) -> None:
        second = int(self._clock.now_s)
        if second != self._second:
            self._second = second
            self._answered.clear()
        if self._answered[host] >= self._rate or len(self._answered) >= _SOURCES_A_SECOND:
            self._limited.warning(
                "datagrams_dropped",
                setting=self._rate_written,
                meaning="an address was answered no more within that second",
                client=show_client(host),
            )
            raise _NoReply("rate")
        self._answered[host] += 1


def _reply_from(ancillary: Ancillary) -> Ancillary:
    """Say with which control message an answer leaves from the address that was asked."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            _, ours, asked = _V4_INFO.unpack(data[: _V4_INFO.size])
            if asked != ours:  # RFC 1123 §4.2.3.1 of TFTP, and as true here: a broadcast
                raise _NoReply("broadcast")
            return [(level, kind, _V4_INFO.pack(0, ours, bytes(4)))]
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            asked, interface = _V6_INFO.unpack(data[: _V6_INFO.size])
            if asked[0] == _V6_MULTICAST:
                raise _NoReply("broadcast")
            # Only a link-local address is bound to its interface; the rest is for routing.
            if ipaddress.IPv6Address(asked) not in _V6_LINK_LOCAL:
                interface = 0
            return [(level, kind, _V6_INFO.pack(asked, interface))]
    return []


def _send(sock: socket.socket, data: bytes, from_where: Ancillary, target: Source) -> None:
    try:
        sock.sendmsg([data], from_where, 0, target)
    except OSError as error:
        # No route, a firewall, a full queue: as good as lost on the way. The client asks again.
        if error.errno != errno.EAGAIN:
            _log.debug("datagram_not_sent", client=target[0], error=str(error))
