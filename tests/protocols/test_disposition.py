import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.http.disposition import complete


def parameters(value):
    """Return what an older client reads, and what a newer one does if there is more to read."""
    match = re.fullmatch(rb"attachment; filename=\"([ -~]*)\"(?:; filename\*=UTF-8''(.*))?", value)
    assert match is not None
    return match.groups()


def saved_as(value):
    rough, exact = parameters(value)
    return rough.decode() if exact is None else unquote(exact.decode(), errors="strict")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", 'filename="a.txt"'),
        ("a b;c,d.txt", 'filename="a b;c,d.txt"'),
        ("(1) 'x' [y] {z} #&=?*.txt", "filename=\"(1) 'x' [y] {z} #&=?*.txt\""),
        ("100%.txt", 'filename="100%.txt"'),
        ("100% x.txt", 'filename="100% x.txt"'),
        ("100%25", "filename=\"100_25\"; filename*=UTF-8''100%2525"),
        ("%%41%zz%aF", "filename=\"%_41%zz_aF\"; filename*=UTF-8''%25%2541%25zz%25aF"),
        ('a"b', "filename=\"a_b\"; filename*=UTF-8''a%22b"),
        ("a\\b", "filename=\"a_b\"; filename*=UTF-8''a%5Cb"),
        ("a\r\nb\tc\x7f", "filename=\"a__b_c_\"; filename*=UTF-8''a%0D%0Ab%09c%7F"),
        ("naïve.txt", "filename=\"na_ve.txt\"; filename*=UTF-8''na%C3%AFve.txt"),
        ("日本", "filename=\"__\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC"),
        ("😀'*( )", "filename=\"_'*( )\"; filename*=UTF-8''%F0%9F%98%80%27%2A%28%20%29"),
        ("é!#$&+-.^_`|~", "filename=\"_!#$&+-.^_`|~\"; filename*=UTF-8''%C3%A9!#$&+-.^_`|~"),
    ],
)
def test_a_name_is_said_so_that_all_clients_read_it(name, expected):
    value = complete(b"attachment", name.encode())
    assert value == b"attachment; " + expected.encode()
    assert saved_as(value) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"na\xefve.txt", b"na_ve.txt"),
        (b"\xff\xfe", b"__"),
        (b"\xc3\xa9\xff", b"__"),
        (b"\xed\xa0\x80", b"___"),  # a surrogate, which UTF-8 does not have
    ],
)
def test_a_name_that_is_not_utf8_is_only_said_roughly(name, expected):
    assert complete(b"attachment", name) == b'attachment; filename="%b"' % expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"inline", b'inline; filename="x"'),
        (b"ATTACHMENT", b'ATTACHMENT; filename="x"'),
        (b"x-token!", b'x-token!; filename="x"'),
        (b"attachment ; ", b'attachment; filename="x"'),
        (b"attachment;size=3", b'attachment;size=3; filename="x"'),
        (b'attachment; a="; filename=y"', b'attachment; a="; filename=y"; filename="x"'),
        (b"attachment; xfilename=y;", b'attachment; xfilename=y; filename="x"'),
    ],
)
def test_a_value_without_a_name_gets_one(value, expected):
    assert complete(value, b"x") == expected


@pytest.mark.parametrize(
    "value",
    [
        b'attachment; filename="y"',
        b"attachment;filename=y",
        b"attachment; FileName=y",
        b"attachment; filename = y",
        b'attachment; size=3; filename=""',
        b"attachment; filename*=UTF-8''y",
        b"inline; FILENAME*=UTF-8''y; size=3",
    ],
)
def test_a_value_that_has_a_name_stays_as_it_is(value):
    assert complete(value, b"x") == value


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" attachment",
        b"filename=y",
        b"attachment filename=y",
        b'attachment; filename="y',
        b"attachment; filename",
        b"attachment; =y",
        b"attachment, inline",
        b'"attachment"',
    ],
)
def test_a_value_that_is_malformed_stays_as_it_is(value):
    assert complete(value, b"x") == value


def test_what_has_no_name_gets_none():
    assert complete(b"attachment", b"") == b"attachment"


@given(st.binary(min_size=1, max_size=255))
def test_no_name_breaks_out_of_its_quotes(name):
    rough, exact = parameters(complete(b"attachment", name))
    assert b'"' not in rough
    assert b"\\" not in rough
    assert exact is None or re.fullmatch(rb"(?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+", exact)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=80))
def test_any_name_in_utf8_is_said_exactly(name):
    value = complete(b"attachment", name.encode())
    assert saved_as(value) == name
    rough, exact = parameters(value)
    assert len(rough) == len(name)
    assert (exact is None) == (rough == name.encode())


@given(st.binary())
def test_a_completed_value_is_complete(value):
    completed = complete(value, b"x")
    assert completed.startswith(value.rstrip(b" \t;"))
    assert complete(completed, b"y") == completed
