"""The pages load and run nothing but themselves, and whatever else they did would be told.

All tests of this folder rely on that: they end with a look at what was told.
"""

import pytest

from support.daemon import running, wait_until
from support.listing_page import ListingPage


@pytest.fixture(scope="module")
def tree(root):
    (root / "a").mkdir()
    (root / "a" / "file.txt").touch()
    return root


@pytest.mark.parametrize(
    "breach",
    [
        "const it = document.createElement('script'); it.textContent = 'window.hit = 1';",
        "const it = document.createElement('style'); it.textContent = 'body { margin: 0 }';",
        "const it = document.createElement('b'); it.setAttribute('style', 'color: red');",
    ],
)
def test_what_a_page_may_not_run_is_noticed_and_not_run(browser, page, breach):
    page.open("/a/")
    browser.evaluate(f"{breach} document.body.append(it);")
    browser.wait(browser.complaints, "a complaint")
    assert browser.evaluate("return window.hit === undefined")


def test_what_a_page_may_not_load_is_noticed_and_not_asked_for(browser, page):
    page.open("/a/")
    for tag in ("script", "img", "iframe", "embed", "audio"):
        load = "const it = document.createElement(arguments[0]); it.src = './x';"
        browser.evaluate(f"{load} document.body.append(it);", tag)
        browser.wait(browser.complaints, f"a complaint about {tag}")
    assert page.asked() == ["/a/"]


@pytest.mark.parametrize("target", ["/a/", "/a/missing"])
def test_no_page_has_the_browser_ask_for_an_icon(browser, tree, target):
    # An address of its own, since a browser asks for an icon but once.
    with running(tree, workers=1) as daemon:
        page = ListingPage(browser, daemon)
        page.open(target)
        page.open("/a/file.txt")  # as with this, which cannot name one

        def asked_for_by():
            lines = daemon.events("request")
            return [line["referer"] for line in lines if line["name"] == "/favicon.ico"]

        wait_until(asked_for_by, "the browser to ask for an icon")
        assert asked_for_by() == [f"{daemon.url}/a/file.txt"]
    assert all(" status of 404 " in each for each in browser.complaints())
