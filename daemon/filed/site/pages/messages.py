"""What is said of an error: a line of text, a page or a JSON object."""

from collections.abc import Callable
from typing import Final

import orjson

from filed.protocols.http import heads
from filed.protocols.messages import Format
from filed.site.pages import templates

# Where to go from an error: words and a reference relative to the address that was asked for, of
# which nothing is known here, least of all what a proxy has cut off before it.
_ANCHORS: Final = (("This directory", "./"), ("One directory up", "../"))
_AGAIN: Final = (("Try again", ""),)
_WAYS: Final = {400: _ANCHORS, 403: _ANCHORS, 404: _ANCHORS, 500: _AGAIN, 503: _AGAIN}


def message(status: int, words: str, format: Format) -> bytes:  # noqa: A002 - it is one
    """Write the body of an error's answer.

    Args:
        status: HTTP's status code.
        words: a sentence for the client.
        format: what to write it in.
    """
    return _WRITERS[format](status, heads.phrase(status), words)


def _text(status: int, phrase: str, words: str) -> bytes:
    return f"{status} {phrase}: {words}\n".encode()


def _html(status: int, phrase: str, words: str) -> bytes:
    return templates.MESSAGE.render(
        status=status, phrase=phrase, words=words, ways=_WAYS.get(status, ())
    ).encode()


def _json(status: int, phrase: str, words: str) -> bytes:
    said = {"status": status, "error": phrase, "message": words}
    return orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)


_WRITERS: Final[dict[Format, Callable[[int, str, str], bytes]]] = {
    Format.TEXT: _text,
    Format.HTML: _html,
    Format.JSON: _json,
}
