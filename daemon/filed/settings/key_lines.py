"""On which line of a TOML document a key stands, which no TOML library tells.

The document has been parsed before, so it is known to be valid. What is left is to cut it into
statements, each a table's header or a key with its value, at those line ends that lie in no string
and no bracket, and to read the key that a statement begins with.
"""

import re
import tomllib
from collections.abc import Iterator
from typing import Final, TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys from the outermost on; an index after the key of an array."""

# TOML 1.0: up to two quotation marks before the three that close a multi-line string are text.
_TOKEN: Final = re.compile(
    r"""
      "{3}(?:\\.|[^\\])*?"{3,5}
    | '{3}.*?'{3,5}
    | "(?:\\.|[^"\\\n])*"
    | '[^'\n]*'
    | \#[^\n]*
    | (?P<open>[\[{])
    | (?P<close>[\]}])
    | (?P<end>\n)
    | [^\[\]{}"'\#\n]+
    """,
    re.VERBOSE | re.DOTALL,
)
_PART: Final = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEY: Final = rf"(?P<key>{_PART}(?:[ \t]*\.[ \t]*{_PART})*)"
_HEADER: Final = re.compile(rf"[ \t]*\[(?P<many>\[?)[ \t]*{_KEY}[ \t]*\]")
_ASSIGNMENT: Final = re.compile(rf"[ \t]*{_KEY}[ \t]*=")


def key_lines(document: str) -> dict[KeyPath, int]:
    """Find the line, counted from 1, where each key and each table first appears.

    Args:
        document: valid TOML, its lines ended by line feeds alone.

    Returns:
        Lines by the whole path of a key; those inside an inline table or an array's brackets are
        not listed.
    """
    lines: dict[KeyPath, int] = {}
    arrays: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for line, statement in _statements(document):
        if header := _HEADER.match(statement):
            path = table = _table(_path(header["key"]), arrays, begins=bool(header["many"]))
        elif assignment := _ASSIGNMENT.match(statement):
            path = table + _path(assignment["key"])
        else:
            continue  # nothing but a comment
        for length in range(1, len(path) + 1):
            lines.setdefault(path[:length], line)
    return lines


def _table(keys: KeyPath, arrays: dict[KeyPath, int], *, begins: bool) -> KeyPath:
    """Place a header's table: beneath an array of tables it belongs to the last of them.

    Args:
        keys: what the header says.
        arrays: how many tables each array has up to here; counted on.
        begins: it begins the next table of an array.
    """
    path: KeyPath = ()
    for depth, key in enumerate(keys, start=1):
        path += (key,)
        if begins and depth == len(keys):
            arrays[path] = arrays.get(path, 0) + 1
        if path in arrays:
            path += (arrays[path] - 1,)
    return path


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int:
    """Look a key up; one inside an inline table stands on the line of the key that holds it.

    Raises:
        KeyError: the document has nothing of the kind.
    """
    holders = (path[:length] for length in range(len(path), 1, -1))
    return next((lines[holder] for holder in holders if holder in lines), lines[path[:1]])


def _statements(document: str) -> Iterator[tuple[int, str]]:
    line, begin, depth = 1, 0, 0
    for token in _TOKEN.finditer(document):
        depth += (token["open"] is not None) - (token["close"] is not None)
        if token["end"] and not depth:
            statement = document[begin : token.end()]
            yield line, statement
            line, begin = line + statement.count("\n"), token.end()
    yield line, document[begin:]


def _path(key: str) -> KeyPath:
    """Read a dotted key as TOML does, quotes and escapes included."""
    value: object = tomllib.loads(f"{key} = 0")
    path = []
    while isinstance(value, dict):
        [(part, value)] = value.items()
        path.append(part)
    return tuple(path)
