"""Header fields that operators add to answers: `[[http.headers]]`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator

from filed.settings.faults import Fault, Faulty
from filed.settings.field_syntax import is_name, is_value
from filed.settings.frozen import FrozenMap
from filed.settings.globs import BadPatternError, Globs
from filed.settings.kinds import Words, as_tuple
from filed.settings.notation import read_json
from filed.settings.table import Table

_PATTERNS: Final = Words('a pattern, such as "*.html" or "/pub/**", or a list of patterns', "GLOB")
_FIELDS: Final = Words('a table of header fields, such as { Cache-Control = "no-cache" }', "FIELDS")

_NAME_EXPECTED: Final = 'the name of a header field, such as "Cache-Control"'
_VALUE_EXPECTED: Final = (
    'printable ASCII without spaces at its ends, or "" for no such field in the answer'
)

# What follows from the file, the request and the connection.
_OURS: Final = (
    *("Accept-Ranges", "Allow", "Connection", "Content-Encoding", "Content-Length"),
    *("Content-Range", "Date", "ETag", "Keep-Alive", "Last-Modified", "Location", "Retry-After"),
    *("TE", "Trailer", "Transfer-Encoding", "Upgrade"),
)
_REFUSED: Final = {
    **dict.fromkeys(map(str.lower, _OURS), "another field; the server alone can tell this one"),
    "content-type": "http.media_types for this, by the ending of names",
    "server": "http.server_header for this, true or false",
}


def _patterns(value: object) -> tuple[str, ...]:
    patterns = (value,) if isinstance(value, str) else as_tuple(value)
    if not isinstance(patterns, tuple) or not patterns:
        raise Faulty(Fault.of(value, _PATTERNS.expected))
    if faults := [Fault.of(pattern, wrong) for pattern in patterns if (wrong := _wrong(pattern))]:
        raise Faulty(*faults)
    return patterns


def _wrong(pattern: object) -> str:
    """Say what would be right in place of a pattern; nothing where it is one."""
    if not isinstance(pattern, str):
        return _PATTERNS.expected
    try:
        Globs([pattern])
    except BadPatternError as error:
        return str(error)
    return ""


def _fields(value: object) -> FrozenMap:
    if not isinstance(value, Mapping) or not value:
        raise Faulty(Fault.of(value, _FIELDS.expected))
    if faults := list(_faults(value)):
        raise Faulty(*faults)
    return FrozenMap(value)


def _faults(fields: Mapping[str, object]) -> Iterator[Fault]:
    names: dict[str, str] = {}
    for name, value in fields.items():
        if expected := _wrong_name(name, first=names.setdefault(name.lower(), name)):
            yield Fault.of_key(name, expected)
        if not isinstance(value, str) or not is_value(value):
            yield Fault.of(value, _VALUE_EXPECTED, name)


def _wrong_name(name: str, *, first: str) -> str:
    """Say what would be right in place of a name; nothing where it is.

    Args:
        name: the name.
        first: how it was written where it came up first.
    """
    if not is_name(name):
        return _NAME_EXPECTED
    if first != name:
        return f"each field once, in whatever case; {first} is there already"
    return _REFUSED.get(name.lower(), "")


class FieldRule(Table):
    """Header fields, and which answers they are for."""

    match: Annotated[tuple[str, ...], PlainValidator(_patterns), _PATTERNS] = Field(
        description="Which paths the rule is for, as in a .gitignore. A pattern without a slash is "
        "for the last segment of a path, in whatever directory; one with a slash is for the whole "
        "path. * is anything in a segment, ? one character, [a-z] and [!a-z] one of a class; ** "
        "between slashes is any number of directories, and /pub/** all below /pub/. A slash at the "
        "end means the listings of directories alone. Names are written as on the disk, without "
        "the escapes of URLs.",
    )
    set: Annotated[
        Mapping[str, str],
        PlainValidator(_fields),
        PlainSerializer(dict, return_type=dict[str, str]),
        _FIELDS,
    ] = Field(
        description="The fields, by name. They take the place of the server's own and of those "
        "that an earlier rule has set; Vary is added to instead. An empty value takes a field out. "
        "A Content-Disposition without a filename gets the file's. That and a "
        "Content-Security-Policy are not for listings, unless the pattern ends in a slash.",
    )
    always: bool = Field(
        default=False,
        description="Send them with redirects and errors about such a path as well.",
    )


_TABLE: Final = """\
# A name that holds a hash of the content means the same bytes for ever.
[[http.headers]]
match = "/assets/**"
set = { Cache-Control = "public, max-age=31536000, immutable" }

# Scripts of other sites may read these, and learn of errors too.
[[http.headers]]
match = ["*.json", "*.woff2"]
set = { Access-Control-Allow-Origin = "*", Cross-Origin-Resource-Policy = "cross-origin" }
always = true

# To be saved, not shown.
[[http.headers]]
match = "/uploads/**"
[http.headers.set]
Content-Disposition = "attachment"
Content-Security-Policy = "sandbox; default-src 'none'"
"""

FieldRules = Annotated[
    tuple[FieldRule, ...],
    BeforeValidator(as_tuple),
    Words(
        "tables [[http.headers]] with match, set and maybe always; outside of the file JSON, such "
        'as [{"match": "*.html", "set": {"Cache-Control": "no-cache"}}]',
        "JSON",
        read_json,
        table=_TABLE,
    ),
]
