"""Media types by the names of files, as operators give them: `http.media_types`."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import PlainSerializer, PlainValidator

from filed.settings.faults import Fault, Faulty
from filed.settings.field_syntax import is_media_type
from filed.settings.frozen import FrozenMap
from filed.settings.kinds import Words
from filed.settings.notation import read_json

# A name with an asterisk at its beginning is meant as a pattern.
_NAME: Final = re.compile("(?![*])[^/\0\ud800-\udfff]+")

_NAME_EXPECTED: Final = (
    'an ending, such as ".log" or ".tar.gz", or the whole name of a file, such as "Packages"'
)
_TYPE_EXPECTED: Final = 'a media type, such as "text/plain; charset=utf-8"'


def _media_types(value: object) -> FrozenMap:
    if not isinstance(value, Mapping):
        raise Faulty(Fault.of(value))
    if faults := list(_faults(value)):
        raise Faulty(*faults)
    return FrozenMap(value)


def _faults(table: Mapping[str, object]) -> Iterator[Fault]:
    endings: dict[str, str] = {}
    for name, media_type in table.items():
        first = endings.setdefault(name.lower(), name) if name.startswith(".") else name
        if name in (".", "..") or not _NAME.fullmatch(name):
            yield Fault.of_key(name, _NAME_EXPECTED)
        elif first != name:
            expected = f"each ending once, in whatever case; {first} is there already"
            yield Fault.of_key(name, expected)
        if isinstance(media_type, Mapping):
            yield Fault.of(media_type, f"{_TYPE_EXPECTED}; a name with a dot in it is quoted", name)
        elif not isinstance(media_type, str) or not is_media_type(media_type):
            yield Fault.of(media_type, _TYPE_EXPECTED, name)


_TABLE: Final = """\
# Endings begin with a dot; other names are those of whole files.
".ipk" = "application/vnd.debian.binary-package"
".tar.zst" = "application/zstd"
"Packages" = "text/plain; charset=utf-8"
"""

MediaTypes = Annotated[
    Mapping[str, str],
    PlainValidator(_media_types),
    PlainSerializer(dict, return_type=dict[str, str]),
    Words(
        'a table of media types by name, such as ".log" = "text/plain"; outside of the file JSON, '
        'such as {".log": "text/plain"}',
        "JSON",
        read_json,
        table=_TABLE,
    ),
]
