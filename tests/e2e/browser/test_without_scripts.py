"""The listing where no script runs: links and a form do all that the server can do."""

import pytest
from selenium.webdriver.common.keys import Keys


@pytest.fixture(scope="module")
def tree(root):
    folder = root / "few"
    folder.mkdir()
    for size, name in enumerate(("b.iso", "a.iso", "c.txt")):
        (folder / name).write_bytes(b"x" * size)
    many = root / "many"
    many.mkdir()
    for number in range(1001):
        (many / f"{number:04}").touch()
    return root


@pytest.fixture
def browser(browser):
    browser.scripts(on=False)
    return browser


def test_no_script_runs(browser, page):
    page.open("/few/")
    assert not browser.one("kbd").is_displayed()  # it tells of a key that does nothing here
    page.box.send_keys("iso")
    assert len(page.names) == 3


def test_links_sort(page):
    page.open("/few/")
    page.link("Size").click()
    page.wait_for("/few/?sort=size&order=desc")
    assert page.names == ["c.txt", "a.iso", "b.iso"]
    assert [direction for direction, _ in page.heads] == [None, "descending", None]
    page.link("Size").click()
    page.wait_for("/few/?sort=size")
    assert page.names == ["b.iso", "a.iso", "c.txt"]


def test_links_lead_from_page_to_page(page):
    page.open("/many/?order=desc")
    page.link("Next").click()
    page.wait_for("/many/?order=desc&page=2")
    assert page.names == ["0000"]
    page.link("First").click()
    page.wait_for("/many/?order=desc")
    assert page.names[0] == "1000"


@pytest.mark.parametrize("send", ["by Enter", "by the button"])
def test_the_form_filters_and_keeps_the_order(browser, page, send):
    page.open("/few/?sort=size&order=desc")
    page.box.send_keys("ISO")
    if send == "by Enter":
        page.box.send_keys(Keys.ENTER)
    else:
        browser.one("form button").click()
    page.wait_for("/few/?sort=size&order=desc&filter=ISO")
    assert page.names == ["a.iso", "b.iso"]
    page.link("Show all").click()
    page.wait_for("/few/?sort=size&order=desc")


def test_a_filter_without_text_shows_all(page):
    page.open("/few/?filter=iso")
    page.box.clear()
    page.box.send_keys(Keys.ENTER)
    page.wait_for("/few/?filter=")
    assert len(page.names) == 3


@pytest.mark.parametrize("target", ["/many/?page=2", "/many/?filter=0"])
def test_every_control_that_is_visible_leads_somewhere(browser, page, target):
    page.open(target)
    assert set(browser.read("a", "element.hasAttribute('href')")) == {True}
    assert set(browser.read("input, button", "element.form.action !== ''")) == {True}
    assert not browser.all("[onclick], [tabindex], [role=button], [contenteditable]")
