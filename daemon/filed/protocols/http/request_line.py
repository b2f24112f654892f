"""The request line (RFC 9112 §3), read strictly.

llhttp is not asked here. It takes two spaces, HTTP/2.0 and a line without a version, and refuses
HTTP/1.2 and names that are not ASCII: after checking for all of that there is nothing left to ask.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from filed.protocols.http.authority import is_authority
from filed.protocols.http.errors import RefusedError

# The methods that llhttp takes in an HTTP request; RTSP's, which it knows too, are not among them.
METHODS: Final = frozenset(
    b"ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR"
    b" MKCOL MOVE NOTIFY OPTIONS PATCH POST PRI PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT"
    b" SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE".split()
)
SERVED: Final = frozenset({b"GET", b"HEAD", b"OPTIONS"})

# RFC 9110 §5.6.2.
TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"

# A target is everything but spaces and controls: browsers send more than RFC 3986 allows, and a
# name may hold any byte. Most are a path that is its own name: that is seen in the same go.
_LINE: Final = re.compile(
    rb"(%b) ((/[^\x00-\x20\x7f#%%?]*+)|[^\x00-\x20\x7f]++) HTTP/([0-9])\.([0-9])\r\n" % TOKEN
)
_ABSOLUTE: Final = re.compile(rb"(?i:https?)://([^/?]++)(.*)", re.DOTALL)
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")

_ESCAPE: Final = "In the target a percent sign has to be followed by two hexadecimal digits."
_FRAGMENT: Final = "A target ends before the fragment: '#' has to be sent as %23."
_TARGET: Final = "The target has to be a path that starts with '/', or an http URL."
_VERSION: Final = "This server speaks HTTP/1.1 and HTTP/1.0."
_METHOD: Final = "This server does not know the method; it has GET, HEAD and OPTIONS."


class RequestLine(NamedTuple):
    """A request line, understood.

    A tuple, since it is made for each request that was not seen before: a frozen dataclass takes
    four times as long to make.

    Attributes:
        method, target: as sent.
        name: the target's path, percent-decoded once; `b"*"` for `OPTIONS *`.
        query: what follows the first `?`, still encoded.
        old: HTTP/1.0.
        end: where it ends, before its CR LF.
    """

    method: bytes
    target: bytes
    name: bytes
    query: bytes
    old: bool
    end: int


def read(data: bytes, start: int, stop: int) -> RequestLine | None:
    """Read the request line that begins at `start` and ends, with its CR LF, before `stop`.

    HTTP/1.2 to 1.9 are read as 1.1 (RFC 9110 §2.5).

    Returns:
        None where there is no whole line of the right form.

    Raises:
        RefusedError: 400 for its target, 501 for its method, 505 for its version.
    """
    match = _LINE.match(data, start, stop)
    if match is None:
        return None
    method, target, name, major, minor = match.groups()
    if major != b"1":
        raise RefusedError(505, _VERSION, method, target)
    if method not in METHODS:
        raise RefusedError(501, _METHOD, method, target)
    query = b""
    if name is None:
        name, query = _parts(method, target)
    return RequestLine(method, target, name, query, minor == b"0", match.end() - 2)


def _parts(method: bytes, target: bytes) -> tuple[bytes, bytes]:
    """Split a target into name and query, whatever its form (RFC 9112 §3.2)."""
    if b"#" in target:
        raise RefusedError(400, _FRAGMENT, method, target)
    if method == b"CONNECT" or (target == b"*" and method == b"OPTIONS"):
        return target, b""
    url = target if target.startswith(b"/") else _without_authority(target)
    if url is None:
        raise RefusedError(400, _TARGET, method, target)
    path, _, query = url.partition(b"?")
    if _BAD_ESCAPE.search(path):
        raise RefusedError(400, _ESCAPE, method, target)
    return unquote_to_bytes(path), query


def _without_authority(target: bytes) -> bytes | None:
    absolute = _ABSOLUTE.fullmatch(target)
    # A name without a host is an error (RFC 9110 §4.2.1), and so is one with a user (§4.2.4).
    if absolute is None or absolute[1].startswith(b":") or not is_authority(absolute[1]):
        return None
    rest: bytes = absolute[2]
    return rest if rest.startswith(b"/") else b"/" + rest
