"""The answers of the bare protocols: a file's bytes, or a line about it."""

from filed.files import errors
from filed.metrics import catalogue
from filed.protocols import query
from filed.protocols.http.validators import etag
from filed.protocols.messages import Message, Protocol, Refusal
from filed.site.lookup import Lookup
from filed.site.outcomes import status_of
from filed.site.reply import Reply, slice_of


class PlainSite:
    """Plain TCP: a name in, the file's bytes out."""

    def __init__(self, lookup: Lookup, *, enabled: bool) -> None:
        """Answer nobody unless `enabled`."""
        self._lookup = lookup
        self._enabled = enabled

    def answer(self, message: Message) -> Reply:
        """Answer with the file, or with no byte at all: the protocol has no other way to say no."""
        if not self._enabled:
            return _nothing(403)
        if isinstance(message, Refusal):
            return _nothing(message.status)
        try:
            file = self._lookup.file_of_firmware(message.name)
        except errors.FileError as error:
            return _nothing(status_of(error))
        return Reply(
            200,
            b"",
            slice_of(file, 0, file.version.size_bytes),
            counter=_counter(Protocol.PLAIN, 200),
            close=True,
        )


class QuerySite:
    """The UDP query: a name in, one line about the file out."""

    def __init__(self, lookup: Lookup) -> None:
        """Find files by `lookup`."""
        self._lookup = lookup

    def answer(self, message: Message) -> Reply:
        """Answer with one line."""
        if isinstance(message, Refusal):
            return self._refused(message.status)
        try:
            file = self._lookup.file_of_firmware(message.name)
        except errors.FileError as error:
            return self._refused(status_of(error))
        version = file.version
        tag = etag(version.mtime_ns, version.size_bytes)
        line = query.found(version.size_bytes, version.mtime_s, tag)
        return Reply(200, line, counter=_counter(Protocol.QUERY, 200))

    def _refused(self, status: int) -> Reply:
        return Reply(status, query.refused(status), counter=_counter(Protocol.QUERY, status))


def _nothing(status: int) -> Reply:
    return Reply(status, b"", counter=_counter(Protocol.PLAIN, status), close=True)


def _counter(protocol: Protocol, status: int) -> int:
    return catalogue.REQUESTS.slot(protocol, "GET", str(status))
