"""Text that came from outside, made safe to show: it cannot forge a line or move a cursor."""

import re
from typing import Final

# C0 and C1 controls and DEL: what terminals act on. Line and paragraph separators end a line for
# some readers. Embeddings, overrides and isolates of direction (UAX #9) reorder what follows them.
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_MAPPED: Final = "::ffff:"  # RFC 4291 §2.5.5.2: an IPv4 client on a dual-stack socket


def show(raw: bytes) -> str:
    r"""Decode bytes for people: UTF-8 as it is, anything else and all controls as `\x1b`."""
    text = raw.decode("utf-8", "backslashreplace")
    return _CONTROLS.sub(_escape, text)


def show_text(text: str) -> str:
    """Do the same for text; lone surrogates, as of a path that is not UTF-8 (os.fsdecode), too."""
    return _CONTROLS.sub(_escape, _SURROGATES.sub(_escape_surrogate, text))


def show_client(host: str) -> str:
    """Show an address as accept(2) gave it; IPv4 as such, also from a dual-stack socket."""
    return host.removeprefix(_MAPPED)


def _escape_surrogate(match: re.Match[str]) -> str:
    code = ord(match[0])
    # PEP 383: the bytes that could not be decoded are 0xDC00 up.
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
