"""Text that came from outside, made safe to show: it cannot forge a line or move a cursor."""

import re
from typing import Final

# C0 and C1 controls and DEL: what terminals act on. Line and paragraph separators end a line for
# some readers.
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def show(raw: bytes) -> str:
    r"""Decode bytes for people: UTF-8 as it is, anything else and all controls as `\x1b`."""
    text = raw.decode("utf-8", "backslashreplace")
    return _CONTROLS.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
