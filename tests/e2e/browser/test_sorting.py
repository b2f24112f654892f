"""Sorting by a click: what the page does by itself is what the server would do."""

import os

import pytest

from support.served_tree import MTIME_S

# Names between which the order of bytes and that of people differ, sizes and times that are equal.
_FILES = (
    (b"Zebra", 10, 5),
    (b"apple", 10, 5),
    (b"apple-2", 999, 1),
    (b"apple.1", 1_000, 2),
    (b"b", 0, 9),
    (b"a\xff", 123_456, 3),
    ("a\u00fc".encode(), 123_456, 3),
    ("\U0001f600".encode(), 7, 0),
    ("\uff5e".encode(), 7, 0),
    (b"%41", 5_000_000_000, 4),
    (b"x y", 2, 8),
)
_DIRECTORIES = ((b"v1.0", 3), (b"v1.0-rc1", 2), (b"v1.0+b", 1), (b"v1", 1), (b"w", 9))
CLICKS = ("Name", "Name", "Size", "Size", "Modified (UTC)", "Modified (UTC)", "Size", "Name")


@pytest.fixture(scope="module")
def tree(root):
    folder = root / "mixed"
    folder.mkdir()
    for name, size_bytes, time in _FILES:
        path = folder / os.fsdecode(name)
        path.touch()
        os.truncate(path, size_bytes)
        os.utime(path, (MTIME_S + time, MTIME_S + time))
    for name, time in _DIRECTORIES:
        path = folder / os.fsdecode(name)
        path.mkdir()
        os.utime(path, (MTIME_S + time, MTIME_S + time))
    return root


def test_each_click_sorts_as_the_server_does_for_the_address_that_is_then_shown(page):
    page.open("/mixed/")
    addresses = []
    for title in CLICKS:
        page.link(title).click()
        addresses.append(page.address)
        assert page.links == page.links_of_the_server(page.address), page.address
    assert addresses == [
        "/mixed/?order=desc",
        "/mixed/",
        "/mixed/?sort=size&order=desc",
        "/mixed/?sort=size",
        "/mixed/?sort=mtime&order=desc",
        "/mixed/?sort=mtime",
        "/mixed/?sort=size&order=desc",
        "/mixed/",
    ]


def test_a_click_on_a_head_asks_the_server_for_nothing(page):
    page.open("/mixed/")
    for title in CLICKS:
        page.link(title).click()
    assert page.asked() == ["/mixed/"]


@pytest.mark.parametrize("title", ["Name", "Size", "Modified (UTC)"])
def test_a_reload_shows_the_same_view(page, title):
    page.open("/mixed/")
    for _ in range(2):
        page.link(title).click()
        view = page.address, page.names, page.heads
        page.reload()
        assert (page.address, page.names, page.heads) == view


def test_a_head_says_in_which_direction_it_sorts(page):
    page.open("/mixed/")
    for direction in ("descending", "ascending", "descending"):
        page.link("Size").click()
        assert [said for said, _ in page.heads] == [None, direction, None]


def test_whoever_comes_back_finds_the_order_that_they_left(page):
    page.open("/mixed/")
    page.link("Size").click()
    sorted_by_size = page.names
    page.link("v1/").click()
    page.wait_for("/mixed/v1/")
    page.back()
    page.wait_for("/mixed/?sort=size&order=desc")
    assert page.names == sorted_by_size


def test_sorting_leaves_no_steps_in_the_history(page):
    page.open("/")
    page.open("/mixed/")
    for title in CLICKS:
        page.link(title).click()
    page.back()
    page.wait_for("/")


def test_a_click_for_another_tab_is_left_to_the_browser(browser, page):
    page.open("/mixed/")
    prevented = browser.evaluate("""
        const click = new MouseEvent("click", {ctrlKey: true, bubbles: true, cancelable: true});
        let prevented;
        addEventListener("click", event => {
            prevented = event.defaultPrevented;
            event.preventDefault();
        }, {once: true});
        document.querySelectorAll("th a")[1].dispatchEvent(click);
        return prevented;
    """)
    assert (prevented, page.address) == (False, "/mixed/")
