"""Media types by a file's name: by a table of our own, so that every machine answers alike."""

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from filed.files.media_type_table import entries

_UNKNOWN: Final = b"application/octet-stream"
_NO_OVERRIDES: Final[Mapping[str, str]] = MappingProxyType({})

Value = TypeVar("Value")


class ByName(Generic[Value]):
    """Values by the last segment of a path: its whole name exactly, or its longest known ending.

    Args:
        values: by whole name, or by ending where the key begins with a dot. An ending holds in any
            ASCII case.
    """

    __slots__ = ("_endings", "_longest", "_names")

    def __init__(self, values: Mapping[str, Value]) -> None:
        known = {os.fsencode(key): value for key, value in values.items()}
        self._names = {key: known[key] for key in known if not key.startswith(b".")}
        self._endings = {key.lower(): known[key] for key in known if key.startswith(b".")}
        self._longest = max(map(len, self._endings), default=1)

    def find(self, path: bytes) -> Value | None:
        """Return the value of a file, None where its name tells nothing."""
        name = path[path.rfind(b"/") + 1 :]
        value = self._names.get(name)
        if value is not None:
            return value
        # Longer endings than the longest are none, so what a name may cost has a bound.
        tail = name[-self._longest :].lower()
        dot = tail.find(b".")
        while dot >= 0:
            value = self._endings.get(tail[dot:])
            if value is not None:
                return value
            dot = tail.find(b".", dot + 1)
        return None


class MediaTypes:
    """The media types of files.

    Args:
        overrides: media types that win over the table's, by whole name, or by ending where the key
            begins with a dot (`.tar.gz` too). They are syntactically valid.
    """

    __slots__ = ("_by_name",)

    def __init__(self, overrides: Mapping[str, str] = _NO_OVERRIDES) -> None:
        types = {entry.name: entry.media_type for entry in entries()}
        types = _without(types, overrides) | dict(overrides)
        self._by_name = ByName({name: _with_charset(types[name]).encode() for name in types})

    def of(self, path: bytes) -> bytes:
        """Return the media type of a file as its `Content-Type` (RFC 9110 §8.3).

        Args:
            path: the file's path, of which the last segment counts.
        """
        return self._by_name.find(path) or _UNKNOWN


def _without(types: Mapping[str, str], overrides: Mapping[str, str]) -> dict[str, str]:
    """Leave out what an override is about: one of `.xz` is about `.img.xz` too."""
    endings = tuple(os.fsencode(key).lower() for key in overrides if key.startswith("."))
    return {name: types[name] for name in types if not name.encode().lower().endswith(endings)}


def _with_charset(media_type: str) -> str:
    if not media_type.lower().startswith("text/") or _gives_charset(media_type):
        return media_type
    return f"{media_type}; charset=utf-8"


def _gives_charset(media_type: str) -> bool:
    _, *parameters = media_type.lower().split(";")
    return any(parameter.strip().startswith("charset=") for parameter in parameters)
