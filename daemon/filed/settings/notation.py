"""How values are written: read from plain text, written as TOML, quoted in a complaint."""

import json
import re
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

_SWITCH_WORDS: Final = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
# Bounded, since int() refuses thousands of digits with an error of its own.
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,30}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")

_QUOTED_CHARACTERS: Final = 80


# What a reader cannot read it hands back as it is: whether a value is right, and what would be, is
# for the model alone to say.


def read_text(text: str) -> object:
    """Take a word of the environment or the command line as it is."""
    return text


def read_switch(text: str) -> object:
    """Read a boolean."""
    return _SWITCH_WORDS.get(text.lower(), text)


def read_whole(text: str) -> object:
    """Read a whole number in decimal digits."""
    return int(text) if _WHOLE.fullmatch(text) else text


def read_number(text: str) -> object:
    """Read a number with or without a fraction."""
    return float(text) if _NUMBER.fullmatch(text) else text


def read_list(text: str) -> object:
    """Read a JSON array, or else words separated by commas: `[::]:80` is not JSON."""
    words = [word.strip() for word in text.split(",")]
    if not text.startswith("["):
        return words
    try:
        return json.loads(text)
    except ValueError:
        return words


def read_json(text: str) -> object:
    """Read JSON; an object that has a name twice is not read."""
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):  # a hundred thousand brackets
        return text


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    items = dict(pairs)
    if len(items) < len(pairs):
        raise ValueError("a name twice")
    return items


def as_toml(value: object) -> str:
    """Write a setting's value as TOML; what has no type there becomes a string."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case tuple():
            return f"[{', '.join(map(as_toml, value))}]"
        case Mapping() | BaseModel():
            items = [f"{as_key(key)} = {as_toml(item)}" for key, item in dict(value).items()]
            return f"{{ {', '.join(items)} }}" if items else "{}"
        case _:
            return escaped(json.dumps(str(value), ensure_ascii=False))


def as_key(*parts: str | int) -> str:
    """Write a dotted TOML key, its parts quoted where they have to be; `[1]` for an index."""
    return "".join(map(_key_part, parts)).removeprefix(".")


def _key_part(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part if _BARE_KEY.fullmatch(part) else as_toml(part)}"


def quoted(value: object) -> str:
    """Quote a wrong value in a complaint: much like JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) <= _QUOTED_CHARACTERS:
        return text
    return text[: _QUOTED_CHARACTERS - 3] + "..."


def is_unicode(value: object) -> bool:
    """Say whether a value can be written; a path that is not UTF-8 cannot (os.fsdecode)."""
    if isinstance(value, tuple):
        return all(map(is_unicode, value))
    return not _SURROGATES.search(str(value))


def escaped(text: str) -> str:
    """Make text safe for one line of a terminal: no line breaks, no escapes, no lone surrogates."""
    return "".join(
        character if character.isprintable() else _escape(character) for character in text
    )


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # PEP 383: a byte that could not be decoded
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
