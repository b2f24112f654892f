"""From a request to its reply: the only room that knows both protocols and files."""

from filed.clock import Clock
from filed.files.cache import Cache
from filed.files.tree import Tree
from filed.protocols.messages import Message, Protocol, Refusal
from filed.settings import Settings
from filed.site.bare import PlainSite, QuerySite
from filed.site.http import HttpSite
from filed.site.http.listings import Threads
from filed.site.later import Later
from filed.site.lookup import Lookup
from filed.site.reply import Reply
from filed.site.tftp import TftpSite


class Site:
    """What this server has to say, whatever the protocol.

    Attributes:
        closing: connections are to end with their next reply: the worker is going.
    """

    def __init__(
        self, settings: Settings, tree: Tree, cache: Cache, clock: Clock, threads: Threads
    ) -> None:
        """Make the answers of each protocol over one tree and one cache.

        Args:
            settings: what is served, and how.
            tree: where it lies.
            cache: of the same tree.
            clock: the loop's.
            threads: make what takes long.
        """
        lookup = Lookup(cache, hidden=settings.files.hidden)
        self._http = HttpSite(settings, tree, lookup, clock, threads)
        self._plain = PlainSite(lookup, enabled=settings.plain.enabled)
        self._query = QuerySite(lookup)
        self._tftp = TftpSite(lookup, enabled=settings.tftp.enabled)
        self.closing = False

    def answer(self, message: Message) -> Reply | Later:
        """Turn what came over a connection into what is to be sent."""
        if message.protocol is Protocol.PLAIN:
            return self._plain.answer(message)
        if isinstance(message, Refusal):
            return self._http.refuse(message, closing=self.closing)
        return self._http.answer(message, closing=self.closing)

    def finish(self, later: Later) -> Reply:
        """Turn what took longer into what is to be sent, once it is there."""
        return self._http.finish(later, closing=self.closing)

    def give_up(self, later: Later) -> Reply:
        """Answer that the answer takes too long; the connection ends with it."""
        return self._http.give_up(later)

    def sweep(self) -> None:
        """Forget what has had its time. Once a second is often enough."""
        self._http.sweep()

    def tell(self, message: Message) -> Reply:
        """Answer a query, which came in a datagram."""
        return self._query.answer(message)

    def fetch(self, message: Message) -> Reply:
        """Find the file for a TFTP transfer; where the status is not 200 there will be none."""
        return self._tftp.answer(message)
