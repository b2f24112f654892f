"""`[[http.headers]]`: what is taken, and what is said of the rest."""

import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.settings import ConfigError, load
from filed.settings.field_syntax import is_name, is_value

NAME = 'the name of a header field, such as "Cache-Control"'
VALUE = 'printable ASCII without spaces at its ends, or "" for no such field in the answer'
PATTERN = 'a pattern, such as "*.html" or "/pub/**", or a list of patterns'
CLOSED = (
    'each "[" closed by a "]" before the next slash, such as "[a-z]*"; the character itself is '
    'written "[[]"'
)
NO_EMPTY = 'a pattern without empty segments, "." and "..", which no path has'
ONCE = "each field once, in whatever case"
FIELDS = 'a table of header fields, such as { Cache-Control = "no-cache" }'
OURS = "another field; the server alone can tell this one"
RULES = (
    "tables [[http.headers]] with match, set and maybe always; outside of the file JSON, such as "
    '[{"match": "*.html", "set": {"Cache-Control": "no-cache"}}]'
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "filed.toml"


def complaints(file, content):
    file.write_text(content)
    with pytest.raises(ConfigError) as caught:
        load({}, {}, file=file)
    return [line.replace(str(file), "FILE") for line in caught.value.lines]


def of_option(rules):
    """Complaints about rules that the command line gives."""
    with pytest.raises(ConfigError) as caught:
        load({"http.headers": rules}, {}, default_file=Path("/nonexistent/filed.toml"))
    return [line.removeprefix("option --http.headers: ") for line in caught.value.lines]


@pytest.fixture(params=["tables", "inline", "environment", "option"])
def headers(request, file):
    """The same rules, given in each way that there is."""
    options, environ = {}, {}
    rules = [
        {"match": "*.css", "set": {"Cache-Control": "no-cache", "X-A": ""}},
        {"match": ["/a/**", "b"], "set": {"Vary": "Origin"}, "always": True},
    ]
    file.write_text("")
    match request.param:
        case "tables":
            file.write_text("""\
[[http.headers]]
match = "*.css"
set.Cache-Control = "no-cache"
set.X-A = ""
[[http.headers]]
match = ["/a/**", "b"]
always = true
[http.headers.set]
Vary = "Origin"
""")
        case "inline":
            file.write_text("""\
[http]
headers = [
  { match = "*.css", set = { Cache-Control = "no-cache", X-A = "" } },
  { match = ["/a/**", "b"], set = { Vary = "Origin" }, always = true },
]
""")
        case "environment":
            environ = {"FILED_HTTP__HEADERS": json.dumps(rules)}
        case "option":
            options = {"http.headers": json.dumps(rules)}
    return load(options, environ, file=file).settings.http.headers


def test_rules_are_the_same_wherever_they_are_given(headers):
    assert [dict(rule) for rule in headers] == [
        {"match": ("*.css",), "set": {"Cache-Control": "no-cache", "X-A": ""}, "always": False},
        {"match": ("/a/**", "b"), "set": {"Vary": "Origin"}, "always": True},
    ]
    assert hash(headers)


def test_a_stronger_place_gives_all_rules(file):
    file.write_text('[[http.headers]]\nmatch = "*"\nset = { X-A = "a" }\n')
    assert load({"http.headers": "[]"}, {}, file=file).settings.http.headers == ()


def test_all_faults_are_told_each_with_its_line(file):
    content = """\
[[http.headers]]
match = "*"
set = { X-A = "a" }

[[http.headers]]
match = ["[a", "b", 3]
alway = true
[http.headers.set]
Connection = "close"
X-A = "a\\nb"
x-a = 3

[http]
listing = 1

[[http.headers]]
match = []
always = 1
set.X-A = " "
[[http.headers]]
set = {}
"""
    assert complaints(file, content) == [
        f'FILE:6: http.headers[1].match: "[a": expected {CLOSED}',
        f"FILE:6: http.headers[1].match: 3: expected {PATTERN}",
        f"FILE:9: http.headers[1].set.Connection: expected {OURS}",
        f'FILE:10: http.headers[1].set.X-A: "a\\nb": expected {VALUE}',
        f"FILE:11: http.headers[1].set.x-a: expected {ONCE}; X-A is there already",
        f"FILE:11: http.headers[1].set.x-a: 3: expected {VALUE}",
        "FILE:7: http.headers[1].alway: unknown; did you mean always?",
        f"FILE:17: http.headers[2].match: []: expected {PATTERN}",
        f'FILE:19: http.headers[2].set.X-A: " ": expected {VALUE}',
        "FILE:18: http.headers[2].always: 1: expected true or false",
        f"FILE:20: http.headers[3].match: not given: expected {PATTERN}",
        f"FILE:21: http.headers[3].set: {{}}: expected {FIELDS}",
        "FILE:14: http.listing: 1: expected true or false",
    ]


def test_rules_within_brackets_are_told_by_the_line_of_their_key(file):
    content = '[http]\nheaders = [\n  { match = "*", set = { X = "" } },\n  { match = "*" },\n]\n'
    assert complaints(file, content) == [
        f"FILE:2: http.headers[1].set: not given: expected {FIELDS}"
    ]


def test_one_table_in_place_of_an_array_is_told(file):
    content = '[http.headers]\nmatch = "*"\n'
    assert complaints(file, content) == [
        f'FILE:1: http.headers: {{"match": "*"}}: expected {RULES}'
    ]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("[5]", [f"[0]: 5: expected {RULES}"]),
        ("{}", [f"{{}}: expected {RULES}"]),
        (
            '[{"match": "a//b", "se": {}}]',
            [
                f'[0].match: "a//b": expected {NO_EMPTY}',
                f"[0].set: not given: expected {FIELDS}",
                "[0].se: unknown; did you mean set?",
            ],
        ),
        ('[{"match": 1, "set": {"X": "y"}}]', [f"[0].match: 1: expected {PATTERN}"]),
        ('[{"match": "*", "set": [1]}]', [f"[0].set: [1]: expected {FIELDS}"]),
        (
            '[{"match": "*", "set": {"X": "y"}}, {"match": "*", "set": {"Y": null}}]',
            [f"[1].set.Y: null: expected {VALUE}"],
        ),
    ],
)
def test_without_lines_the_path_tells_the_place(rules, expected):
    assert of_option(rules) == expected


def test_a_name_twice_in_an_object_is_not_read():
    [complaint] = of_option('[{"match": "*", "set": {"X": "a", "X": "b"}}]')
    assert complaint.endswith(f": expected {RULES}")


@pytest.mark.parametrize(
    "name",
    [
        *("Accept-Ranges", "Allow", "Connection", "Content-Encoding", "Content-Length"),
        *("Content-Range", "Date", "ETag", "Keep-Alive", "Last-Modified", "Location"),
        *("Retry-After", "TE", "Trailer", "Transfer-Encoding", "Upgrade"),
    ],
)
@pytest.mark.parametrize("written", [str, str.lower, str.upper])
@pytest.mark.parametrize("value", ["x", ""])
def test_fields_that_only_the_server_can_tell_are_refused(name, written, value):
    name = written(name)
    rules = json.dumps([{"match": "*", "set": {name: value}}])
    assert of_option(rules) == [f"[0].set.{name}: expected {OURS}"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Content-Type", "http.media_types for this, by the ending of names"),
        ("server", "http.server_header for this, true or false"),
    ],
)
def test_fields_with_a_setting_of_their_own_are_refused_with_its_name(name, expected):
    rules = json.dumps([{"match": "*", "set": {name: "x"}}])
    assert of_option(rules) == [f"[0].set.{name}: expected {expected}"]


@pytest.mark.parametrize("name", ["", "a b", "a:", "X\n", "Ä", "a/b", '"a"'])
def test_what_is_no_field_name_is_told(name):
    rules = json.dumps([{"match": "*", "set": {name: "x"}}])
    [complaint] = of_option(rules)
    assert complaint.endswith(f": expected {NAME}")


@pytest.mark.parametrize(
    "value", [" a", "a ", " ", "a\r\nX: y", "a\nb", "a\0", "a\tb", "a\x7f", "é", "日本"]
)
def test_what_is_no_field_value_is_told(value):
    rules = json.dumps([{"match": "*", "set": {"X": value}}])
    [complaint] = of_option(rules)
    assert complaint.endswith(f": expected {VALUE}")


@given(st.text())
def test_a_name_is_an_rfc_9110_token(text):
    allowed = set(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~")
    assert is_name(text) == (text != "" and set(text) <= allowed)


@given(st.text() | st.text(st.characters(min_codepoint=30, max_codepoint=128)))
def test_a_value_is_printable_ascii_without_outer_spaces(text):
    assert is_value(text) == (text.isascii() and text.isprintable() and text == text.strip())
