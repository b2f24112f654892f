"""What a request for a file comes to: the file, a part of it, or the news that it is the same."""

import os
from collections.abc import Hashable, Iterator, Sequence
from typing import Final, NamedTuple

from filed.clock import Clock
from filed.files.cache import Cache, CachedFile
from filed.files.media_types import MediaTypes
from filed.files.tree import Tree
from filed.protocols.http import conditions, multipart, ranges
from filed.protocols.http.heads import Field
from filed.protocols.http.ranges import Span
from filed.protocols.http.validators import etag, last_modified
from filed.protocols.messages import Request
from filed.settings import Settings
from filed.site.http.replies import NOSNIFF, VARY_CODING, Replies
from filed.site.http.sidecars import Sidecar, Sidecars
from filed.site.reply import Reply, Segment, slice_of

# How many replies are kept with a file. Clients choose how many variants there are.
_KEPT_REPLIES: Final = 16
_BOUNDARY_BYTES: Final = 16
# What a kept reply takes beside its bytes, about.
_REPLY_OVERHEAD_BYTES: Final = 200
_RANGES: Final = (b"Accept-Ranges", b"bytes")
_FAILED: Final = "The file is not, or no longer, as the request requires."


class _Representation(NamedTuple):
    """What is sent for a file.

    Attributes:
        path: the file's that was asked for, with a leading slash.
        media_type: that file's.
        source: the file whose bytes they are: that one, or a sidecar of it.
        coding: how it is compressed; None where it is the file itself.
        tag, modified: its validators, None where it has none; `modified` as Last-Modified says it.
        mtime_s: the file's own time in seconds since 1970, also where Last-Modified says the
            present in place of a time to come.
        varies: there are others.
    """

    path: bytes
    media_type: bytes
    source: CachedFile
    coding: bytes | None
    tag: bytes | None
    modified: bytes | None
    mtime_s: int | None
    varies: bool


class FileAnswers:
    """Answers requests for files."""

    def __init__(
        self, settings: Settings, tree: Tree, cache: Cache, clock: Clock, replies: Replies
    ) -> None:
        """Take what matters here of the settings."""
        self._cache = cache
        self._replies = replies
        self._media_types = MediaTypes(settings.http.media_types)
        self._sidecars = Sidecars(tree, cache, clock, settings.http.precompressed)

    def answer(self, request: Request, file: CachedFile) -> Reply:
        """Answer a request for a file that was found."""
        self._expire(file)
        reply: Reply | None = file.built.get(request.variant)
        return self._choose(request, file) if reply is None else reply

    def _expire(self, file: CachedFile) -> None:
        if file.epoch != self._replies.second:  # the Date in what was built has passed
            self._cache.rebuild(file, self._replies.second)

    def _choose(self, request: Request, file: CachedFile) -> Reply:
        beside = self._sidecars.beside(file)
        chosen = self._sidecars.choose(request, file, beside)
        if chosen is not None:
            return self._from_sidecar(request, file, *chosen)
        found = self._represent(file, file, None, varies=bool(beside))
        return self._keep(file, request.variant, request, self._build(request, found))

    def _from_sidecar(
        self, request: Request, file: CachedFile, source: CachedFile, sidecar: Sidecar
    ) -> Reply:
        # Kept with the sidecar, so that it goes with it; whoever asks for the sidecar by its own
        # name gets other heads.
        self._expire(source)
        key = request.variant and (request.variant, sidecar.coding)
        reply: Reply | None = source.built.get(key)
        if reply is not None:
            return reply
        found = self._represent(file, source, sidecar, varies=True)
        return self._keep(source, key, request, self._build(request, found))

    def _keep(
        self, source: CachedFile, key: Hashable | None, request: Request, reply: Reply
    ) -> Reply:
        if request.variant is not None and len(source.built) < _KEPT_REPLIES:
            size_bytes = len(reply.start) + _REPLY_OVERHEAD_BYTES
            self._cache.keep(source, key, reply, size_bytes)
        return reply

    def _represent(
        self, file: CachedFile, source: CachedFile, sidecar: Sidecar | None, *, varies: bool
    ) -> _Representation:
        version = source.version
        modified = last_modified(version.mtime_ns)
        if modified is not None and version.mtime_s > self._replies.second:
            modified = self._replies.date  # never after Date (RFC 9110 §8.8.2.1)
        ending = sidecar.ending.encode() if sidecar is not None else b""
        return _Representation(
            path=b"/" + file.path,
            media_type=self._media_types.of(file.path),
            source=source,
            coding=sidecar.coding.encode() if sidecar is not None else None,
            tag=etag(version.mtime_ns, version.size_bytes, ending),
            modified=modified,
            mtime_s=version.mtime_s if modified is not None else None,
            varies=varies,
        )

    def _build(self, request: Request, found: _Representation) -> Reply:
        ruled_out = self._replies.unless(
            request,
            tag=found.tag,
            mtime_s=found.mtime_s,
            validators=_validators(found),
            words=_FAILED,
            path=found.path,
        )
        if ruled_out is not None:
            return ruled_out
        asked = request.conditions
        if asked is None or asked.range is None:
            return self._whole(request, found)
        now_s = self._replies.second
        if conditions.range_applies(asked, etag=found.tag, mtime_s=found.mtime_s, now_s=now_s):
            return self._range(request, found, asked.range)
        return self._whole(request, found)

    def _whole(self, request: Request, found: _Representation) -> Reply:
        size = found.source.version.size_bytes
        body = slice_of(found.source, 0, size)
        return self._replies.content(request, 200, _described(found), body, path=found.path)

    def _range(self, request: Request, found: _Representation, value: bytes) -> Reply:
        size = found.source.version.size_bytes
        try:
            spans = ranges.select(value, size)
        except ranges.Unsatisfiable as error:
            total = (b"Content-Range", b"bytes */%d" % size)
            return self._replies.message(
                request, 416, str(error), total, path=found.path, coded=found.varies
            )
        match spans:
            case (span,):
                return self._part(request, found, span)
            case (_, _, *_) if found.coding is None:
                return self._parts(request, found, spans)
            case _:  # a Content-Encoding would be taken to be that of the multipart body
                return self._whole(request, found)

    def _part(self, request: Request, found: _Representation, span: Span) -> Reply:
        value = ranges.content_range(span, found.source.version.size_bytes)
        fields = [*_described(found), (b"Content-Range", value)]
        body = slice_of(found.source, span.offset, span.count)
        return self._replies.content(request, 206, fields, body, path=found.path)

    def _parts(self, request: Request, found: _Representation, spans: tuple[Span, ...]) -> Reply:
        size = found.source.version.size_bytes
        # No file may hold it, so nobody may know it beforehand.
        boundary = os.urandom(_BOUNDARY_BYTES).hex().encode()
        framing = multipart.frame(spans, size=size, media_type=found.media_type, boundary=boundary)
        if multipart.size_bytes(spans, framing) >= size:  # the whole is less, for both sides
            return self._whole(request, found)
        body = _framed(framing, found.source, spans)
        fields = _described(found, multipart.content_type(boundary))
        return self._replies.content(request, 206, fields, *body, path=found.path)


def _validators(found: _Representation) -> list[Field]:
    fields = []
    if found.modified is not None:
        fields.append((b"Last-Modified", found.modified))
    if found.tag is not None:
        fields.append((b"ETag", found.tag))
    if found.varies:
        fields.append(VARY_CODING)
    return fields


def _described(found: _Representation, media_type: bytes | None = None) -> list[Field]:
    fields = [*_validators(found), _RANGES, NOSNIFF]
    fields.append((b"Content-Type", media_type or found.media_type))
    if found.coding is not None:
        fields.append((b"Content-Encoding", found.coding))
    return fields


def _framed(
    framing: Sequence[bytes], source: CachedFile, spans: Sequence[Span]
) -> Iterator[Segment]:
    *heads, end = framing
    for head, span in zip(heads, spans, strict=True):
        yield head
        yield slice_of(source, span.offset, span.count)
    yield end
