"""What a client wants an answer to be: Accept and Accept-Encoding (RFC 9110 §12.5).

Both fields only say what is better, never what is an error: a server may send what was not asked
for. So one that is malformed is taken for none, and where nothing that is wanted is there, what
there is goes out. Both are lists whose elements have weights, from 0 for unwanted to 1.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from filed.protocols.http.request_line import TOKEN
from filed.protocols.messages import NO_PREFERENCES, Format, Preferences

# RFC 9110 §5.6.4.
QUOTED: Final = rb'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*+"'

# Longer fields are taken for none; browsers send less than 200 bytes.
_READ_BYTES: Final = 1024
_REMEMBERED: Final = 256

# Each match takes at least a byte and none is taken back, so a list is read in linear time.
# Elements of a list may be empty (RFC 9110 §5.6.1.2).
_ELEMENT: Final = rb"[ \t]*+(?:%b)?+[ \t]*+(?:,|\Z)"
_WEIGHT: Final = rb"0(?:\.[0-9]{0,3}+)?+|1(?:\.0{0,3}+)?+"
_CODING: Final = re.compile(_ELEMENT % rb"(%b)(?:[ \t]*+;[ \t]*+[qQ]=(%b))?+" % (TOKEN, _WEIGHT))

_PARAMETER: Final = rb"[ \t]*+;[ \t]*+(?:(%b)(?:=(%b|%b))?+)?+" % (TOKEN, TOKEN, QUOTED)
_RANGE: Final = re.compile(_ELEMENT % rb"(%b/%b)((?:%b)*+)" % (TOKEN, TOKEN, _PARAMETER))
_EACH_PARAMETER: Final = re.compile(_PARAMETER)
_ONE_WEIGHT: Final = re.compile(_WEIGHT)

# In the order of what they save, for a client to whom they are all one.
_CODINGS: Final = {b"zstd": "zstd", b"br": "br", b"gzip": "gzip"}
_ALIASES: Final = {b"x-gzip": b"gzip"}  # RFC 9110 §8.4.1.3

# The media ranges that each format is in, the most specific first.
_RANGES: Final = {
    Format.TEXT: (b"text/plain", b"text/*", b"*/*"),
    Format.HTML: (b"text/html", b"text/*", b"*/*"),
    Format.JSON: (b"application/json", b"application/*", b"*/*"),
}
_LISTING: Final = (Format.HTML, Format.JSON)
_MESSAGE: Final = (Format.TEXT, Format.HTML, Format.JSON)


class _Wish(NamedTuple):
    """How much a media range is wanted; a greater one of the same range takes its place.

    Attributes:
        exact: it has no parameters beside its weight. One that has some may mean what we have,
            too; one that has none surely does.
        weight: from 0 to 1.
        place: less for those further back in the field.
    """

    exact: bool
    weight: float
    place: int


def read(accept: bytes | None, accept_encoding: bytes | None) -> Preferences:
    """Read what a client wants.

    Args:
        accept: the field's value, None where not sent.
        accept_encoding: the same of Accept-Encoding.

    Returns:
        What it comes to; `NO_PREFERENCES` itself where that is nothing special.
    """
    return _read(_short(accept), _short(accept_encoding))


def _short(value: bytes | None) -> bytes:
    return b"" if value is None or len(value) > _READ_BYTES else value


# Blocks of fields change with the ranges and validators in them; what their client wants does not.
@lru_cache(maxsize=_REMEMBERED)
def _read(accept: bytes, accept_encoding: bytes) -> Preferences:
    wishes = _wishes(accept)
    preferences = Preferences(
        _codings(accept_encoding), _best(_LISTING, wishes), _best(_MESSAGE, wishes)
    )
    return NO_PREFERENCES if preferences == NO_PREFERENCES else preferences


def _elements(pattern: re.Pattern[bytes], value: bytes) -> list[re.Match[bytes]]:
    """Match the elements of a list that are not empty; none of them if one is malformed."""
    elements = []
    at = 0
    while at < len(value):
        element = pattern.match(value, at)
        if element is None:
            return []
        if element[1] is not None:
            elements.append(element)
        at = element.end()
    return elements


def _codings(value: bytes) -> tuple[str, ...]:
    """Read Accept-Encoding: what `Preferences.codings` says."""
    weights: dict[bytes, float] = {}
    for element in _elements(_CODING, value):
        name = element[1].lower()
        name = _ALIASES.get(name, name)
        weights[name] = max(weights.get(name, 0), float(element[2] or 1))
    others = weights.get(b"*", 0)
    identity = weights.get(b"identity", others)
    ranked = [(weights.get(coding, others), name) for coding, name in _CODINGS.items()]
    wanted = [(weight, name) for weight, name in ranked if weight > 0 and weight >= identity]
    wanted.sort(key=lambda ranked: ranked[0], reverse=True)  # stable in reverse, too
    return tuple(name for _, name in wanted)


def _wishes(value: bytes) -> dict[bytes, _Wish]:
    """Read Accept: what is said of each media range. Empty if malformed."""
    wishes: dict[bytes, _Wish] = {}
    for place, element in enumerate(_elements(_RANGE, value)):
        wish = _wish(element[2], place)
        if wish is None:
            return {}
        media_range = element[1].lower()
        wishes[media_range] = max(wish, wishes.get(media_range, wish))
    return wishes


def _wish(parameters: bytes, place: int) -> _Wish | None:
    """Read what follows a media range; None if its weight is malformed."""
    found = [match for match in _EACH_PARAMETER.finditer(parameters) if match[1] is not None]
    names = [match[1].lower() for match in found]
    if b"q" not in names:
        return _Wish(not names, 1, -place)
    at = names.index(b"q")  # behind it stand extensions of old, which say nothing of the type
    weight = found[at][2]
    if weight is None or not _ONE_WEIGHT.fullmatch(weight):
        return None
    return _Wish(at == 0, float(weight), -place)


def _best(offers: tuple[Format, ...], wishes: Mapping[bytes, _Wish]) -> Format:
    """Choose the format that is wanted most; the first where none is wanted.

    Where two are wanted alike, the more specific media range tells, then its place: browsers
    and programs begin with what they are made for. One range for both leaves it to us.
    """
    best = max(offers, key=lambda offer: _rank(offer, wishes))
    return best if _rank(best, wishes)[0] > 0 else offers[0]


def _rank(offer: Format, wishes: Mapping[bytes, _Wish]) -> tuple[float, int, int]:
    """Return an offer's weight, how specific the range is that gives it, and its place."""
    for generality, media_range in enumerate(_RANGES[offer]):
        if media_range in wishes:
            wish = wishes[media_range]
            return wish.weight, -generality, wish.place
    return 0, 0, 0
