"""The listing of a directory as JSON; `docs/listing.md` tells programs what to rely on."""

from typing import Final

import orjson

from filed.files.directories import Entry, Page, Selection
from filed.files.names import Name
from filed.site.pages import figures, names

_TYPES: Final = {False: "file", True: "directory"}


def listing_json(path: bytes, page: Page, selection: Selection) -> bytes:
    """Write a listing as JSON.

    Args:
        path: the directory's path beneath the root, without slashes at its ends.
        page: what to show.
        selection: what was asked for.
    """
    document = {
        "path": names.decoded(Name(path, directory=True).absolute),
        "sort": selection.sort,
        "order": "desc" if selection.descending else "asc",
        "filter": selection.filter,
        "page": page.number,
        "pages": page.pages,
        "total": page.total,
        "complete": not page.cut,
        "entries": [_described(entry) for entry in page.entries],
    }
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def _described(entry: Entry) -> dict[str, str | int | None]:
    moment = figures.moment(entry.mtime_s)
    return {
        "name": names.decoded(entry.name),
        "type": _TYPES[entry.directory],
        "size": None if entry.directory else entry.size_bytes,
        "mtime": moment.iso if moment else None,
        "href": names.link(entry.name, directory=entry.directory),
    }
