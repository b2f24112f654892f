"""Names that try to be something else than names: each is text, and leads to its own file."""

import os
from urllib.parse import quote_from_bytes

import pytest

# A name without its ending, and how it is shown.
NAMES = (
    (b"plain", "plain"),
    (b"<script>window.hit=1;", "<script>window.hit=1;"),
    (b'"><img src=x onerror="window.hit=1">', '"><img src=x onerror="window.hit=1">'),
    (b"' onfocus='window.hit=1' autofocus x='", "' onfocus='window.hit=1' autofocus x='"),
    (b"<svg onload=window.hit=1>", "<svg onload=window.hit=1>"),
    (b"javascript:window.hit=1;", "javascript:window.hit=1;"),
    (b"{{ 7 * 7 }}", "{{ 7 * 7 }}"),
    (b"&amp;", "&amp;"),
    (b"&lt;b&gt;", "&lt;b&gt;"),
    (b"%41", "%41"),
    (b"100%", "100%"),
    (b"what?query=1", "what?query=1"),
    (b"#fragment", "#fragment"),
    (b"http:example.com", "http:example.com"),
    (b"back\\slash", "back\\slash"),
    (b"two  spaces", "two  spaces"),
    (b" in front", "\\x20in front"),
    (b"a\nb", "a\\x0ab"),
    (b"a\r\tb", "a\\x0d\\x09b"),
    (b"\x1b[31m", "\\x1b[31m"),
    (b"\x01<img src=x onerror=window.hit=1>", "\\x01<img src=x onerror=window.hit=1>"),
    ("\u202etxt.exe".encode(), "\\u202etxt.exe"),
    ("שלום עולם".encode(), "שלום עולם"),
    ("مرحبا".encode(), "مرحبا"),
    ("grüße 日本 👩\u200d💻".encode(), "grüße 日本 👩\u200d💻"),
    (b"\xff\xfe", "\ufffd\ufffd"),
    (b"gr\xfc\xdfe", "gr\ufffd\ufffde"),
)
RIGHT_TO_LEFT = "/שלום עולם/مرحبا/עברית/"
BEHIND = b"space behind "  # which is its whole name


@pytest.fixture(scope="module")
def options():
    return ("--http.media_types", '{"space behind ": "text/plain"}')


@pytest.fixture(scope="module")
def tree(root):
    for name, _ in NAMES:
        write(root / "odd", name + b"/" + name + b".txt", name)
        write(root / "files", name + b".txt", name)
    write(root / "files", BEHIND, BEHIND)
    (root / RIGHT_TO_LEFT[1:]).mkdir(parents=True)
    # Which browsers ask for with a text, since it cannot name another.
    (root / "favicon.ico").touch()
    return root


def write(folder, name, content):
    path = folder / os.fsdecode(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"content of " + content.hex().encode())


def content(browser):
    """What is said by the text file that is open."""
    return bytes.fromhex(browser.one("body").text.removeprefix("content of "))


def entry(browser, name):
    return browser.one(f'a[href="./{quote_from_bytes(name)}"]')


def assert_nothing_was_executed(browser):
    assert browser.evaluate("return window.hit === undefined")
    assert browser.all("img, bdi *:not(i), td :not(a, bdi, i, time, svg, use)") == []


@pytest.mark.parametrize(("name", "shown"), NAMES)
def test_a_name_is_shown_as_text_and_a_click_leads_to_what_has_it(browser, page, name, shown):
    page.open("/odd/")
    directory = entry(browser, name + b"/")
    assert directory.get_property("textContent") == f"{shown}/"
    directory.click()
    page.wait_for(f"/odd/{quote_from_bytes(name)}/")
    assert page.names == [f"{shown}.txt"]
    assert browser.read("h1", "element.textContent") == [shown]
    assert browser.read("title", "element.textContent") == [f"/odd/{shown}/"]
    assert_nothing_was_executed(browser)
    entry(browser, name + b".txt").click()
    page.wait_for(f"/odd/{quote_from_bytes(name)}/{quote_from_bytes(name)}.txt")
    assert content(browser) == name


def test_names_that_stand_together_execute_nothing(browser, page):
    for target in ("/odd/", "/files/"):
        page.open(target)
        ends = "/" if target == "/odd/" else ".txt"
        assert {f"{shown}{ends}" for _, shown in NAMES} <= set(page.names)
        assert_nothing_was_executed(browser)


def test_a_space_at_the_end_is_seen_and_kept(browser, page):
    page.open("/files/")
    link = entry(browser, BEHIND)
    assert link.get_property("textContent") == "space behind\\x20"
    link.click()
    page.wait_for("/files/space%20behind%20")
    assert content(browser) == BEHIND


def test_sorting_and_filtering_execute_nothing_either(browser, page):
    page.open("/files/")
    for title in ("Name", "Size", "Name"):
        page.link(title).click()
    page.box.send_keys('"><img src=x onerror="window.hit=1">')
    assert page.names == ['"><img src=x onerror="window.hit=1">.txt']
    page.wait_for("/files/?filter=%22%3E%3Cimg+src%3Dx+onerror%3D%22window.hit%3D1%22%3E")
    page.reload()
    assert page.names == ['"><img src=x onerror="window.hit=1">.txt']
    assert_nothing_was_executed(browser)


def test_names_from_right_to_left_leave_the_way_here_in_its_order(browser, page):
    page.open(quote_from_bytes(RIGHT_TO_LEFT.encode()))
    shown = browser.read("nav li", "element.textContent")
    assert shown[1:] == ["שלום עולם/", "مرحبا/", "עברית/"]
    lefts = browser.read(
        "nav li > :first-child, nav li > span", "element.getBoundingClientRect().left"
    )
    assert lefts == sorted(lefts)
