from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.files.directories import Selection, Sort
from filed.protocols.messages import Format
from filed.site.pages import query

DEFAULT = Selection()

SELECTIONS = st.builds(
    Selection,
    sort=st.sampled_from(Sort),
    descending=st.booleans(),
    page=st.integers(1, 10**9 - 1),
    filter=st.text(),
)


@pytest.mark.parametrize(
    ("text", "selection", "form"),
    [
        (b"", DEFAULT, None),
        (b"&&", DEFAULT, None),
        (b"sort=size", Selection(Sort.SIZE), None),
        (b"sort=mtime&order=desc", Selection(Sort.MTIME, descending=True), None),
        (b"order=asc&sort=name&page=1&filter=", DEFAULT, None),
        (b"page=3", Selection(page=3), None),
        (b"page=007", Selection(page=7), None),
        (b"filter=a+b%2Bc%20d", Selection(filter="a b+c d"), None),
        (b"filter=a=b", Selection(filter="a=b"), None),
        (b"filter=gr%C3%BC%C3%9Fe", Selection(filter="grüße"), None),
        ("filter=grüße".encode(), Selection(filter="grüße"), None),
        (b"%66ilter=x", Selection(filter="x"), None),
        (b"filter=%ZZ%", Selection(filter="%ZZ%"), None),
        (b"format=json", DEFAULT, Format.JSON),
        (b"format=html&page=2", Selection(page=2), Format.HTML),
        (b"utm_source=x&Sort=size&\xff=\xff&C=M;O=D", DEFAULT, None),
        (b"unknown=1&unknown=2", DEFAULT, None),
    ],
)
def test_a_query_says_which_entries_to_show_in_what_order_and_form(text, selection, form):
    assert query.read(text) == (selection, form)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"sort=", '"sort" has to be name or size or mtime.'),
        (b"sort=date", '"sort" has to be name or size or mtime.'),
        (b"sort", '"sort" has to be name or size or mtime.'),
        (b"order=DESC", '"order" has to be asc or desc.'),
        (b"format=text", '"format" has to be html or json.'),
        (b"filter=%FF", '"filter" has to be UTF-8, percent-encoded.'),
        (b"sort=size&sort=size", '"sort" is given twice; once is right.'),
        (b"page=1&%70age=2", '"page" is given twice; once is right.'),
        *(
            (b"page=" + page, '"page" has to be a number, counted from 1.')
            for page in (b"", b"0", b"-1", b"+1", b"1.0", b"x", b"1e3", "²".encode(), b"1" * 5000)
        ),
    ],
)
def test_a_wrong_value_is_refused_with_what_would_be_right(text, words):
    with pytest.raises(query.BadQuery) as refused:
        query.read(text)
    assert str(refused.value) == words


@given(st.binary())
def test_any_query_is_read_or_refused(text):
    try:
        selection, _ = query.read(text)
    except query.BadQuery:
        return
    assert query.read(_asked(query.write(selection))).selection == selection


@pytest.mark.parametrize(
    ("selection", "written"),
    [
        (DEFAULT, "./"),
        (Selection(Sort.NAME, descending=False, page=1, filter=""), "./"),
        (Selection(descending=True), "./?order=desc"),
        (Selection(Sort.SIZE), "./?sort=size"),
        (Selection(Sort.MTIME, descending=True, page=2), "./?sort=mtime&order=desc&page=2"),
        (Selection(filter="a b&c*~ü"), "./?filter=a+b%26c*%7E%C3%BC"),
        (Selection(Sort.SIZE, True, 9, "x"), "./?sort=size&order=desc&filter=x&page=9"),
    ],
)
def test_an_address_names_only_what_is_not_as_by_default(selection, written):
    assert query.write(selection) == written


@given(SELECTIONS)
def test_what_is_written_is_read_as_it_was(selection):
    assert query.read(_asked(query.write(selection))) == (selection, None)


@given(SELECTIONS)
def test_an_address_is_nothing_but_letters_that_need_no_escape(selection):
    written = query.write(selection)
    assert written.isascii()
    assert not set(written) & set("\"'<>\\ #`{}|^~")


@given(SELECTIONS, SELECTIONS)
def test_two_views_have_two_addresses(one, other):
    assert (query.write(one) == query.write(other)) == (one == other)


@given(st.text(min_size=1).filter(lambda text: "~" not in text and "*" not in text))
def test_a_filter_is_written_as_forms_send_it(text):
    written = query.write(Selection(filter=text))
    assert written == "./?" + urlencode({"filter": text})
    assert parse_qsl(written[3:], keep_blank_values=True) == [("filter", text)]


def _asked(address):
    path, _, asked = address.partition("?")
    assert path == "./"
    return asked.encode()
