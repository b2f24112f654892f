"""A directory of 100,000 entries: everything goes on working, a page of 1,000 at a time."""

import os

import pytest
from selenium.webdriver.common.keys import Keys

from support.many import MANY, make_many

ON_A_PAGE = 1000
LARGEST = ("0031337.bin", "0099999.bin", "0000007.bin")
LAST = [f"{number:07}.bin" for number in range(MANY - ON_A_PAGE, MANY)]


@pytest.fixture(scope="module")
def tree(root):
    folder = make_many(root / "many")
    for size, name in enumerate(reversed(LARGEST), start=1):
        os.truncate(folder / name, size * 1000)
    return root


@pytest.fixture
def page(browser, page):
    """The page; it never has more than its thousand rows."""
    yield page
    assert len(browser.all("#entries tbody tr")) <= ON_A_PAGE + 1  # and the way up


def test_the_first_page_says_what_it_shows_of_how_much(page):
    page.open("/many/")
    assert page.summary == "1 to 1,000 of 100,000 entries"
    assert page.names[0] == "0000000.bin"
    assert len(page.names) == ON_A_PAGE


def test_the_pager_leads_on_and_to_the_ends(page):
    page.open("/many/")
    for step, address, first in (
        ("Next", "/many/?page=2", "0001000.bin"),
        ("Next", "/many/?page=3", "0002000.bin"),
        ("Previous", "/many/?page=2", "0001000.bin"),
        ("Last", "/many/?page=100", "0099000.bin"),
        ("First", "/many/", "0000000.bin"),
    ):
        page.link(step).click()
        page.wait_for(address)
        assert page.names[0] == first


def test_the_last_page_ends_with_the_last_entry(page):
    page.open("/many/?page=100")
    assert page.names == LAST
    assert page.summary == "99,001 to 100,000 of 100,000 entries"


def test_a_click_on_a_head_has_the_server_sort_all_pages(page):
    page.open("/many/?page=3")
    page.link("Size").click()
    page.wait_for("/many/?sort=size&order=desc")
    assert page.names[:4] == [*LARGEST, "0099998.bin"]
    page.link("Size").click()
    page.wait_for("/many/?sort=size")
    assert page.names[:2] == ["0000000.bin", "0000001.bin"]
    assert page.asked() == ["/many/?page=3", "/many/?sort=size&order=desc", "/many/?sort=size"]


def test_typing_finds_on_the_page_and_enter_on_all_of_them(browser, page):
    page.open("/many/?sort=size")
    browser.press("/", *"313")
    assert page.names == ["0000313.bin"]
    assert page.summary == "1 of 1,000 shown; Enter looks through all"
    assert page.address == "/many/?sort=size"
    browser.press(Keys.ENTER)
    page.wait_for("/many/?sort=size&filter=313")
    assert page.summary == "Matching: 299 files (2.93 KiB)"
    assert page.names[-1] == LARGEST[0]


def test_what_is_not_on_this_page_is_not_said_to_be_nowhere(browser, page):
    page.open("/many/")
    browser.press("/", *"0099999")
    assert page.names == []
    assert not browser.one("#unmatched").is_displayed()
    assert page.summary == "0 of 1,000 shown; Enter looks through all"


def test_what_is_filtered_has_pages_of_its_own(browser, page):
    page.open("/many/?filter=9.bin")
    assert page.summary == "Matching: 1 to 1,000 of 10,000 entries"
    page.link("Last").click()
    page.wait_for("/many/?filter=9.bin&page=10")
    assert page.names[-1] == "0099999.bin"
    browser.press("/", Keys.ESCAPE)
    page.wait_for("/many/")


def test_an_empty_filter_leads_back_to_all(browser, page):
    page.open("/many/?filter=00999&page=1")
    browser.press("/", Keys.BACK_SPACE, Keys.ENTER)
    page.wait_for("/many/")


def test_keys_go_through_a_whole_page(browser, page):
    page.open("/many/?page=100")
    browser.press("k", "j")
    assert browser.focused.text == LAST[0]
    browser.evaluate("document.querySelector('#entries tbody tr:last-child a').focus()")
    browser.press("k")
    assert browser.focused.text == LAST[-2]
