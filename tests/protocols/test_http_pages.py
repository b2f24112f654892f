from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.http import pages


@dataclass(frozen=True)
class Entry:
    name: bytes
    directory: bool = False
    size_bytes: int = 10
    mtime_s: int = 1_700_000_000


class Page(HTMLParser):
    """What a browser makes of a page: its elements, its links and its text."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.elements = []
        self.links = []
        self.texts = []
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.links += [value for name, value in attrs if name == "href"]
        assert {name for name, _ in attrs} <= {"href", "lang", "charset", "name", "content"}

    def handle_data(self, data):
        self.texts.append(data)


FRAME = {"html", "head", "meta", "title", "body", "h1", "table", "tr", "th", "td", "a", "p"}

NAMES = [
    b"plain.txt",
    b"<script>alert(1)</script>",
    b'"><img src=x onerror=alert(1)>',
    b"' onclick='alert(1)",
    b"&lt;b&gt;",
    b"&amp",
    b"a&b=c",
    b"</title><h1>x",
    b"<!--",
    b"javascript:alert(1)",
    b"http:evil.example",
    b"?query",
    b"#fragment",
    b"%41",
    b"a b",
    b" ",
    b"a\r\nb",
    b"\t",
    b"\x01\x1b[31m",
    b"\xff\xfe",
    b"\\evil",
    "grüße".encode(),
    "\u202efdp.exe".encode(),
    b"{title}",
    b"{0}",
    b"%s",
    b"...",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("directory", [False, True])
def test_a_link_leads_to_its_entry_whatever_its_name(name, directory):
    page = Page(pages.listing(b"", [Entry(name, directory)], cut=False))
    (link,) = page.links
    assert _leads_to(link) == b"/here/" + name + b"/" * directory


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_as_text(name):
    page = Page(pages.listing(name, [Entry(name)], cut=False))
    shown = name.decode("utf-8", "replace")
    assert set(page.elements) <= FRAME
    assert page.texts.count(f"Index of /{shown}/") == 2
    assert shown in page.texts


# What a path can hold: anything but NUL and, in a segment, a slash.
SEGMENTS = st.binary(min_size=1, max_size=20).filter(
    lambda name: b"\0" not in name and b"/" not in name and name not in (b".", b"..")
)


@given(
    st.lists(st.builds(Entry, SEGMENTS, st.booleans()), max_size=5), st.lists(SEGMENTS, max_size=3)
)
def test_no_name_changes_the_page_or_leads_astray(entries, path):
    page = Page(pages.listing(b"/".join(path), entries, cut=False))
    assert set(page.elements) <= FRAME
    assert page.elements.count("a") == len(entries) + bool(path)
    links = page.links[1:] if path else page.links
    for link, entry in zip(links, entries, strict=True):
        assert _leads_to(link) == b"/here/" + entry.name + b"/" * entry.directory


def _leads_to(link):
    parts = urlsplit(urljoin("http://server/here/", link))
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("http", "server", "", "")
    return unquote_to_bytes(parts.path)


def test_a_file_shows_its_size_and_time_and_a_directory_only_its_time():
    page = Page(pages.listing(b"", [Entry(b"file"), Entry(b"dir", directory=True)], cut=False))
    shown = [text for text in page.texts if text.strip()][-5:]
    assert shown == ["file", "10", "2023-11-14 22:13", "dir/", "2023-11-14 22:13"]


@pytest.mark.parametrize("mtime_s", [-(10**18), 10**18, 253_402_300_800, -62_135_596_801])
def test_a_time_that_the_calendar_does_not_have_is_left_out(mtime_s):
    page = Page(pages.listing(b"", [Entry(b"file", mtime_s=mtime_s)], cut=False))
    assert [text for text in page.texts if text.strip()][-1] == "10"


def test_the_parent_is_linked_but_not_from_the_root():
    assert Page(pages.listing(b"a/b", [], cut=False)).links == ["../"]
    assert Page(pages.listing(b"", [], cut=False)).links == []


@pytest.mark.parametrize("cut", [False, True])
def test_a_page_says_when_there_is_more(cut):
    assert (b"more entries" in pages.listing(b"", [Entry(b"a")], cut=cut)) == cut
