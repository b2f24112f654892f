"""The listing of a directory as a page for people."""

import dataclasses
from collections.abc import Iterator
from typing import Final, NamedTuple

from filed.files.directories import PAGE_ENTRIES, Entry, Page, Selection, Sort
from filed.files.kinds import Kind, kind_of
from filed.site.pages import figures, names, query, templates
from filed.site.pages.figures import Moment

_TITLES: Final = {Sort.NAME: "Name", Sort.SIZE: "Size", Sort.MTIME: "Modified (UTC)"}
# People look for the largest and the latest; for a name they look from A on.
_DESCENDING_AT_FIRST: Final = {Sort.NAME: False, Sort.SIZE: True, Sort.MTIME: True}
_LABELS: Final = {
    **{kind: kind.capitalize() for kind in Kind},
    Kind.DISK: "Disk image",
    Kind.OTHER: "File",
}
_DIRECTIONS: Final = {False: "ascending", True: "descending"}


class Crumb(NamedTuple):
    """A directory above; the root's name is empty."""

    name: str
    href: str


class Column(NamedTuple):
    """A head of the table; `sorted` is what aria-sort says of it, or empty."""

    title: str
    href: str
    sorted: str


class Row(NamedTuple):
    """An entry; its kind is the id of a symbol, and `label` says what that shows."""

    kind: Kind
    label: str
    href: str
    name: str
    slash: str
    size: str
    exact_size: str
    moment: Moment | None


class Step(NamedTuple):
    """A way to another page; no `href` where there is none that way."""

    title: str
    href: str = ""
    rel: str = ""


def listing_html(path: bytes, page: Page, selection: Selection) -> bytes:
    """Write a listing as HTML.

    Args:
        path: the directory's path beneath the root, without slashes at its ends.
        page: what to show.
        selection: what was asked for.
    """
    segments = path.split(b"/") if path else []
    return templates.LISTING.render(
        path="/".join(["", *map(names.shown, segments), ""]),
        here=names.marked(segments[-1]) if segments else "",
        crumbs=_crumbs(segments),
        indexed=selection == Selection(page=selection.page),
        sort=selection.sort,
        descending=selection.descending,
        filter=selection.filter,
        unfiltered=query.write(Selection(selection.sort, selection.descending)),
        columns=[_column(sort, selection) for sort in Sort],
        rows=map(_row, page.entries),
        pages=page.pages,
        matched=bool(page.entries or not selection.filter),
        summary=_summary(page, selection),
        notes=list(_notes(page, selection)),
        steps=list(_steps(page, selection)),
    ).encode()


def _crumbs(segments: list[bytes]) -> list[Crumb]:
    if not segments:
        return []
    above = ["", *map(names.marked, segments[:-1])]
    return [Crumb(name, "../" * (len(above) - at)) for at, name in enumerate(above)]


def _column(sort: Sort, selection: Selection) -> Column:
    current = sort is selection.sort
    descending = not selection.descending if current else _DESCENDING_AT_FIRST[sort]
    return Column(
        _TITLES[sort],
        query.write(Selection(sort, descending, filter=selection.filter)),
        _DIRECTIONS[selection.descending] if current else "",
    )


def _row(entry: Entry) -> Row:
    kind = kind_of(entry.name, directory=entry.directory)
    size, exact_size = _sizes(entry)
    return Row(
        kind,
        _LABELS[kind],
        names.link(entry.name, directory=entry.directory),
        names.marked(entry.name),
        "/" if entry.directory else "",
        size,
        exact_size,
        figures.moment(entry.mtime_s),
    )


def _sizes(entry: Entry) -> tuple[str, str]:
    if entry.directory:
        return "", ""
    return figures.size(entry.size_bytes), figures.count(entry.size_bytes, "byte", "bytes")


def _summary(page: Page, selection: Selection) -> str:
    if not page.entries:
        return ""
    facts = _span(page) if page.pages > 1 else _counts(page)
    return f"Matching: {facts}" if selection.filter else facts


def _span(page: Page) -> str:
    first = (page.number - 1) * PAGE_ENTRIES + 1
    last = first + len(page.entries) - 1
    return f"{first:,} to {last:,} of {figures.count(page.total, 'entry', 'entries')}"


def _counts(page: Page) -> str:
    files = [entry.size_bytes for entry in page.entries if not entry.directory]
    directories = len(page.entries) - len(files)
    counts = []
    if directories:
        counts.append(figures.count(directories, "directory", "directories"))
    if files:
        counts.append(f"{figures.count(len(files), 'file', 'files')} ({figures.size(sum(files))})")
    return ", ".join(counts)


def _notes(page: Page, selection: Selection) -> Iterator[str]:
    if not page.entries and not selection.filter:
        yield "This directory is empty."
    if page.cut:
        yield "This directory has more entries than the server lists; these are some of them."


def _steps(page: Page, selection: Selection) -> Iterator[Step]:
    def to(title: str, number: int, rel: str = "") -> Step:
        view = dataclasses.replace(selection, page=number)
        return Step(title, query.write(view), rel)

    at_first, at_last = page.number == 1, page.number == page.pages
    yield Step("First") if at_first else to("First", 1)
    yield Step("Previous") if at_first else to("Previous", page.number - 1, "prev")
    yield Step(f"Page {page.number:,} of {page.pages:,}")
    yield Step("Next") if at_last else to("Next", page.number + 1, "next")
    yield Step("Last") if at_last else to("Last", page.pages)
