"""All TFTP transfers of a worker: who gets one, and what becomes of them.

A request that comes a second time, from the same address and port, gets the first reply again while
nothing of it was confirmed. After that it may be a client that has restarted, or a packet that the
network had doubled: a new transfer is offered, and the client decides. If it takes the new one, the
old one ends; if it refuses it, the old one goes on as if nothing had been.
"""

import errno
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

from filed.log.limited import Limited
from filed.log.text import show_client
from filed.metrics import catalogue
from filed.metrics.layout import Histogram
from filed.protocols.tftp.options import Offer, Terms, negotiate
from filed.protocols.tftp.packets import HEADER, Mode, Opcode, ReadRequest
from filed.protocols.tftp.patience import Patience
from filed.protocols.tftp.transfer import End, Transfer
from filed.settings import Settings
from filed.settings.report import assigned
from filed.site.reply import Reply
from filed.transport.ledger import Ledger
from filed.transport.local_address import LocalAddress
from filed.transport.loop import Loop
from filed.transport.rate import Rate
from filed.transport.tftp.blocks import blocks_of
from filed.transport.tftp.download import Download
from filed.transport.tftp.endpoint import Client, Endpoint

_log = structlog.get_logger()

_SHORT_OF: Final = {
    errno.EMFILE: "descriptors",
    errno.ENFILE: "descriptors",
    errno.ENOBUFS: "descriptors",
    errno.ENOMEM: "descriptors",
    errno.ENOSPC: "descriptors",  # the user's share of epoll's memory (epoll(7))
    errno.EADDRINUSE: "ports",
    errno.EAGAIN: "ports",  # of those that the kernel may choose (ip_local_port_range of ip(7))
}


class NoRoom(Exception):
    """A request that is dropped; its argument is the reason, as the metric names it."""


class Transfers:
    """The transfers under way.

    Attributes:
        loop, ledger, limited: what a transfer works with.
    """

    def __init__(  # noqa: PLR0913 - what a worker's transport works with
        self,
        settings: Settings,
        row: memoryview,
        *,
        loop: Loop,
        ledger: Ledger,
        limited: Limited,
        rate: Rate,
        max_descriptors: int,
        left: Callable[[], None],
    ) -> None:
        """Begin with none.

        Args:
            settings: how many there may be, and what clients may ask for.
            row: this process's own of the table.
            loop: the worker's.
            ledger: the worker's.
            limited: the worker's.
            rate: how many first packets an address may have.
            max_descriptors: how many of the process's the sockets of transfers may take.
            left: called after each transfer that has ended.
        """
        self.loop = loop
        self.ledger = ledger
        self.limited = limited
        self._row = row
        self._rate = rate
        self._left = left
        self._tftp = tftp = settings.tftp
        self._offer = Offer(frozenset(tftp.options), tftp.max_blksize, tftp.max_windowsize)
        self._unanswered_s = tftp.timeout * (tftp.retries + 1)
        self._under_way: set[Download] = set()
        self._unconfirmed: dict[Download, None] = {}  # of these the oldest first
        self._by_client: dict[Client, list[Download]] = {}  # of each the oldest first
        self._per_address: Counter[str] = Counter()
        self._bitten = {
            "full": assigned("tftp.max_transfers", settings)
            if tftp.max_transfers <= max_descriptors
            else "RLIMIT_NOFILE",
            "per_client": assigned("tftp.per_client", settings),
            "descriptors": "RLIMIT_NOFILE",
            "ports": assigned("tftp.ports", settings),
        }
        self._most = min(tftp.max_transfers, max_descriptors)
        self._active = catalogue.TFTP_TRANSFERS.slot()

    def __len__(self) -> int:
        return len(self._under_way)

    def begin(
        self, request: ReadRequest, reply: Reply, ours: LocalAddress | None, client: Client
    ) -> None:
        """Begin a transfer, or send its first packet again where the request has come before.

        Args:
            request: what was asked.
            reply: the file.
            ours: the address that was asked.
            client: who has asked.

        Raises:
            NoRoom: there are too many already.
        """
        if self._greet_again(request, client):
            return
        self._make_room(client)
        endpoint = self._endpoint(ours, client)
        download = self._download(request, reply, client, endpoint)
        try:
            download.listen()
        except OSError as error:
            endpoint.socket.close()
            raise self._unreachable(error, client) from error
        self._enter(download)
        download.start()

    def _endpoint(self, ours: LocalAddress | None, client: Client) -> Endpoint:
        try:
            return Endpoint(ours, client, self._tftp.ports)
        except OSError as error:
            if error.errno not in _SHORT_OF or not self._unconfirmed:
                raise self._unreachable(error, client) from error
        self._give_way()
        try:
            return Endpoint(ours, client, self._tftp.ports)
        except OSError as error:
            raise self._unreachable(error, client) from error

    def _download(
        self, request: ReadRequest, reply: Reply, client: Client, endpoint: Endpoint
    ) -> Download:
        terms = self._negotiate(request, reply, endpoint)
        blocks = blocks_of(reply, request.mode, terms.blksize, terms.windowsize)
        transfer = Transfer(
            terms,
            Patience(self._tftp.timeout, self._tftp.retries, terms.timeout_s),
            last=blocks.last,
            unanswered_s=self._unanswered_s,
        )
        return Download(
            self, client, request, reply, transfer=transfer, blocks=blocks, endpoint=endpoint
        )

    def confirmed(self, download: Download) -> None:
        """Take note that a client has taken a transfer."""
        self._unconfirmed.pop(download)
        self._rate.give_back(download.client[0])
        all_of_client = self._by_client[download.client]
        for former in all_of_client[: all_of_client.index(download)]:
            former.end(End.PEER if former.transfer.confirmed else End.DOUBLED)
        terms = download.transfer.terms
        self._observe(catalogue.TFTP_BLKSIZE, terms.blksize)
        self._observe(catalogue.TFTP_WINDOWSIZE, terms.windowsize)

    def ended(self, download: Download, how: str) -> None:
        """Take note that a transfer has ended, and how."""
        self._leave(download)
        transfer, row = download.transfer, self._row
        if how == End.DECLINED:
            self._rate.give_back(download.client[0])  # it has answered from its address
        row[catalogue.TFTP_RETRANSMITS.slot()] += transfer.resent
        row[catalogue.DATAGRAMS_DROPPED.slot("stray")] += transfer.ignored
        self.ledger.progressed(download)
        if how != End.DOUBLED:
            row[catalogue.TFTP_TRANSFERS_ENDED.slot(how)] += 1
            self.ledger.finished(download.client, download, how, _details(download))
        self._left()

    def on_drain(self, wait_s: float) -> None:
        """Wait no longer than that for who has not answered yet: the worker is going."""
        self._unanswered_s = min(self._unanswered_s, wait_s)
        for download in self._under_way:
            download.on_drain(wait_s)

    def cut_off(self) -> None:
        """End them all before their time."""
        for download in list(self._under_way):
            download.cut_off()

    def count_packet(self, packet: bytes) -> None:
        """Take note of a packet that has left and is not DATA."""
        if packet[1] == Opcode.ERROR:
            code = HEADER.unpack_from(packet)[1]
            self._row[catalogue.TFTP_ERRORS.slot(str(code))] += 1

    def _greet_again(self, request: ReadRequest, client: Client) -> bool:
        for download in self._by_client.get(client, ()):
            if not download.transfer.confirmed and download.answers(request):
                download.greet()
                return True
        return False

    def _make_room(self, client: Client) -> None:
        most = self._tftp.per_client
        if most and self._per_address[client[0]] >= most:
            raise self._bites("per_client", client)
        if len(self._under_way) < self._most:
            return
        if not self._unconfirmed:
            raise self._bites("full", client)
        self._give_way()

    def _give_way(self) -> None:
        """End who has waited longest to be confirmed.

        Forged requests must not keep others out for as long as an answer is waited for.
        """
        next(iter(self._unconfirmed)).end(End.UNANSWERED)

    def _bites(self, reason: str, client: Client) -> NoRoom:
        self.limited.warning(
            "tftp_requests_dropped",
            setting=self._bitten[reason],
            meaning="requests beyond that were dropped; clients ask again",
            client=show_client(client[0]),
        )
        return NoRoom(reason)

    def _unreachable(self, error: OSError, client: Client) -> NoRoom:
        if error.errno in _SHORT_OF:
            return self._bites(_SHORT_OF[error.errno], client)
        _log.debug("client_unreachable", client=show_client(client[0]), error=str(error))
        return NoRoom("unreachable")

    def _negotiate(self, request: ReadRequest, reply: Reply, endpoint: Endpoint) -> Terms:
        if not request.options:
            return Terms()
        return negotiate(
            request.options,
            self._offer,
            size_bytes=reply.size_bytes if request.mode is Mode.OCTET else None,
            largest_blksize=endpoint.largest_blksize(),
        )

    def _enter(self, download: Download) -> None:
        client = download.client
        self._by_client.setdefault(client, []).append(download)
        self._under_way.add(download)
        self._unconfirmed[download] = None
        self._per_address[client[0]] += 1
        self._row[self._active] += 1

    def _leave(self, download: Download) -> None:
        client = download.client
        self._by_client[client].remove(download)
        if not self._by_client[client]:
            del self._by_client[client]
        self._under_way.discard(download)
        if download in self._unconfirmed:
            del self._unconfirmed[download]
        self._per_address[client[0]] -= 1
        if not self._per_address[client[0]]:
            del self._per_address[client[0]]
        self._row[self._active] -= 1

    def _observe(self, histogram: Histogram, value: int) -> None:
        self._row[histogram.bucket_slots()[bisect_left(histogram.bounds, value)]] += 1
        self._row[histogram.sum_slot()] += value


def _details(download: Download) -> dict[str, str | int]:
    transfer = download.transfer
    return {
        "mode": download.request.mode,
        "blksize": transfer.terms.blksize,
        "windowsize": transfer.terms.windowsize,
        "retransmits": transfer.resent,
    }
