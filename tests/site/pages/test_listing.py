import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.files.directories import Entry, Page, Selection, Sort
from filed.files.kinds import Kind
from filed.site.pages import listing_html, names, query
from support.html_page import entry_rows, leads_to, read_page

DEFAULT = Selection()
TIME_S = 1_769_862_896

NAMES = [
    b"plain.txt",
    b"<script>alert(1)</script>",
    b'"><img src=x onerror=alert(1)>',
    b"' onclick='alert(1)",
    b"&lt;b&gt;",
    b"&amp",
    b"</title><h1>x",
    b"</style></script>",
    b"<!--",
    b"]]>",
    b"javascript:alert(1)",
    b"http:evil.example",
    b"?query",
    b"#fragment",
    b"%41",
    b"a b",
    b" ",
    b"a\r\nb",
    b"\x01\x1b[31m",
    b"\xff\xfe",
    b"\\evil",
    "grüße".encode(),
    "\u202efdp.exe".encode(),
    b"{{ 7 * 7 }}",
    b"{% raw %}",
    b"{title}",
    b"%s",
    b"...",
]
# What a segment of a path can be.
SEGMENTS = (st.binary(min_size=1, max_size=20) | st.sampled_from(NAMES)).filter(
    lambda name: b"\0" not in name and b"/" not in name and name not in (b".", b"..")
)
ENTRIES = st.builds(
    Entry, SEGMENTS, st.booleans(), st.integers(0, 2**63 - 1), st.integers(-(2**62), 2**62)
)
FILTERS = st.text(max_size=10) | st.sampled_from([name.decode("latin-1") for name in NAMES])
SELECTIONS = st.builds(Selection, st.sampled_from(Sort), st.booleans(), filter=FILTERS)


def file(name=b"file", size_bytes=10, mtime_s=TIME_S):
    return Entry(name, directory=False, size_bytes=size_bytes, mtime_s=mtime_s)


def directory(name=b"directory", mtime_s=TIME_S):
    return Entry(name, directory=True, size_bytes=4096, mtime_s=mtime_s)


def page_of(*entries, total=None, number=1, pages=1, cut=False):
    return Page(entries, len(entries) if total is None else total, number, pages, cut)


def listed(*entries, path=b"here", selection=DEFAULT, **page):
    return read_page(listing_html(path, page_of(*entries, **page), selection))


def cells(row):
    return [cell.text for cell in row.all("td")]


def links(element):
    return [link.attributes["href"] for link in element.all("a")]


def heads(page):
    return [
        (head.text, head.one("a").attributes["href"], head.attributes.get("aria-sort"))
        for head in page.all("th", scope="col")
    ]


def summary(page):
    return page.one("span", id="summary").text


def notes(page):
    return [note.text for note in page.all("p") if "hidden" not in note.attributes][1:]


# What an entry is.


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", [file, directory])
def test_a_link_leads_to_its_entry_whatever_its_name(name, make):
    (row,) = entry_rows(listed(make(name)))
    slash = b"/" if make is directory else b""
    link = row.one("a").attributes["href"]
    assert link.startswith("./")
    assert leads_to(link) == (b"/here/" + name + slash, "")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_as_text(name):
    above = name.replace(b"/", b"|")
    page = listed(file(name), path=above)
    (row,) = entry_rows(page)
    assert row.one("bdi").text == names.shown(name)
    assert page.one("h1").text == names.shown(above)
    assert page.one("title").text == f"/{names.shown(above)}/"


def test_a_file_shows_its_size_and_time_with_the_exact_ones_beside():
    (row,) = entry_rows(listed(file(b"x.iso", 1_234_567)))
    assert cells(row) == ["x.iso", "1.18 MiB", "2026-01-31 12:34"]
    assert row.all("td")[1].attributes == {"title": "1,234,567 bytes"}
    assert row.one("time").attributes == {
        "datetime": "2026-01-31T12:34:56Z",
        "title": "2026-01-31 12:34:56 UTC",
    }


def test_a_directory_shows_its_time_and_ends_in_a_slash():
    (row,) = entry_rows(listed(directory(b"sub")))
    assert cells(row) == ["sub/", "", "2026-01-31 12:34"]
    assert row.all("td")[1].attributes == {}


@pytest.mark.parametrize("mtime_s", [-(10**18), 10**18, 253_402_300_800, -62_135_596_801])
def test_a_time_that_no_calendar_has_is_left_out(mtime_s):
    (row,) = entry_rows(listed(file(mtime_s=mtime_s)))
    assert cells(row) == ["file", "10 B", ""]


def test_entries_stand_in_the_order_in_which_they_are_given():
    page = listed(directory(b"z"), directory(b"a"), file(b"y"), file(b"b"))
    assert [cells(row)[0] for row in entry_rows(page)] == ["z/", "a/", "y", "b"]


@pytest.mark.parametrize(
    ("entry", "kind", "label"),
    [
        (directory(b"x.iso"), "directory", "Directory"),
        (file(b"x.tar.gz"), "archive", "Archive"),
        (file(b"x.iso"), "disk", "Disk image"),
        (file(b"x"), "other", "File"),
    ],
)
def test_an_icon_tells_the_kind_also_to_those_who_do_not_see_it(entry, kind, label):
    (row,) = entry_rows(listed(entry))
    assert row.one("svg").attributes == {"role": "img", "aria-label": label}
    assert row.one("use").attributes == {"href": f"#{kind}"}


def test_there_is_a_symbol_for_each_kind_and_each_use_has_one():
    page = listed(file(), directory())
    symbols = {symbol.attributes["id"] for symbol in page.all("symbol")}
    assert set(Kind) <= symbols
    assert {use.attributes["href"] for use in page.all("use")} <= {f"#{each}" for each in symbols}


# Where it lies.


@pytest.mark.parametrize(
    ("path", "crumbs", "here"),
    [
        (b"", [], ""),
        (b"a", ["/"], "a"),
        (b"a/b/c d", ["/", "/a/", "/a/b/"], "c d"),
    ],
)
def test_each_directory_above_is_linked(path, crumbs, here):
    page = listed(path=path)
    nav = page.one("nav")
    address = f"/{path.decode()}/" if path else "/"
    assert [leads_to(link, address)[0].decode() for link in links(nav)] == crumbs
    assert nav.one("h1").text == here
    assert page.one("title").text == address


def test_a_crumb_stays_beneath_what_a_proxy_puts_before_the_path():
    nav = listed(path=b"a/b").one("nav")
    assert [leads_to(link, "/files/a/b/")[0] for link in links(nav)] == [b"/files/", b"/files/a/"]


def test_the_parent_is_linked_but_not_from_the_root():
    (up,) = listed(path=b"a/b").all("tr", **{"class": "up"})
    assert links(up) == ["../"]
    assert listed(path=b"").all("tr", **{"class": "up"}) == []


# What else is said.


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([], ""),
        ([file()], "1 file (10 B)"),
        ([directory()], "1 directory"),
        ([directory(), directory(), *[file(size_bytes=2000)] * 1000], "2 directories, 1,000 files"),
    ],
)
def test_a_line_sums_up_what_is_shown(entries, said):
    assert summary(listed(*entries)).startswith(said)


def test_a_page_of_many_says_which_entries_it_shows():
    page = listed(*[file()] * 500, total=2500, number=3, pages=3)
    assert summary(page) == "2,001 to 2,500 of 2,500 entries"


def test_a_filter_is_told_and_can_be_left():
    page = listed(file(), selection=Selection(Sort.SIZE, descending=True, filter="f"))
    assert summary(page) == "Matching: 1 file (10 B)"
    (leave,) = page.one("p", **{"class": "facts"}).all("a")
    assert leave.attributes["href"] == "./?sort=size&order=desc"


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (listed(file()), []),
        (listed(), ["This directory is empty."]),
        (listed(selection=Selection(filter="x")), ["Nothing here matches the filter."]),
        (
            listed(file(), cut=True),
            ["This directory has more entries than the server lists; these are some of them."],
        ),
    ],
)
def test_a_listing_without_entries_or_with_too_many_says_so(page, said):
    assert notes(page) == said


# What leads to other views.


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (
            DEFAULT,
            [
                ("Name", "./?order=desc", "ascending"),
                ("Size", "./?sort=size&order=desc", None),
                ("Modified (UTC)", "./?sort=mtime&order=desc", None),
            ],
        ),
        (
            Selection(Sort.SIZE, descending=True, page=3, filter="x"),
            [
                ("Name", "./?filter=x", None),
                ("Size", "./?sort=size&filter=x", "descending"),
                ("Modified (UTC)", "./?sort=mtime&order=desc&filter=x", None),
            ],
        ),
    ],
)
def test_a_head_sorts_by_its_column_and_the_current_one_reverses(selection, expected):
    assert heads(listed(file(), selection=selection, number=3, pages=3)) == expected


@pytest.mark.parametrize(
    ("number", "steps"),
    [
        (1, ["First", "Previous", "Page 1 of 3", ("Next", 2), ("Last", 3)]),
        (2, [("First", 1), ("Previous", 1), "Page 2 of 3", ("Next", 3), ("Last", 3)]),
        (3, [("First", 1), ("Previous", 2), "Page 3 of 3", "Next", "Last"]),
    ],
)
def test_a_pager_leads_to_the_other_pages_of_the_same_view(number, steps):
    selection = Selection(Sort.MTIME, descending=False, page=number, filter="a b")
    pager = listed(file(), selection=selection, number=number, pages=3).one("nav", id="pager")
    shown = [
        (each.text, query.read(each.attributes["href"][3:].encode()).selection)
        if each.tag == "a"
        else each.text
        for each in pager.walk()
    ]
    assert shown == [
        step if isinstance(step, str) else (step[0], Selection(Sort.MTIME, False, step[1], "a b"))
        for step in steps
    ]


def test_one_page_has_no_pager():
    assert listed(file()).all("nav", id="pager") == []


def test_what_is_linked_is_finite_and_no_crawler_is_led_into_orders():
    """wget -r follows links, but none of a page that asks robots not to."""
    asked, pending = set(), ["./"]
    while pending:
        address = pending.pop()
        if address in asked:
            continue
        asked.add(address)
        selection, _ = query.read(address.partition("?")[2].encode())
        page = listed(file(), path=b"", selection=selection, number=selection.page, pages=3)
        if not page.all("meta", name="robots", content="noindex, nofollow"):
            pending += [link for link in links(page) if link != "./file"]
    pages = {"./", "./?page=2", "./?page=3"}
    assert asked == pages | {
        "./?order=desc",
        "./?sort=size&order=desc",
        "./?sort=mtime&order=desc",
    }


@given(SELECTIONS)
def test_the_form_asks_for_the_same_order_in_the_canonical_way(selection):
    form = listed(file(), selection=selection).one("form")
    assert form.attributes["action"] == "./"
    sent = [
        (each.attributes["name"], each.attributes["value"])
        for each in form.all("input")
        if each.attributes["value"]
    ]
    order = [("sort", selection.sort)] if selection.sort is not Sort.NAME else []
    order += [("order", "desc")] if selection.descending else []
    order += [("filter", selection.filter)] if selection.filter else []
    assert sent == order


# Whatever there is.


@given(st.lists(ENTRIES, max_size=5), st.lists(SEGMENTS, max_size=3), SELECTIONS)
def test_no_name_and_no_filter_changes_the_page_or_leads_astray(entries, path, selection):
    page = listed(*entries, path=b"/".join(path), selection=selection)
    plain = listed(
        *[file() if not entry.directory else directory() for entry in entries],
        path=b"/".join([b"x"] * len(path)),
        selection=Selection(
            selection.sort, selection.descending, filter="x" * len(selection.filter)
        ),
    )
    assert shape(page) == shape(plain)
    for row, entry in zip(entry_rows(page), entries, strict=True):
        slash = b"/" if entry.directory else b""
        assert leads_to(row.one("a").attributes["href"]) == (b"/here/" + entry.name + slash, "")


def shape(page):
    """The elements and names of attributes, but for escapes within names and times left out."""
    return [(each.tag, *each.attributes) for each in page.walk() if each.tag not in {"i", "time"}]


def test_a_row_takes_little_beside_its_name():
    def size_bytes(count):
        entries = [file(b"%09d.tar.zst" % at, 1_234_567_890) for at in range(count)]
        return len(listing_html(b"", page_of(*entries), DEFAULT))

    name_bytes = 2 * len("000000000.tar.zst")
    assert (size_bytes(110) - size_bytes(10)) / 100 - name_bytes <= 250
