"""How the pages look: readable in light and dark, on paper, and on the narrowest telephone."""

import pytest

from support.contrast import ENOUGH, contrasts

LONG = "long" * 50
GROUND = "getComputedStyle(element).backgroundColor"
# Each state of the pages that has colours of its own.
STATES = ("/here/", "/here/?filter=a", "/here/?filter=nothing", "/empty/", "/here/?page=x")


@pytest.fixture(scope="module")
def tree(root):
    folder = root / "here"
    (folder / "dir").mkdir(parents=True)
    for name in ("a.txt", "b\n.iso", LONG, f"{LONG[:100]} {LONG[100:]}"):
        (folder / name).touch()
    (root / "empty").mkdir()
    (root / LONG / LONG).mkdir(parents=True)
    many = root / "many"
    many.mkdir()
    for number in range(1001):
        (many / f"{number:05}").touch()
    return root


@pytest.fixture
def browser(browser):
    """The browser; it tells of each page that is no success, which is asked for here."""
    yield browser
    told = browser.complaints()
    assert all(" status of 400 " in each for each in told), told


@pytest.mark.parametrize("state", STATES)
def test_all_text_can_be_read(browser, page, state):
    page.open(state)
    if browser.all("#entries"):
        browser.press("j")  # the entry that has the focus stands on another ground
    for scheme in ("light", "dark"):
        browser.look(prefers_color_scheme=scheme)
        found = contrasts(browser)
        assert len(found) > 3
        assert min(found)[0] >= ENOUGH, (scheme, min(found))


def test_dark_is_dark_and_light_is_light(browser, page):
    page.open("/here/")
    grounds = {}
    for scheme in ("light", "dark"):
        browser.look(prefers_color_scheme=scheme)
        (color,) = browser.read("body", GROUND)
        grounds[scheme] = sum(map(int, color.removeprefix("rgb(").rstrip(")").split(", ")))
    assert grounds["light"] > 3 * 200 > 3 * 50 > grounds["dark"]


@pytest.mark.parametrize(
    "target", ["/here/", "/many/?page=2", f"/{LONG}/{LONG}/", "/empty/", "/here/?page=x"]
)
def test_nothing_is_wider_than_the_window(browser, page, target):
    page.open(target)
    for width in (320, 641, 1024):
        browser.look(width)
        sizes = "[element.clientWidth, element.scrollWidth]"
        assert browser.read(":root", sizes) == [[width, width]]
        beyond = "element.checkVisibility() && element.getBoundingClientRect().right > innerWidth"
        assert not any(browser.read("body *", beyond))


def test_a_name_that_is_too_long_for_a_line_is_shown_whole(browser, page):
    browser.look(320)
    page.open("/here/")
    assert LONG in page.names
    assert set(browser.read("td *", "getComputedStyle(element).textOverflow")) == {"clip"}
    assert set(browser.read("td a, td bdi", "getComputedStyle(element).overflowX")) == {"visible"}
    assert min(browser.read("td:first-child", "element.clientWidth")) > 250


@pytest.mark.parametrize("width", [320, 1024])
def test_the_heads_stay_in_sight(browser, page, width):
    browser.look(width)
    page.open("/many/")
    browser.evaluate("scrollTo(0, 5000)")
    top, height = browser.evaluate(
        "const box = document.querySelector('th a').getBoundingClientRect();"
        "return [box.top, box.height];"
    )
    assert 0 <= top < height


def test_a_key_never_leads_to_an_entry_behind_the_heads(browser, page):
    page.open("/many/")
    browser.evaluate("""
        const links = [...document.querySelectorAll("td a")];
        scrollTo(0, links[30].getBoundingClientRect().top);
        links[31].focus({preventScroll: true});
    """)
    browser.press("k")
    (bottom,) = browser.read("th:first-child", "element.getBoundingClientRect().bottom")
    (top,) = browser.read("a:focus", "element.getBoundingClientRect().top")
    assert 0 < bottom <= top


@pytest.mark.parametrize("width", [320, 1024])
def test_a_finger_finds_entries_of_its_size_and_no_word_of_keys(browser, page, width):
    browser.look(width, touch=True)
    page.open("/here/")
    assert min(browser.read("tbody tr", "element.getBoundingClientRect().height")) >= 40
    assert not browser.one("kbd").is_displayed()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves(browser, page, motion):
    browser.look(prefers_reduced_motion=motion)
    page.open("/here/")
    style = "getComputedStyle(element)"
    moves = browser.read("*", f"{style}.transitionDuration + {style}.animationName")
    assert set(moves) == {"0snone"}
    assert set(browser.read("*", f"{style}.scrollBehavior")) == {"auto"}


def test_paper_is_white_and_has_no_controls(browser, page):
    browser.look(media="print", prefers_color_scheme="dark")
    page.open("/many/?page=2")
    found = contrasts(browser)
    assert min(found)[0] >= ENOUGH, min(found)
    assert browser.read("body", GROUND) == ["rgb(255, 255, 255)"]
    for selector in ("form", "#pager", ".up"):
        assert not browser.one(selector).is_displayed()
    assert browser.one("#entries").is_displayed()
