"""HTTP's answers: what a request comes to, given the tree."""

import dataclasses
from typing import Final
from urllib.parse import quote_from_bytes

from filed.clock import Clock
from filed.files import errors, listing
from filed.files.cache import Cache, CachedFile
from filed.files.media_types import media_type
from filed.files.names import Name
from filed.files.tree import Tree
from filed.metrics import catalogue
from filed.protocols.http import conditions, heads, pages, ranges
from filed.protocols.http.conditions import Verdict
from filed.protocols.http.dates import format_date
from filed.protocols.http.heads import Field
from filed.protocols.http.validators import etag, last_modified
from filed.protocols.messages import Conditions, Message, Refusal, Request
from filed.settings import Settings
from filed.site.lookup import Lookup
from filed.site.outcomes import status_of
from filed.site.reply import Reply, Segment, slice_of

# What a client is told of each status that an error of the tree comes to.
_WORDS: Final = {
    400: "The path holds a byte that no file's name can have.",
    403: "The server is not allowed to read this file.",
    404: "There is no such file here.",
    500: "The server could not read this file.",
    503: "The server is short of resources. Ask again in a second.",
}
_METHOD_LABELS: Final = {b"GET": "GET", b"HEAD": "HEAD"}
_NOSNIFF: Final = (b"X-Content-Type-Options", b"nosniff")
_TEXT: Final = b"text/plain; charset=utf-8"
_HTML: Final = b"text/html; charset=utf-8"

# How many replies are kept with a file. Clients choose how many variants there are.
_KEPT_REPLIES: Final = 8
# What a kept reply takes beside its bytes, about.
_REPLY_OVERHEAD_BYTES: Final = 200
_NO_CONDITIONS: Final = Conditions()


class LongWork(Exception):
    """The answer would hold up the others, once too often in this turn."""


class HttpSite:
    """Answers HTTP requests from a tree."""

    def __init__(
        self, settings: Settings, tree: Tree, cache: Cache, lookup: Lookup, clock: Clock
    ) -> None:
        """Take what matters here of the settings."""
        self._tree = tree
        self._cache = cache
        self._clock = clock
        self._lookup = lookup
        self._hidden = settings.files.hidden
        self._options = settings.http
        self._index = [b"/" + name.encode() for name in settings.http.index]
        self._server: tuple[Field, ...] = ()
        if settings.http.server_header:
            self._server = ((b"Server", b"filed"),)
        self._second = -1
        self._listed_turn = 0
        self._date = b""

    def answer(self, request: Request, *, closing: bool) -> Reply:
        """Answer a request.

        Args:
            request: as `protocols.http.syntax` read it.
            closing: the connection is to end even if the client would go on.

        Raises:
            LongWork: a directory was listed in this turn already.
        """
        self._begin()
        if closing:
            request = dataclasses.replace(request, close=True, variant=None)
        if not self._options.enabled:
            return self._message(request, 403, "HTTP is switched off on this server.", close=True)
        if request.method == b"OPTIONS":
            return self._reply(request, 204, (heads.ALLOW,))
        try:
            return self._from_tree(request)
        except errors.FileError as error:
            return self._failed(request, error)

    def refuse(self, refusal: Refusal, *, closing: bool) -> Reply:
        """Answer what asks for no file. `closing` as in `answer`."""
        self._begin()
        fields = (heads.ALLOW,) if refusal.status == 405 else ()
        return self._message(refusal, refusal.status, refusal.reason, *fields, close=closing)

    def _begin(self) -> None:
        second = int(self._clock.wall_s)
        if second != self._second:
            self._second = second
            self._date = format_date(second)

    def _from_tree(self, request: Request) -> Reply:
        name = self._lookup.name(request.name)
        try:
            file = self._lookup.file(name)
        except errors.IsDirectory:
            return self._directory(request, name)
        return self._file(request, file)

    def _file(self, request: Request, file: CachedFile) -> Reply:
        if file.epoch != self._second:  # the Date in what was built has passed
            self._cache.rebuild(file, self._second)
        reply: Reply | None = file.built.get(request.variant)
        if reply is None:
            reply = self._build(request, file)
            if request.variant is not None and len(file.built) < _KEPT_REPLIES:
                size_bytes = len(reply.start) + _REPLY_OVERHEAD_BYTES
                self._cache.keep(file, request.variant, reply, size_bytes)
        return reply

    def _build(self, request: Request, file: CachedFile) -> Reply:
        mtime_ns, size = file.version.mtime_ns, file.version.size_bytes
        tag = etag(mtime_ns, size)
        modified = last_modified(mtime_ns)
        mtime_s = file.version.mtime_s if modified is not None else None
        fields: list[Field] = []
        if modified is not None:  # never after Date (RFC 9110 §8.8.2.1)
            future = file.version.mtime_s > self._second
            fields.append((b"Last-Modified", self._date if future else modified))
        if tag is not None:
            fields.append((b"ETag", tag))
        asked = request.conditions or _NO_CONDITIONS
        now_s = self._second
        match conditions.evaluate(
            asked, method=request.method, etag=tag, mtime_s=mtime_s, now_s=now_s
        ):
            case Verdict.NOT_MODIFIED:
                return self._reply(request, 304, fields)
            case Verdict.FAILED:
                return self._message(request, 412, "The file is not as the request requires.")
        fields += ((b"Accept-Ranges", b"bytes"), _NOSNIFF, (b"Content-Type", media_type(file.path)))
        if asked.range is not None and conditions.range_applies(
            asked, etag=tag, mtime_s=mtime_s, now_s=now_s
        ):
            return self._range(request, file, asked.range, fields)
        return self._body(request, 200, fields, slice_of(file, 0, size))

    def _range(
        self, request: Request, file: CachedFile, value: bytes, fields: list[Field]
    ) -> Reply:
        size = file.version.size_bytes
        try:
            span = ranges.select(value, size)
        except ranges.Unsatisfiable:
            total = (b"Content-Range", b"bytes */%d" % size)
            return self._message(request, 416, f"The file has {size} bytes.", total)
        if span is None:
            return self._body(request, 200, fields, slice_of(file, 0, size))
        last = span.offset + span.count - 1
        fields.append((b"Content-Range", b"bytes %d-%d/%d" % (span.offset, last, size)))
        return self._body(request, 206, fields, slice_of(file, span.offset, span.count))

    def _directory(self, request: Request, name: Name) -> Reply:
        if not name.directory:
            return self._redirect(request, name.path + b"/")
        for index in self._index:
            try:
                file = self._cache.find((name.path + index).lstrip(b"/"))
            except (errors.NotFound, errors.IsDirectory):
                continue
            return self._file(request, file)
        if not self._options.listing:
            raise errors.NotFound("listings are off")
        if self._listed_turn == self._clock.turn:
            raise LongWork
        self._listed_turn = self._clock.turn
        found = listing.read(self._tree, name.path, hidden=self._hidden)
        page = pages.listing(name.path, found.entries, cut=found.cut)
        return self._body(request, 200, [_NOSNIFF, (b"Content-Type", _HTML)], page)

    def _redirect(self, request: Request, path: bytes) -> Reply:
        # Rebuilt from the normalised name with one leading slash, so it cannot name another host.
        location = "/" + quote_from_bytes(path)
        if request.query:
            location += "?" + quote_from_bytes(request.query, safe="!$&'()*+,;=:@/?%[]")
        field = (b"Location", location.encode())
        return self._message(request, 301, "This is a directory; its name ends in a slash.", field)

    def _failed(self, request: Request, error: errors.FileError) -> Reply:
        status = status_of(error)
        fields = ((b"Retry-After", b"1"),) if status == 503 else ()
        return self._message(request, status, _WORDS[status], *fields, close=status == 400)

    def _message(
        self,
        request: Message,
        status: int,
        words: str,
        *fields: Field,
        close: bool = False,
    ) -> Reply:
        body = f"{status} {heads.phrase(status)}: {words}\n".encode()
        described = [*fields, _NOSNIFF, (b"Content-Type", _TEXT)]
        return self._body(request, status, described, body, close=close)

    def _body(
        self,
        request: Message,
        status: int,
        fields: list[Field],
        body: Segment,
        *,
        close: bool = False,
    ) -> Reply:
        length = len(body) if isinstance(body, bytes) else body.count
        described = [*fields, (b"Content-Length", b"%d" % length)]
        if request.method == b"HEAD":
            return self._reply(request, status, described, close=close)
        return self._reply(request, status, described, body, close=close)

    def _reply(
        self,
        request: Message,
        status: int,
        fields: list[Field] | tuple[Field, ...],
        *segments: Segment,
        close: bool = False,
    ) -> Reply:
        close = close or request.close
        described = (*self._server, (b"Date", self._date), *fields)
        head = heads.render(status, described, close=close, old=request.old)
        method = _METHOD_LABELS.get(request.method, "other")
        counter = catalogue.REQUESTS.slot("http", method, str(status))
        return Reply(status, head, *segments, counter=counter, close=close)
