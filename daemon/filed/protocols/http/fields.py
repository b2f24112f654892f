"""The header fields of a request (RFC 9112 §5), as far as this server acts on them.

llhttp says whether they are well-formed; it is stricter here than the RFC asks. It is shown every
block behind the same request line, so what comes out depends on the block alone and can be
remembered by it. A client's block mostly stays the same while its targets change.
"""

from dataclasses import replace
from typing import Final, NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from filed.protocols.http import accept
from filed.protocols.http.authority import is_authority
from filed.protocols.http.errors import RefusedError
from filed.protocols.lines import BARE_REASON, has_bare
from filed.protocols.messages import NO_PREFERENCES, Conditions, Preferences

# The body's length where it is not known before its end.
CHUNKED: Final = -1

_LINE: Final = b"GET / HTTP/1.1"
_PRECONDITIONS: Final = (
    b"if-match",
    b"if-none-match",
    b"if-modified-since",
    b"if-unmodified-since",
)
# Most requests have none of these.
_RARE: Final = frozenset(
    {b"content-length", b"transfer-encoding", b"expect", b"range", b"if-range", *_PRECONDITIONS}
)
_ACTED_ON: Final = _RARE | {
    *(b"host", b"connection", b"user-agent", b"referer"),
    *(b"accept", b"accept-encoding"),
}

_SYNTAX: Final = "Each header field has to be a name, a colon directly after it and a value."
_FOLDED: Final = "A header field has to stand on one line."
_FRAMING: Final = (
    "The body's length has to be given once: by one Content-Length, or by a Transfer-Encoding"
    " that ends in chunked."
)
_TOO_LARGE: Final = "The body is larger than this server reads away."
_TOO_MANY: Final = "The request has more header fields than this server reads."
_HOST_SYNTAX: Final = "A request may have one Host field: a name or an address, and maybe a port."

# In llhttp's words: what is not simply a matter of syntax. Words that change fall back to that.
_FAULTS: Final = {
    "Unexpected space after start line": (400, _FOLDED),
    "Unexpected whitespace after header value": (400, _FOLDED),
    "Content-Length overflow": (413, _TOO_LARGE),
    "Content-Length can't be present with Transfer-Encoding": (400, _FRAMING),
    "Transfer-Encoding can't be present with Content-Length": (400, _FRAMING),
    "Duplicate Content-Length": (400, _FRAMING),
    "Empty Content-Length": (400, _FRAMING),
    "Invalid character in Content-Length": (400, _FRAMING),
    "Empty Transfer-Encoding": (400, _FRAMING),
    "Invalid `Transfer-Encoding` header value": (400, _FRAMING),
    "Request has invalid `Transfer-Encoding`": (400, _FRAMING),
}


class Asked(NamedTuple):
    """What a method finds in the fields beyond the file it is for.

    Attributes:
        conditions: None where there are none.
        variant: tells them and the client's preferences from others in a `Request`'s variant;
            None with a range.
    """

    conditions: Conditions | None
    variant: bytes | None


class Fields(NamedTuple):
    """A block of header fields, understood. A tuple for speed, as `RequestLine` is.

    Attributes:
        hosted: there is a Host field.
        close, keep_alive: what `Connection` says.
        length: bytes of the body, or `CHUNKED`.
        expects: the client waits for leave to send its body (RFC 9110 §10.1.1).
        get, head, options: what each of the three methods asks beside the file.
        user_agent, referer: as sent, None where not sent.
        preferences: which of an answer's forms the client wants.
    """

    hosted: bool
    close: bool
    keep_alive: bool
    length: int
    expects: bool
    get: Asked
    head: Asked
    options: Asked
    user_agent: bytes | None
    referer: bytes | None
    preferences: Preferences


NOTHING_ASKED: Final = Asked(None, b"")


def read(block: bytes, *, limit: int) -> Fields:
    """Read a block of header fields.

    Args:
        block: from the CR LF that ends the request line to the empty line, both included.
        limit: how many fields are read.

    Raises:
        RefusedError: 400, 431 for too many fields, or 413 for a length beyond 64 bits.
    """
    if block.count(b"\n") > limit + 2:
        raise RefusedError(400, BARE_REASON) if has_bare(block) else RefusedError(431, _TOO_MANY)
    found = _Found()
    try:
        HttpRequestParser(found).feed_data(_LINE + block)
    except HttpParserUpgrade:
        pass  # raised once all is read; an upgrade may be ignored (RFC 9110 §7.8)
    except HttpParserError as error:
        raise _refused(block, str(error)) from error
    return _understood(found)


class _Found(dict[bytes, bytes]):
    """The fields that are acted on, by their names in lower case, as llhttp reports them."""

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name not in _ACTED_ON:
            return
        value = value.strip(b" \t")
        # RFC 9110 §5.3. Two Host fields joined are no valid one.
        self[name] = self[name] + b", " + value if name in self else value


def _refused(block: bytes, words: str) -> RefusedError:
    if has_bare(block):
        return RefusedError(400, BARE_REASON)
    return RefusedError(*_FAULTS.get(words, (400, _SYNTAX)))


def _understood(found: _Found) -> Fields:
    host = found.get(b"host")
    if host is not None and not is_authority(host):
        raise RefusedError(400, _HOST_SYNTAX)
    preferences = accept.read(found.get(b"accept"), found.get(b"accept-encoding"))
    wish = b"" if preferences is NO_PREFERENCES else _wish(preferences)
    get = head = options = Asked(None, wish) if wish else NOTHING_ASKED
    length, expects = 0, False
    if not _RARE.isdisjoint(found):
        length = _length(found)
        expects = b"100-continue" in _tokens(found, b"expect")
        get, head = _asked(found, options, wish)
    connection = _tokens(found, b"connection") if b"connection" in found else ()
    return Fields(
        host is not None,
        b"close" in connection,
        b"keep-alive" in connection,
        length,
        expects,
        get,
        head,
        options,
        found.get(b"user-agent"),
        found.get(b"referer"),
        preferences,
    )


def _tokens(found: _Found, name: bytes) -> tuple[bytes, ...] | list[bytes]:
    value = found.get(name)
    if value is None:
        return ()
    return [token.strip(b" \t") for token in value.lower().split(b",")]


def _length(found: _Found) -> int:
    length = found.get(b"content-length")
    if length is not None:
        return int(length)
    codings = _tokens(found, b"transfer-encoding")
    if not codings:
        return 0
    # llhttp has seen that chunked comes last. Where a tab follows the first, it takes two of them.
    if codings.count(b"chunked") != 1:
        raise RefusedError(400, _FRAMING)
    return CHUNKED


def _asked(found: _Found, unconditional: Asked, wish: bytes) -> tuple[Asked, Asked]:
    head = unconditional
    if not found.keys().isdisjoint(_PRECONDITIONS):
        values = [found.get(name) for name in _PRECONDITIONS]
        head = Asked(Conditions(*values), wish + _variant(values))
    if b"range" not in found:
        return head, head
    conditions = head.conditions or Conditions()
    conditions = replace(conditions, range=found[b"range"], if_range=found.get(b"if-range"))
    return Asked(conditions, None), head


# The two parts of a variant. The first is made of what was understood, not of what was sent, so
# clients that want the same have the same. It holds no line feed, and the second begins with one.


def _wish(preferences: Preferences) -> bytes:
    return " ".join(("", preferences.listing, preferences.message, *preferences.codings)).encode()


def _variant(values: list[bytes | None]) -> bytes:
    # No value holds a line feed, so no two lists of values come to the same bytes.
    return b"".join(b"\n-" if value is None else b"\n+" + value for value in values)
