"""The listing for those who do not see it: what a browser tells a screen reader."""

import pytest


@pytest.fixture(scope="module")
def tree(root):
    folder = root / "above" / "here"
    (folder / "dir").mkdir(parents=True)
    (folder / "disk.iso").touch()
    for number in range(1001):
        path = root / "many" / f"{number:04}"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return root


@pytest.fixture
def told(browser):
    """Returns what is told of the elements of a role: their names, sorted."""

    def names(role):
        nodes = browser.cdp("Accessibility.getFullAXTree")["nodes"]
        return sorted(
            node["name"]["value"]
            for node in nodes
            if not node["ignored"] and node["role"]["value"] == role
        )

    return names


def test_the_parts_of_the_page_have_names(page, told):
    page.open("/above/here/")
    assert told("RootWebArea") == ["/above/here/"]
    assert told("table") == ["Contents of /above/here/"]
    assert told("columnheader") == ["Modified (UTC)", "Name", "Size"]
    assert told("navigation") == ["Directories above"]
    assert told("searchbox") == ["Filter by name"]
    assert told("button") == ["Filter"]
    assert told("heading") == ["here"]
    assert len(told("main")) == len(told("search")) == 1


@pytest.mark.parametrize("target", ["/", "/above/here/", "/many/?page=2"])
def test_everything_that_can_be_followed_or_seen_has_a_name(page, told, target):
    page.open(target)
    assert all(told("link"))
    assert all(told("image"))


def test_an_icon_says_of_what_kind_an_entry_is(page, told):
    page.open("/above/here/")
    assert told("image") == ["Directory", "Disk image"]
    assert told("link") == [
        *("Modified (UTC)", "Name", "Parent directory", "Size", "Top directory"),
        *("above", "dir/", "disk.iso"),
    ]


def test_the_pager_is_a_place_of_its_own(page, told):
    page.open("/many/?page=2")
    assert told("navigation") == ["Directories above", "Pages"]


def test_what_a_filter_has_found_is_said_without_being_asked(browser, page):
    page.open("/above/here/")
    page.box.send_keys("iso")
    assert browser.one("[role=status]").text == "1 of 2 shown"


def test_the_page_says_its_language_and_lets_itself_be_enlarged(browser, page):
    page.open("/above/here/")
    assert browser.read("html", "element.lang") == ["en"]
    assert browser.read("meta[name=viewport]", "element.content") == ["width=device-width"]
