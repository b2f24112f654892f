"""What the protocols have in common: what was asked, and what cannot be answered.

Every protocol reads bytes and comes to one of two values: a `Request`, which `site` answers from
the tree, or a `Refusal`, which says with HTTP's nearest status why it is not one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Protocol(StrEnum):
    """The four ways in. The value is the `protocol` label of metrics and log."""

    HTTP = "http"
    PLAIN = "plain"
    QUERY = "query"
    TFTP = "tftp"


class Format(StrEnum):
    """What a page that people or programs read is written in."""

    TEXT = "text"
    HTML = "html"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Conditions:
    """The header fields that make an HTTP answer depend on more than the file.

    Values are as sent, without surrounding white space; None where the field was not sent.
    Several fields of one name are joined by `, ` (RFC 9110 §5.3).
    """

    if_match: bytes | None = None
    if_none_match: bytes | None = None
    if_modified_since: bytes | None = None
    if_unmodified_since: bytes | None = None
    if_range: bytes | None = None
    range: bytes | None = None


@dataclass(frozen=True, slots=True)
class Preferences:
    """In which of the forms that an answer can have an HTTP client wants it (RFC 9110 §12).

    Attributes:
        codings: content codings out of `zstd`, `br` and `gzip`, the most wanted first; each is
            wanted at least as much as the file as it is.
        listing: HTML or JSON, for a directory.
        message: TEXT, HTML or JSON, for what is said of an error.
    """

    codings: tuple[str, ...] = ()
    listing: Format = Format.HTML
    message: Format = Format.TEXT


# This very object stands wherever nothing special is wanted, so that `is` can tell.
NO_PREFERENCES: Final = Preferences()


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What a client asked for, as its protocol understood it. Immutable, so it can be remembered.

    Attributes:
        protocol: how it came.
        method: in HTTP as sent (`b"GET"`); elsewhere `b"GET"`.
        name: what it names, percent-decoded once in HTTP, as sent elsewhere. Not yet normalised:
            that is `files.names`' work. `b"*"` for `OPTIONS *`.
        target: as sent, for the log.
        query: what stood behind `?` in HTTP, without it; still encoded.
        close: the connection ends after the answer.
        keep_alive: the client has asked that the connection be kept, and wants to hear that it is:
            HTTP/1.0 clients, and some later ones, close it otherwise.
        conditions: None where no such field was sent, by far the most frequent case.
        variant: equal for requests whose answer for one file is the same bytes; None where the
            answer is not worth remembering (a range).
        user_agent, referer: for the log; None where not sent.
        preferences: which of the answer's forms the client wants.
    """

    protocol: Protocol
    method: bytes
    name: bytes
    target: bytes
    query: bytes = b""
    close: bool = False
    keep_alive: bool = False
    conditions: Conditions | None = None
    variant: bytes | None = b""
    user_agent: bytes | None = None
    referer: bytes | None = None
    preferences: Preferences = NO_PREFERENCES


@dataclass(frozen=True, slots=True, eq=False)
class Refusal:
    """A request that cannot be answered from the tree, whatever lies there.

    Attributes:
        protocol: how it came.
        status: HTTP's status, or the nearest one for the other protocols.
        reason: a sentence for the client: what was wrong and what would be right. It never
            quotes what was sent.
        method, target: what is known of it, for the log; empty where nothing is.
        close: the connection cannot go on (its framing is in doubt, or the RFC says so).
        keep_alive: as in a request.
        user_agent, referer: for the log; None where not sent or not understood.
        preferences: as in a request, where the head was understood.
    """

    protocol: Protocol
    status: int
    reason: str
    method: bytes = b""
    target: bytes = b""
    close: bool = True
    keep_alive: bool = False
    user_agent: bytes | None = None
    referer: bytes | None = None
    preferences: Preferences = NO_PREFERENCES


Message = Request | Refusal
