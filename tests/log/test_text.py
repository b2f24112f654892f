import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.log.text import show, show_client, show_text

BIDIRECTIONAL = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
HARMLESS = st.characters(
    exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters=BIDIRECTIONAL
)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"", ""),
        (b"/pool/main/a.deb", "/pool/main/a.deb"),
        ("/Ünïcode/日本語".encode(), "/Ünïcode/日本語"),
        (b"two words", "two words"),
        (b'"quoted"', '"quoted"'),
        (b"a\nb", "a\\x0ab"),
        (b"a\r\nb", "a\\x0d\\x0ab"),
        (b"tab\there", "tab\\x09here"),
        (b"\x1b[2J", "\\x1b[2J"),
        (b"\0", "\\x00"),
        (b"\x7f", "\\x7f"),
        ("\x85\x9b".encode(), "\\x85\\x9b"),  # C1, as UTF-8
        (b"\x9b31m", "\\x9b31m"),  # C1, as it is
        ("\u2028\u2029".encode(), "\\u2028\\u2029"),
        ("\u202egpj.exe\u202c".encode(), "\\u202egpj.exe\\u202c"),  # right to left
        ("\u2066\u2069".encode(), "\\u2066\\u2069"),
        (b"caf\xe9", "caf\\xe9"),  # Latin-1
        (b"\xc3", "\\xc3"),  # cut short
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),  # a surrogate, which UTF-8 has not
        (b"\xff\xfe", "\\xff\\xfe"),
    ],
)
def test_what_could_move_a_cursor_or_end_a_line_is_shown_as_its_code(raw, shown):
    assert show(raw) == shown


@given(st.binary())
def test_whatever_is_shown_is_one_line_without_controls(raw):
    shown = show(raw)
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(each) for each in shown} & {"Cc", "Cs", "Zl", "Zp"}


@given(st.text(HARMLESS))
def test_harmless_text_is_shown_as_it_is(text):
    assert show(text.encode()) == text


@given(st.binary())
def test_a_path_is_shown_like_its_bytes(raw):
    assert show_text(os.fsdecode(raw)) == show(raw)


@given(st.text(st.characters(exclude_categories=[])))
def test_text_of_any_kind_is_one_line_that_can_be_written(text):
    shown = show_text(text)
    assert len(shown.splitlines()) <= 1
    assert shown.encode().decode() == shown


@given(st.text(HARMLESS))
def test_harmless_text_stays_as_it_is(text):
    assert show_text(text) == text


@pytest.mark.parametrize(
    ("host", "shown"),
    [("::ffff:192.0.2.7", "192.0.2.7"), ("192.0.2.7", "192.0.2.7"), ("2001:db8::7", "2001:db8::7")],
)
def test_an_ipv4_client_of_a_dual_stack_socket_is_shown_as_ipv4(host, shown):
    assert show_client(host) == shown
