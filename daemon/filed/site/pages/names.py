"""Names as a page shows and links them: whatever bytes they hold, one cannot pass for another."""

import re
from typing import Final
from urllib.parse import quote_from_bytes

from markupsafe import Markup, escape

# What cannot be seen, or changes where other characters are seen: controls, marks, embeddings,
# overrides and isolates of direction (UAX #9), separators of lines, spaces without width, tags;
# white space where a name begins or ends. The joiners U+200C and U+200D are not among them, since
# scripts and emoji are spelled with them.
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\ufff9-\ufffb\U000e0000-\U000e007f]|\A\s+|\s+\Z"
)


def decoded(name: bytes) -> str:
    """Decode UTF-8; U+FFFD stands for what is none."""
    return name.decode("utf-8", "replace")


def shown(name: bytes) -> str:
    r"""Decode a name for people, with what they could not see as in the log: `\x0a`, `\u202e`."""
    return _UNSEEN.sub(_escaped, decoded(name))


def marked(name: bytes) -> str:
    """Do the same for markup, where an escape is an element and no name can have what looks so."""
    text = decoded(name)
    if text.isprintable() and text == text.strip():
        return text
    return Markup(_UNSEEN.sub(_element, escape(text)))  # noqa: S704 - escaped just here


def link(name: bytes, *, directory: bool) -> str:
    """Write a reference to a directory's entry, relative to the directory.

    It begins with `./`, which keeps a name that holds a colon from being read as an address of its
    own (RFC 3986 §4.2).
    """
    return f"./{quote_from_bytes(name)}/" if directory else f"./{quote_from_bytes(name)}"


def _escaped(match: re.Match[str]) -> str:
    return "".join(map(_escape, match[0]))


def _element(match: re.Match[str]) -> str:
    return f"<i>{_escaped(match)}</i>"


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
