"""The name under which a client is to save what it gets: Content-Disposition (RFC 6266)."""

import re
from typing import Final
from urllib.parse import quote_from_bytes

from filed.protocols.http.accept import QUOTED
from filed.protocols.http.request_line import TOKEN

_PARAMETER: Final = rb"[ \t]*+;[ \t]*+(%b)[ \t]*+=[ \t]*+(?:%b|%b)" % (TOKEN, TOKEN, QUOTED)
_VALUE: Final = re.compile(rb"(%b(?:%b)*+)[ \t;]*+" % (TOKEN, _PARAMETER))
_EACH_PARAMETER: Final = re.compile(_PARAMETER)
_NAMES: Final = {b"filename", b"filename*"}

# What clients do not agree on between quotes (RFC 6266 appendix D): the quote and the backslash,
# which not all unescape, and escapes as in a URL, which some decode.
_UNSAFE: Final = re.compile(r'[^ -~]|["\\]|%(?=[0-9A-Fa-f]{2})')
# RFC 8187 §3.2.1: attr-char, beside letters and digits.
_PLAIN: Final = "!#$&+-.^_`|~"


def complete(value: bytes, filename: bytes) -> bytes:
    """Add a file's name to a Content-Disposition that has none.

    Two parameters say it: `filename`, which all clients read, with `_` for what they do not all
    read alike; and where that makes a difference, `filename*` behind it, which the newer ones
    prefer. A name that is not UTF-8 cannot be said there (RFC 8187 §3.2.1).

    Args:
        value: a disposition type, as `attachment`, maybe with parameters.
        filename: the last segment of the file's path; empty where it has none.

    Returns:
        The value with the name; as it is if it has one already or is malformed.
    """
    match = _VALUE.fullmatch(value)
    if match is None or not filename:
        return value
    names = {parameter[1].lower() for parameter in _EACH_PARAMETER.finditer(match[1])}
    if not _NAMES.isdisjoint(names):
        return value
    return match[1] + _parameters(filename)


def _parameters(filename: bytes) -> bytes:
    # What is not UTF-8 becomes a surrogate for each byte, and so an underscore for each.
    name = filename.decode("utf-8", "surrogateescape")
    safe = _UNSAFE.sub("_", name)
    parameters = f'; filename="{safe}"'
    if safe != name and _is_utf8(filename):
        parameters += f"; filename*=UTF-8''{quote_from_bytes(filename, safe=_PLAIN)}"
    return parameters.encode()


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
