"""Errors in a browser: a page that says what is wrong and leads on."""

import pytest


@pytest.fixture(scope="module")
def tree(root):
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "file.txt").touch()
    return root


@pytest.fixture
def told(browser):
    """What the console tells of a page that is no success: that, and nothing else."""

    def status():
        (line,) = browser.complaints()
        return line.partition("Failed to load resource: ")[2]

    return status


@pytest.mark.parametrize(
    ("target", "title_and_links"),
    [
        ("/a/missing", ("404 Not Found", "/a/", "/")),
        ("/a/b/c/", ("404 Not Found", "/a/b/c/", "/a/b/")),
        ("/a/?page=2", ("404 Not Found", "/a/", "/")),
        ("/a/?sort=x", ("400 Bad Request", "/a/", "/")),
    ],
)
def test_an_error_is_a_page_that_leads_on(browser, page, told, target, title_and_links):
    title, *links = title_and_links
    page.open(target)
    assert told().startswith(f"the server responded with a status of {title[:3]} ")
    assert browser.one("h1").text == title
    assert browser.one("p").text
    assert browser.read("a", "element.text") == ["This directory", "One directory up"]
    assert browser.read("a", "element.pathname") == links
    # Its policy lets its own style through.
    assert browser.read("main", "getComputedStyle(element).maxWidth") == ["576px"]


def test_the_links_of_an_error_work(page, told):
    page.open("/a/missing")
    assert told()
    page.link("This directory").click()
    page.wait_for("/a/")
    assert page.names == ["b/", "file.txt"]
