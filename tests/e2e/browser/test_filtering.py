"""The filter: the page finds by itself what it has, and what it has not it asks the server for."""

import pytest
from selenium.webdriver.common.keys import Keys

NAMES = (
    "alpha.iso",
    "ALPHA.ISO.sig",
    "beta.iso",
    "a b & c + d%.txt",
    "<b>.html",
    "Straße.txt",
    "ΣΊΣΥΦΟΣ.txt",
    "zwei\nzeilen",
    " ends ",
    "caf\u00e9",
)
NOT_UTF_8 = b"\xff\xfe.bin"
FILTERS = (
    *("iso", "ISO", "a.i", ".", " ", " b &", "%", "+", "<b>", "&amp;", "/"),
    *("strasse", "STRASSE", "ß", "σίσυ", "σίσυφος", "ΣΥΦΟΣ", "σίς", "É", "caf\u00e9"),
    *("\ufffd", "\\x0a", "\\x20", "ends ", "sub", "sub/", "nothing has this"),
)


@pytest.fixture(scope="module")
def tree(root):
    folder = root / "here"
    (folder / "sub").mkdir(parents=True)
    for name in (*NAMES, NOT_UTF_8.decode(errors="surrogateescape")):
        (folder / name).touch()
    (root / "empty").mkdir()
    return root


@pytest.fixture
def here(page):
    """The listing, open, with the cursor in the filter."""
    page.open("/here/")
    page.box.click()
    return page


def test_what_is_typed_narrows_the_listing_at_once(here):
    everything = len(here.names)
    here.box.send_keys("iso")
    assert here.names == ["ALPHA.ISO.sig", "alpha.iso", "beta.iso"]
    assert here.summary == f"3 of {everything} shown"
    here.box.send_keys(Keys.BACK_SPACE * 3)
    assert len(here.names) == everything


def test_typing_asks_the_server_for_nothing(here):
    here.box.send_keys("beta")
    here.wait_for("/here/?filter=beta")
    assert here.asked() == ["/here/"]


def test_the_address_follows_what_is_typed(here):
    here.box.send_keys("a b & c + d%")
    here.wait_for("/here/?filter=a+b+%26+c+%2B+d%25")
    seen = here.names
    here.reload()
    assert here.names == seen == ["a b & c + d%.txt"]


def test_the_page_finds_what_the_server_would(here):
    for text in FILTERS:
        here.box.clear()
        here.box.send_keys(text)
        here.box.send_keys(Keys.ENTER)
        assert here.address != "/here/"
        assert here.links == here.links_of_the_server(here.address), text


def test_sorting_and_filtering_go_together(here):
    here.box.send_keys("iso")
    here.link("Name").click()
    assert here.names == ["beta.iso", "alpha.iso", "ALPHA.ISO.sig"]
    assert here.address == "/here/?order=desc&filter=iso"
    here.box.clear()
    here.box.send_keys("beta")
    here.wait_for("/here/?order=desc&filter=beta")


def test_nothing_that_matches_is_told(browser, here):
    here.box.send_keys("nothing has this")
    assert here.names == []
    assert browser.one("#unmatched").is_displayed()
    here.box.send_keys(Keys.ESCAPE)
    assert not browser.one("#unmatched").is_displayed()


def test_an_empty_directory_is_told_and_stays_empty_whatever_is_typed(browser, page):
    page.open("/empty/")
    page.box.send_keys("x")
    shown = [note.text for note in browser.all(".note") if note.is_displayed()]
    assert shown == ["This directory is empty."]


def test_a_slash_leads_to_the_filter_and_is_a_slash_within(browser, page):
    page.open("/here/?filter=iso")
    browser.press("/")
    assert browser.focused == page.box
    browser.press("x", "/")
    assert page.box.get_property("value") == "x/"  # what stood there was selected, so replaced


def test_escape_clears_the_filter_and_then_leaves_it(browser, here):
    everything = here.names
    browser.press(*"beta", Keys.ESCAPE)
    assert (here.names, here.box.get_property("value")) == (everything, "")
    assert browser.focused == here.box
    browser.press(Keys.ESCAPE)
    assert browser.focused != here.box


def test_enter_leads_to_the_first_match_and_once_more_opens_it(browser, here):
    browser.press(*"beta", Keys.ENTER)
    assert here.address == "/here/?filter=beta"  # at once, for those who go on at once
    assert browser.focused.text == "beta.iso"
    assert here.asked() == ["/here/"]
    assert browser.focused.get_property("href").endswith("/here/beta.iso")


def test_enter_in_an_empty_filter_makes_no_second_address_of_the_view(browser, here):
    browser.press(Keys.ENTER)
    assert here.address == "/here/"
    assert browser.focused.text == "sub/"


def test_a_filter_in_the_address_stands_in_the_box_and_can_be_left(page):
    page.open("/here/?sort=size&filter=iso")
    assert page.box.get_property("value") == "iso"
    assert page.summary == "Matching: 3 files (0 B)"
    page.link("Show all").click()
    page.wait_for("/here/?sort=size")


def test_what_the_server_has_left_out_is_asked_for(browser, page):
    page.open("/here/?filter=iso")
    page.box.click()
    page.box.send_keys(Keys.END, ".sig")
    assert page.names == ["ALPHA.ISO.sig"]
    page.wait_for("/here/?filter=iso.sig")
    page.box.clear()
    page.box.send_keys("txt", Keys.ENTER)
    page.wait_for("/here/?filter=txt")
    assert len(page.names) == 3
    browser.press("/", Keys.ESCAPE)
    page.wait_for("/here/")
    assert page.asked() == ["/here/?filter=iso", "/here/?filter=txt", "/here/"]


def test_whoever_comes_back_finds_what_they_had_filtered(browser, here):
    browser.press(*"su", Keys.ENTER, Keys.ENTER)
    here.wait_for("/here/sub/")
    here.back()
    here.wait_for("/here/?filter=su")
    assert here.names == ["sub/"]
