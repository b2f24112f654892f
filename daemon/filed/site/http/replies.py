"""How every HTTP reply is put together: what all heads have, the user's own fields, messages."""

from collections.abc import Sequence
from typing import Final

from filed.clock import Clock
from filed.metrics import catalogue
from filed.protocols.http import conditions, heads
from filed.protocols.http.conditions import Verdict
from filed.protocols.http.dates import format_date
from filed.protocols.http.heads import Field
from filed.protocols.messages import Format, Message, Request
from filed.settings import Settings
from filed.site import pages
from filed.site.http.field_rules import FieldRules
from filed.site.reply import Reply, Segment, length

NOSNIFF: Final = (b"X-Content-Type-Options", b"nosniff")
# What a page that people or programs read is sent as.
MEDIA_TYPES: Final = {
    Format.TEXT: b"text/plain; charset=utf-8",
    Format.HTML: b"text/html; charset=utf-8",
    Format.JSON: b"application/json",
}
VARY_ACCEPT: Final = (b"Vary", b"Accept")
VARY_CODING: Final = (b"Vary", b"Accept-Encoding")
_VARY_BOTH: Final = (b"Vary", b"Accept, Accept-Encoding")
RETRY_AFTER: Final = (b"Retry-After", b"1")

_POLICY: Final = (b"Content-Security-Policy", pages.MESSAGE_POLICY)
_METHOD_LABELS: Final = {b"GET": "GET", b"HEAD": "HEAD"}
# These have no body, nor a length of one (RFC 9110 §15.3.5 and §15.4.5).
_BODILESS: Final = frozenset({204, 304})
# These say yes, and these send what was asked for.
_GOOD: Final = frozenset({200, 204, 206, 304})
_WITH_CONTENT: Final = frozenset({200, 206})


class Replies:
    """Puts replies together.

    Attributes:
        second: the present, seconds since 1970: what the heads' Date says.
        date: the same as HTTP writes it.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Take what heads have from the settings."""
        self.second = -1
        self.date = b""
        self._clock = clock
        self._rules = FieldRules(settings.http.headers)
        self._server: tuple[Field, ...] = ()
        if settings.http.server_header:
            self._server = ((b"Server", b"filed"),)

    def begin(self) -> None:
        """Look at the clock; to be called before a reply is made."""
        second = int(self._clock.wall_s)
        if second != self.second:
            self.second = second
            self.date = format_date(second)

    def content(
        self,
        request: Message,
        status: int,
        fields: Sequence[Field],
        *segments: Segment,
        path: bytes | None,
        close: bool = False,
    ) -> Reply:
        """Make a reply with a body, of which HEAD hears the length only.

        Args:
            request: what is answered.
            status: HTTP's status.
            fields: what the head has besides what all heads have.
            segments: the body.
            path: what the user's rules know the answer by: the file's or directory's that is sent,
                with a leading slash and a directory's with one at its end; None where it has none.
            close: the connection ends with it; it does too if the request wants it so.
        """
        close = close or request.close
        described = [*self._server, (b"Date", self.date), *fields]
        if path is not None:
            described = self._rules.apply(
                path, described, failed=status not in _GOOD, content=status in _WITH_CONTENT
            )
        if status not in _BODILESS:
            described.append((b"Content-Length", b"%d" % sum(map(length, segments))))
        head = heads.render(status, described, close=close, keep_alive=request.keep_alive)
        method = _METHOD_LABELS.get(request.method, "other")
        counter = catalogue.REQUESTS.slot("http", method, str(status))
        body = () if request.method == b"HEAD" else segments
        return Reply(status, head, *body, counter=counter, close=close)

    def unless(  # noqa: PLR0913 - a representation is known by all of these
        self,
        request: Request,
        *,
        tag: bytes | None,
        mtime_s: int | None,
        validators: Sequence[Field],
        words: str,
        path: bytes,
    ) -> Reply | None:
        """Answer a request whose preconditions rule out its content (RFC 9110 §13.2.2).

        Args:
            request: what is answered.
            tag: the entity-tag of what would be sent, None if it has none.
            mtime_s: what its Last-Modified stands for, seconds since 1970; None if it has none.
            validators: the fields that a 304 has.
            words: what a 412 says.
            path: as in `content`.

        Returns:
            None where the content is to be sent.
        """
        asked = request.conditions
        if asked is None:
            return None
        match conditions.evaluate(
            asked, method=request.method, etag=tag, mtime_s=mtime_s, now_s=self.second
        ):
            case Verdict.NOT_MODIFIED:
                return self.content(request, 304, validators, path=path)
            case Verdict.FAILED:
                coded = VARY_CODING in validators
                return self.message(request, 412, words, path=path, coded=coded)
        return None

    def message(  # noqa: PLR0913 - each has a name and most are left out
        self,
        request: Message,
        status: int,
        words: str,
        *fields: Field,
        path: bytes | None = None,
        coded: bool = False,
        close: bool = False,
    ) -> Reply:
        """Make a reply that says something to whoever reads it, in the format that they want.

        Args:
            request: what is answered.
            status: HTTP's status.
            words: what was wrong and what would be right, in a sentence.
            fields: what the head has besides.
            path: as in `content`.
            coded: what it is about depends on Accept-Encoding.
            close: as in `content`.
        """
        written = request.preferences.message
        body = pages.message(status, words, written)
        described = [*fields, _VARY_BOTH if coded else VARY_ACCEPT, NOSNIFF]
        described.append((b"Content-Type", MEDIA_TYPES[written]))
        if written is Format.HTML:
            described.append(_POLICY)
        return self.content(request, status, described, body, path=path, close=close)
