"""A listing's query string, read and written: `?sort=size&order=desc&filter=iso&page=2`.

Each view has one address, so that whatever follows every link comes to an end: parameters are
written in one order, defaults are left out, and text is encoded as a browser encodes that of a form
(`application/x-www-form-urlencoded` in the URL standard).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, TypeVar
from urllib.parse import quote_plus, unquote_to_bytes

from filed.files.directories import Selection, Sort
from filed.protocols.messages import Format

T = TypeVar("T")

_NAMES: Final = frozenset({b"sort", b"order", b"filter", b"page", b"format"})
_SORTS: Final = {sort.value.encode(): sort for sort in Sort}
_ORDERS: Final = {b"asc": False, b"desc": True}
_FORMATS: Final = {b"html": Format.HTML, b"json": Format.JSON}
# More than anyone needs; each takes its time.
_PARAMETERS: Final = 64
# Bounded, since int() refuses thousands of digits with an error of its own.
_PAGE: Final = re.compile(rb"[0-9]{1,9}")


class BadQuery(Exception):
    """A listing's parameter has a value that it cannot have. The text is for the client."""


class Query(NamedTuple):
    """What a query string asks for; `format` is None where it leaves that open."""

    selection: Selection
    format: Format | None


def read(query: bytes) -> Query:
    """Read a query string. Parameters that a listing does not have are ignored.

    Args:
        query: what stands behind `?`, still encoded.

    Raises:
        BadQuery: one that it has is given a wrong value, or is given twice.
    """
    given = _given(query)
    selection = Selection(
        sort=_one_of(_SORTS, given, b"sort") or Sort.NAME,
        descending=_one_of(_ORDERS, given, b"order") or False,
        page=_page(given.get(b"page", b"1")),
        filter=_text(given.get(b"filter", b"")),
    )
    return Query(selection, _one_of(_FORMATS, given, b"format"))


def write(selection: Selection) -> str:
    """Write the address of a view, relative to its directory: `./` where all is as by default."""
    parameters = [f"{name}={value}" for name, value in _beside_defaults(selection)]
    return "./?" + "&".join(parameters) if parameters else "./"


def _given(query: bytes) -> dict[bytes, bytes]:
    given: dict[bytes, bytes] = {}
    for parameter in query.split(b"&", _PARAMETERS)[:_PARAMETERS]:
        name, _, value = (_decoded(part) for part in parameter.partition(b"="))
        if name in given:
            raise BadQuery(f'"{name.decode()}" is given twice; once is right.')
        if name in _NAMES:
            given[name] = value
    return given


def _decoded(part: bytes) -> bytes:
    return unquote_to_bytes(part.replace(b"+", b" "))


def _one_of(choices: Mapping[bytes, T], given: Mapping[bytes, bytes], name: bytes) -> T | None:
    if name not in given:
        return None
    if given[name] not in choices:
        words = b" or ".join(choices).decode()
        raise BadQuery(f'"{name.decode()}" has to be {words}.')
    return choices[given[name]]


def _page(value: bytes) -> int:
    number = int(value) if _PAGE.fullmatch(value) else 0
    if number < 1:
        raise BadQuery('"page" has to be a number, counted from 1.')
    return number


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise BadQuery('"filter" has to be UTF-8, percent-encoded.') from error


# In the order in which the page's form sends them.
def _beside_defaults(selection: Selection) -> Iterator[tuple[str, str]]:
    if selection.sort is not Sort.NAME:
        yield "sort", selection.sort.value
    if selection.descending:
        yield "order", "desc"
    if selection.filter:
        # A form leaves "*" as it is, but not "~": the reverse of RFC 3986 §2.3.
        yield "filter", quote_plus(selection.filter, safe="*").replace("~", "%7E")
    if selection.page > 1:
        yield "page", str(selection.page)
