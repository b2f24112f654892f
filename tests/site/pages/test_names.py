import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from filed.site.pages import names

# Each may have its part in a name that looks like another.
UNSEEN = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u2060\ufeff",
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2066, 0x206A)),
    "\U000e0041",
]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"plain.txt", "plain.txt"),
        ("grüße שלום 日本 👩\u200d💻".encode(), "grüße שלום 日本 👩\u200d💻"),
        ("\u0645\u06cc\u200c\u062e".encode(), "\u0645\u06cc\u200c\u062e"),
        (b"two  spaces", "two  spaces"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"a\nb\tc", r"a\x0ab\x09c"),
        (b"\x1b[31m", r"\x1b[31m"),
        ("\u202egpj.exe".encode(), r"\u202egpj.exe"),
        ("\U000e0041".encode(), r"\U000e0041"),
        (b" a ", r"\x20a\x20"),
        (b"   ", r"\x20\x20\x20"),
        ("\u3000".encode(), r"\u3000"),
        ("a\u00a0b".encode(), "a\u00a0b"),
    ],
)
def test_a_name_is_shown_as_it_is_but_for_what_cannot_be_seen(name, shown):
    assert names.shown(name) == shown


@pytest.mark.parametrize("unseen", UNSEEN)
def test_what_cannot_be_seen_is_an_element_of_its_own(unseen):
    marked = names.marked(f"<{unseen}>".encode())
    assert isinstance(marked, Markup)
    assert re.fullmatch(r"&lt;<i>\\[xuU][0-9a-f]+</i>&gt;", marked)


@given(st.binary())
def test_no_name_looks_like_an_escape(name):
    # `escape` takes markup as it is, as the template does.
    markup = str(escape(names.marked(name)))
    assert html.unescape(re.sub("</?i>", "", markup)) == names.shown(name)
    assert set(re.findall("<[^>]*>", markup)) <= {"<i>", "</i>"}
    assert not set(markup) & set(UNSEEN)
