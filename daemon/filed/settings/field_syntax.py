"""What the text of header fields may be (RFC 9110 §5.1, §5.5 and §8.3.1)."""

import re
from typing import Final

# RFC 9110 §5.6.2 and §5.6.4: token and quoted-string, of which ASCII without controls is taken.
_WORD: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED: Final = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'

_NAME: Final = re.compile(_WORD)
_VALUE: Final = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?")
_MEDIA_TYPE: Final = re.compile(
    rf"(?!\*){_WORD}/(?!\*){_WORD}(?:[ ]*;[ ]*{_WORD}=(?:{_WORD}|{_QUOTED}))*"
)


def is_name(text: str) -> bool:
    """Say whether a field can have this name."""
    return _NAME.fullmatch(text) is not None


def is_value(text: str) -> bool:
    """Say whether a field can have this value: nothing, or printable ASCII without outer spaces.

    Other characters have no encoding that all clients know (RFC 9110 §5.5).
    """
    return _VALUE.fullmatch(text) is not None


def is_media_type(text: str) -> bool:
    """Say whether this is a media type, with or without parameters; `*/*` is none."""
    return _MEDIA_TYPE.fullmatch(text) is not None
