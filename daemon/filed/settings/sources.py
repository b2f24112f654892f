"""The three places where settings are given, each read into a layer."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from filed.settings.key_lines import KeyPath, key_lines, line_of
from filed.settings.layers import Layer, Origin
from filed.settings.notation import as_key, quoted
from filed.settings.options import OPTIONS, TABLES

PREFIX: Final = "FILED_"

_END: Final = re.compile(r" \(at end of document\)$")
_PLACE: Final = re.compile(r" \(at line (?P<line>\d+), column \d+\)$")


def read_options(options: Mapping[str, str]) -> Layer:
    """Read what the command line gives, as text by the option's name."""
    layer = Layer()
    for name, text in options.items():
        origin = Origin(f"option --{name}")
        if option := OPTIONS.get(name):
            layer.take(option, option.words.read(text), origin)
        else:
            layer.refuse(origin.place, name, OPTIONS)
    return layer


def read_environment(environ: Mapping[str, str]) -> Layer:
    """Read the variables that begin with `FILED_`.

    An unknown one is a complaint if it looks like a table's option; others may be somebody else's,
    such as the `FILED_PORT=tcp://…` that orchestrators set for a service of that name.
    """
    layer = Layer()
    known = {option.environment: option for option in OPTIONS.values()}
    for name in sorted(environ):
        origin = Origin(f"env {name}")
        if option := known.get(name):
            layer.take(option, option.words.read(environ[name]), origin)
        elif name.startswith(PREFIX) and "__" in name:
            layer.refuse(origin.place, name, known)
    return layer


class FileLayer(Layer):
    """The settings of a file.

    Attributes:
        content: what it holds; None where it could not be read.
    """

    content: bytes | None = None


def read_file(
    path: Path,
    *,
    named_by: str = "",
    may_be_missing: bool = False,
    content: bytes | None = None,
) -> FileLayer:
    """Read a TOML file.

    Args:
        path: the file.
        named_by: who asked for it, for the complaint if it cannot be read.
        may_be_missing: nobody asked; it is read where it exists.
        content: what it held when it was read before; it is not read again then.
    """
    layer = FileLayer()
    try:
        layer.content = path.read_bytes() if content is None else content
        _parse(layer, path, layer.content)
    except OSError as error:
        if not (may_be_missing and isinstance(error, FileNotFoundError)):
            by = f" (named by {named_by})" if named_by else ""
            layer.complaints.append(f"{path}: cannot be read: {error.strerror}{by}")
    return layer


def _parse(layer: Layer, path: Path, content: bytes) -> None:
    try:
        text = content.decode().replace("\r\n", "\n")
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        layer.complaints.append(f"{path}:{line}: not UTF-8")
    except ValueError as error:  # TOMLDecodeError, and int() for thousands of digits
        layer.complaints.append(_syntax_complaint(path, text, str(error)))
    else:
        _take_document(layer, path, document, key_lines(text))


def _syntax_complaint(path: Path, text: str, message: str) -> str:
    """Put the line first, which tomllib tells at the end of its message."""
    if place := _PLACE.search(message):
        return f"{path}:{place['line']}: {message[: place.start()]}"
    if end := _END.search(message):
        return f"{path}:{text.rstrip().count(chr(10)) + 1}: {message[: end.start()]}"
    return f"{path}: {message}"


def _take_document(
    layer: Layer, path: Path, document: dict[str, Any], lines: dict[KeyPath, int]
) -> None:
    for key_path, value in sorted(_values(document), key=lambda item: line_of(lines, item[0])):
        origin_of = partial(_origin, path, lines, key_path)
        origin = origin_of(())
        key = as_key(*key_path)
        if option := OPTIONS.get(key):
            layer.take(option, value, origin, origin_of)
        elif key in TABLES:
            layer.reject(origin.subject(key), quoted(value), "a table")
        else:
            layer.refuse(origin.subject(key), key, [*OPTIONS, *TABLES])


def _origin(path: Path, lines: dict[KeyPath, int], outer: KeyPath, inner: KeyPath) -> Origin:
    return Origin(f"{path}:{line_of(lines, outer + inner)}", is_file=True)


def _values(document: dict[str, Any]) -> Iterator[tuple[KeyPath, object]]:
    for name, value in document.items():
        if name in TABLES and isinstance(value, dict):
            for key, inner in value.items():
                yield (name, key), inner
        else:
            yield (name,), value
