import os
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.settings import Address
from filed.settings.field_rules import FieldRule
from filed.settings.frozen import FrozenMap
from filed.settings.notation import (
    as_key,
    as_toml,
    escaped,
    quoted,
    read_json,
    read_list,
    read_number,
    read_switch,
    read_whole,
)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (read_switch, "true", True),
        (read_switch, "On", True),
        (read_switch, "1", True),
        (read_switch, "YES", True),
        (read_switch, "false", False),
        (read_switch, "off", False),
        (read_switch, "0", False),
        (read_switch, "no", False),
        (read_switch, "2", "2"),
        (read_whole, "42", 42),
        (read_whole, "-1", -1),
        (read_whole, "1_000", "1_000"),
        (read_whole, " 1", " 1"),
        (read_whole, "9" * 5000, "9" * 5000),
        (read_number, "2.5", 2.5),
        (read_number, "10", 10.0),
        (read_number, "nan", "nan"),
        (read_number, "1e3", "1e3"),
        (read_list, "a", ["a"]),
        (read_list, "a, b", ["a", "b"]),
        (read_list, '["a", "b,c"]', ["a", "b,c"]),
        (read_list, "[]", []),
        (read_list, "[::]:80,:81", ["[::]:80", ":81"]),
        (read_list, "", [""]),
        (read_json, '{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
        (read_json, '{"a": 1, "a": 1}', '{"a": 1, "a": 1}'),
        (read_json, '[{"a": {"b": 1, "b": 2}}]', '[{"a": {"b": 1, "b": 2}}]'),
        (read_json, "a = 1", "a = 1"),
        (read_json, "", ""),
        pytest.param(read_json, "[" * 100_000, "[" * 100_000, id="endless JSON"),
    ],
)
def test_text_is_read_as_toml_would_give_it_or_left_alone(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    ("value", "toml"),
    [
        (True, "true"),
        (75.0, "75"),
        (0.25, "0.25"),
        ((Address("::", 80), Address("127.0.0.1", 0)), '["[::]:80", "127.0.0.1:0"]'),
        ((), "[]"),
        ({}, "{}"),
        (FrozenMap({"a": "b", ".c": 'd"'}), '{ a = "b", ".c" = "d\\"" }'),
        (({"a": {"b c": True}}, {}), '[{ a = { "b c" = true } }, {}]'),
        (
            FieldRule(match="*.css", set={"X-A": ""}),
            '{ match = ["*.css"], set = { X-A = "" }, always = false }',
        ),
        ('a"b\x1b', '"a\\"b\\u001b"'),
    ],
)
def test_values_are_written_as_toml(value, toml):
    assert as_toml(value) == toml


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_written_text_and_keys_are_read_back(text):
    assert tomllib.loads(f"key = {as_toml(text)}") == {"key": text}
    assert tomllib.loads(f"{as_key(text)} = 1") == {text: 1}


def test_a_key_may_have_indexes():
    assert as_key("http", "headers", 1, "set", "a b") == 'http.headers[1].set."a b"'
    assert as_key(0, "match") == "[0].match"


@given(st.text())
def test_escaped_text_is_one_printable_line(text):
    assert escaped(text).isprintable()


def test_a_long_value_is_cut():
    assert quoted("x" * 1000) == '"' + "x" * 76 + "..."


def test_dates_and_numbers_that_json_lacks_are_quoted_too():
    assert quoted(tomllib.loads("x = [1979-05-27, nan]")["x"]) == '["1979-05-27", NaN]'


def test_a_byte_that_could_not_be_decoded_is_shown_as_such():
    assert escaped(os.fsdecode(b"caf\xe9")) == "caf\\xe9"
