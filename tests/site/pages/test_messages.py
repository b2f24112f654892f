import json
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.messages import Format
from filed.site.pages import message
from support.html_page import leads_to, read_page

WORDS = "There is no such file here."
STATUSES = [status.value for status in HTTPStatus]


def test_a_message_as_text_is_a_line():
    assert message(404, WORDS, Format.TEXT) == b"404 Not Found: There is no such file here.\n"


def test_a_message_as_json_is_an_object():
    assert json.loads(message(404, WORDS, Format.JSON)) == {
        "status": 404,
        "error": "Not Found",
        "message": WORDS,
    }


def test_a_message_as_html_is_a_page():
    page = read_page(message(404, WORDS, Format.HTML))
    assert page.one("title").text == "404 Not Found"
    assert page.one("h1").text == "404 Not Found"
    assert page.one("p").text == WORDS


@pytest.mark.parametrize(
    ("status", "address", "led_to"),
    [
        (404, "/a/b.txt", ["/a/", "/"]),
        (404, "/prefix/a/b/", ["/prefix/a/b/", "/prefix/a/"]),
        (400, "/a/?sort=x", ["/a/", "/"]),
        (403, "/a/b", ["/a/", "/"]),
        (503, "/a/b", ["/a/b"]),
        (500, "/a/b", ["/a/b"]),
        (405, "/a/b", []),
        (416, "/a/b", []),
    ],
)
def test_a_page_leads_on_where_that_may_help_without_knowing_its_address(status, address, led_to):
    page = read_page(message(status, WORDS, Format.HTML))
    links = [link.attributes["href"] for link in page.all("a")]
    assert [leads_to(link, address)[0].decode() for link in links] == led_to


@given(st.sampled_from(STATUSES), st.text())
def test_words_are_text_in_any_format(status, words):
    page = read_page(message(status, words, Format.HTML))
    plain = read_page(message(status, "x", Format.HTML))
    assert [each.tag for each in page.walk()] == [each.tag for each in plain.walk()]
    assert page.one("p").text == words.strip("\n")
    assert json.loads(message(status, words, Format.JSON))["message"] == words
    assert message(status, words, Format.TEXT).decode().endswith(f": {words}\n")
