"""Text that came from outside, made safe to show: it cannot forge a line or move a cursor."""

import re
from typing import Final

# C0 and C1 controls and DEL: what terminals act on. Line and paragraph separators end a line for
# some readers. Embeddings, overrides and isolates of direction (UAX #9) reorder what follows them.
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def show(raw: bytes) -> str:
    r"""Decode bytes for people: UTF-8 as it is, anything else and all controls as `\x1b`."""
    text = raw.decode("utf-8", "backslashreplace")
    return _CONTROLS.sub(_escape, text)


def show_undecoded(text: str) -> str:
    """Make text safe that holds lone surrogates, as of a path that is not UTF-8 (os.fsdecode).

    Such text cannot be written; any other is returned as it is.
    """
    if not _SURROGATES.search(text):
        return text
    return _CONTROLS.sub(_escape, _SURROGATES.sub(_escape_surrogate, text))


def _escape_surrogate(match: re.Match[str]) -> str:
    code = ord(match[0])
    # PEP 383: the bytes that could not be decoded are 0xDC00 up.
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
