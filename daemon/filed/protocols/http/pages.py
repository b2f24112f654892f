"""The listing of a directory as HTML: plain for now, and safe whatever the names hold."""

import html
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Protocol
from urllib.parse import quote_from_bytes

from filed.protocols.http.dates import EXPRESSIBLE

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Index of {title}</title>
</head>
<body>
<h1>Index of {title}</h1>
<table>
<tr><th>Name</th><th>Size</th><th>Modified (UTC)</th></tr>
{rows}
</table>
{note}</body>
</html>
"""


class Entry(Protocol):
    """What a page needs to know of a file."""

    @property
    def name(self) -> bytes: ...
    @property
    def directory(self) -> bool: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def mtime_s(self) -> int: ...


def listing(path: bytes, entries: Iterable[Entry], *, cut: bool) -> bytes:
    """Render a directory.

    Args:
        path: the directory's path beneath the root, without slashes at its ends.
        entries: what lies in it, in the order to show.
        cut: there is more than is shown.
    """
    rows = [_row(entry) for entry in entries]
    if path:
        rows.insert(0, '<tr><td><a href="../">../</a></td><td></td><td></td></tr>')
    note = "<p>This directory has more entries than are shown here.</p>\n" if cut else ""
    title = _text(b"/" + path + b"/" if path else b"/")
    return _PAGE.format(title=title, rows="\n".join(rows), note=note).encode()


def _row(entry: Entry) -> str:
    slash = b"/" if entry.directory else b""
    # "./" keeps a name that holds a colon from being read as a URL of its own (RFC 3986 §4.2).
    link = "./" + quote_from_bytes(entry.name + slash)
    size = "" if entry.directory else str(entry.size_bytes)
    return (
        f'<tr><td><a href="{link}">{_text(entry.name + slash)}</a></td>'
        f"<td>{size}</td><td>{_time(entry.mtime_s)}</td></tr>"
    )


def _text(name: bytes) -> str:
    return html.escape(name.decode("utf-8", "replace"))


def _time(mtime_s: int) -> str:
    if mtime_s not in EXPRESSIBLE:
        return ""
    return f"{datetime.fromtimestamp(mtime_s, UTC):%Y-%m-%d %H:%M}"
