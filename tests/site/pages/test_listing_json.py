import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.files.directories import Entry, Page, Selection, Sort
from filed.site.pages import listing_json
from support.html_page import leads_to

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "listing.md"

# What a program may rely on: each key, and the types of its value.
LISTING = {
    "path": str,
    "sort": str,
    "order": str,
    "filter": str,
    "page": int,
    "pages": int,
    "total": int,
    "complete": bool,
    "entries": list,
}
ENTRY = {
    "name": str,
    "type": str,
    "size": int | None,
    "mtime": str | None,
    "href": str,
}

SEGMENTS = st.binary(min_size=1, max_size=20).filter(
    lambda name: b"\0" not in name and b"/" not in name and name not in (b".", b"..")
)
ENTRIES = st.builds(
    Entry, SEGMENTS, st.booleans(), st.integers(0, 2**63 - 1), st.integers(-(2**62), 2**62)
)


def test_a_listing_is_an_object():
    entries = (
        Entry(b"sub", directory=True, size_bytes=4096, mtime_s=0),
        Entry(b"x y", directory=False, size_bytes=123, mtime_s=1_769_862_896),
        Entry(b"\xff\n", directory=False, size_bytes=2**63 - 1, mtime_s=10**18),
    )
    selection = Selection(Sort.SIZE, descending=True, page=2, filter="ü")
    written = listing_json(b"a/b", Page(entries, 2500, 2, 3, cut=True), selection)
    assert written.endswith(b"}\n")
    assert json.loads(written) == {
        "path": "/a/b/",
        "sort": "size",
        "order": "desc",
        "filter": "ü",
        "page": 2,
        "pages": 3,
        "total": 2500,
        "complete": False,
        "entries": [
            {
                "name": "sub",
                "type": "directory",
                "size": None,
                "mtime": "1970-01-01T00:00:00Z",
                "href": "./sub/",
            },
            {
                "name": "x y",
                "type": "file",
                "size": 123,
                "mtime": "2026-01-31T12:34:56Z",
                "href": "./x%20y",
            },
            {
                "name": "\ufffd\n",
                "type": "file",
                "size": 2**63 - 1,
                "mtime": None,
                "href": "./%FF%0A",
            },
        ],
    }


def test_an_empty_root_is_an_object_too():
    listing = json.loads(listing_json(b"", Page((), 0, 1, 1, cut=False), Selection()))
    assert listing == {
        "path": "/",
        "sort": "name",
        "order": "asc",
        "filter": "",
        "page": 1,
        "pages": 1,
        "total": 0,
        "complete": True,
        "entries": [],
    }


@given(st.lists(ENTRIES, max_size=5), st.lists(SEGMENTS, max_size=3), st.text())
def test_whatever_the_names_the_shape_is_the_same_and_links_are_exact(entries, path, text):
    page = Page(tuple(entries), len(entries), 1, 1, cut=False)
    listing = json.loads(listing_json(b"/".join(path), page, Selection(filter=text)))
    assert listing["filter"] == text
    assert_shape(listing, LISTING)
    for shown, entry in zip(listing["entries"], entries, strict=True):
        assert_shape(shown, ENTRY)
        slash = b"/" if entry.directory else b""
        assert leads_to(shown["href"]) == (b"/here/" + entry.name + slash, "")


def assert_shape(value, shape):
    assert value.keys() == shape.keys()
    for key, type_ in shape.items():
        assert isinstance(value[key], type_), key


def test_the_example_in_the_documentation_is_what_is_written():
    (example,) = re.findall(r"```json\n(.*?)```", DOCUMENTATION.read_text("utf-8"), re.DOTALL)
    documented = json.loads(example)
    entries = (
        Entry(b"extras", directory=True, size_bytes=4096, mtime_s=1_769_776_496),
        Entry(b"disk image.iso", directory=False, size_bytes=734_003_200, mtime_s=1_769_862_896),
    )
    selection = Selection(Sort.MTIME, descending=True, filter="s")
    page = Page(entries, 2, 1, 1, cut=False)
    assert documented == json.loads(listing_json(b"releases/2026", page, selection))


@pytest.mark.parametrize("key", [*LISTING, *ENTRY])
def test_each_key_is_documented(key):
    assert f"| `{key}` |" in DOCUMENTATION.read_text("utf-8")
