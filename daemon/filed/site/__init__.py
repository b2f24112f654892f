"""From a request to its reply: the only room that knows both protocols and files."""

from filed.clock import Clock
from filed.files.cache import Cache
from filed.files.tree import Tree
from filed.protocols.messages import Message, Protocol, Refusal
from filed.settings import Settings
from filed.site.bare import PlainSite, QuerySite
from filed.site.http import HttpSite, LongWork
from filed.site.lookup import Lookup
from filed.site.reply import Reply


class Site:
    """What this server has to say, whatever the protocol.

    Attributes:
        closing: connections are to end with their next reply: the worker is going.
    """

    def __init__(self, settings: Settings, tree: Tree, cache: Cache, clock: Clock) -> None:
        """Make the answers of each protocol over one tree and one cache."""
        lookup = Lookup(cache, hidden=settings.files.hidden)
        self._http = HttpSite(settings, tree, cache, lookup, clock)
        self._plain = PlainSite(lookup, enabled=settings.plain.enabled)
        self._query = QuerySite(lookup)
        self.closing = False

    def answer(self, message: Message) -> Reply | None:
        """Turn what came over a connection into what is to be sent.

        Returns:
            None where the answer is long work and this turn has had its share of that: ask again in
            another turn. Never for a refusal.
        """
        if message.protocol is Protocol.PLAIN:
            return self._plain.answer(message)
        if isinstance(message, Refusal):
            return self._http.refuse(message, closing=self.closing)
        try:
            return self._http.answer(message, closing=self.closing)
        except LongWork:
            return None

    def tell(self, message: Message) -> Reply:
        """Answer a query, which came in a datagram."""
        return self._query.answer(message)
