"""Keys alone: all can be reached, where one is can be seen, and there are ways that are shorter."""

import pytest
from selenium.webdriver.common.keys import Keys

# What the focus may change, of an element or of what is drawn over it.
_LOOKS = """
const looks = element => ["", "::after"].map(part => {
    const style = getComputedStyle(element, part);
    return [style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow].join();
}).join();
"""
_REACHABLE = _LOOKS + "return [...document.querySelectorAll('a, input, button')].map(looks);"
_FOCUSED = (
    _LOOKS
    + """
const all = [...document.querySelectorAll("a, input, button")];
return [all.indexOf(document.activeElement), looks(document.activeElement)];
"""
)


@pytest.fixture(scope="module")
def tree(root):
    folder = root / "above" / "here"
    folder.mkdir(parents=True)
    (folder / "dir").mkdir()
    for name in ("a.txt", "b.txt", "c.txt"):
        (folder / name).write_text("text")
    return root


@pytest.fixture
def here(page):
    page.open("/above/here/")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_tab_reaches_everything_in_its_order_and_shows_where_it_is(browser, here, scheme):
    browser.look(prefers_color_scheme=scheme)
    without_focus = browser.evaluate(_REACHABLE)
    reached = []
    for _ in without_focus:
        browser.press(Keys.TAB)
        at, look = browser.evaluate(_FOCUSED)
        reached.append(at)
        assert look != without_focus[at], browser.focused.text
    assert reached == list(range(len(without_focus)))
    assert len(here.names) == 4


@pytest.mark.usefixtures("here")
def test_j_and_k_go_through_the_entries(browser):
    seen = []
    for key in "jjjjjkkkkk":
        browser.press(key)
        seen.append(browser.focused.accessible_name)
    assert seen[:5] == ["dir/", "a.txt", "b.txt", "c.txt", "c.txt"]
    assert seen[5:] == ["b.txt", "a.txt", "dir/", "Parent directory", "Filter by name"]


def test_arrows_go_on_from_an_entry_or_from_the_filter(browser, here):
    here.box.click()
    seen = []
    for key in (Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP, Keys.ARROW_DOWN):
        browser.press(key)
        seen.append(browser.focused.text)
    assert seen == ["dir/", "a.txt", "dir/", "a.txt"]


def test_arrows_scroll_as_long_as_nothing_has_the_focus(browser, here):
    browser.press(Keys.ARROW_DOWN)
    assert browser.focused.tag_name == "body"
    assert here.address == "/above/here/"


@pytest.mark.usefixtures("here")
def test_keys_skip_what_the_filter_hides(browser):
    browser.press("/", *"c.txt", Keys.ARROW_DOWN)
    assert browser.focused.text == "c.txt"
    browser.press("k")
    assert browser.focused.text == "Parent directory"


def test_u_leads_up_to_the_root_and_no_further(browser, here):
    for address in ("/above/", "/"):
        browser.press("u")
        here.wait_for(address)
    browser.press("u")
    assert here.address == "/"


def test_letters_in_the_filter_are_letters(browser, here):
    here.box.click()
    browser.press(*"ujk")
    assert (here.address, here.box.get_property("value")) == ("/above/here/", "ujk")


@pytest.mark.parametrize("modifier", [Keys.CONTROL, Keys.ALT])
def test_keys_with_a_modifier_are_the_browsers(browser, here, modifier):
    browser.focused.send_keys(modifier, "u", "j")
    assert browser.focused.tag_name == "body"
    assert here.address == "/above/here/"


def test_enter_on_an_entry_opens_it(browser, here):
    browser.press("j", Keys.ENTER)
    here.wait_for("/above/here/dir/")
