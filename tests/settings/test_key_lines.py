import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.settings.key_lines import key_lines, line_of

EVERYTHING = '''\
# a comment with [brackets] and = signs
a = 1
"b c" = 2   # a quoted key
'd.e' = 3
f . "g" = 4

[table] # a comment
text = """
[not.a.table]
not_a_key = 1 \\"""
""""
literal = \'\'\'
# no comment " [
\'\'\'
array = [
  "]", # ] in a string, and in a comment
  [1,
   2],
]
after = { inner = "}", more = { x = 1 } }
quotes = "\\" [ #"

  [ table . "sub" ]
  indented = 'C:\\'

[[many]]
one = 1
[[many]]
one = 2
last = 3
[many.sub]
x = 1
[[many.inner]]
y = 1
[[many.inner]]
y = 2
[[many]]
[many."sub"]
x.z = 2'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 2),
        (("b c",), 3),
        (("d.e",), 4),
        (("f",), 5),
        (("f", "g"), 5),
        (("table",), 7),
        (("table", "text"), 8),
        (("table", "literal"), 12),
        (("table", "array"), 15),
        (("table", "after"), 20),
        (("table", "after", "more", "x"), 20),
        (("table", "quotes"), 21),
        (("table", "sub"), 23),
        (("table", "sub", "indented"), 24),
        (("many",), 26),
        (("many", 0), 26),
        (("many", 0, "one"), 27),
        (("many", 1), 28),
        (("many", 1, "one"), 29),
        (("many", 1, "last"), 30),
        (("many", 1, "sub"), 31),
        (("many", 1, "sub", "x"), 32),
        (("many", 1, "inner", 0, "y"), 34),
        (("many", 1, "inner", 1), 35),
        (("many", 1, "inner", 1, "y"), 36),
        (("many", 2, "sub"), 38),
        (("many", 2, "sub", "x", "z"), 39),
        (("many", 2, "sub", "other"), 38),
        (("table", "array", 1, 0), 15),
    ],
)
def test_a_key_is_found_on_its_line(path, line):
    assert tomllib.loads(EVERYTHING)
    assert line_of(key_lines(EVERYTHING), path) == line


def test_what_only_looks_like_a_key_is_not_one():
    paths = key_lines(EVERYTHING)
    assert ("not", "a", "table") not in paths
    assert ("table", "not_a_key") not in paths


def toml_string(text):
    escapes = (f"\\U{ord(character):08x}" for character in text)
    return f'"{"".join(escapes)}"'


KEYS = st.from_regex(r"[A-Za-z0-9_-]+", fullmatch=True) | st.text(
    st.characters(exclude_categories=["Cs"])
).map(toml_string)
VALUES = st.sampled_from(
    ["1", '"""\n[x]\ny = 1\n"""', "'''\n'' \n'''", "[\n1, # ]\n2]", '"a#b"', "{ z = [1] }", "'\"'"]
)
FILLING = st.sampled_from(["", "# [x]\n", "\n", "\t# y = 1\n\n"])


@given(st.lists(st.tuples(FILLING, KEYS, VALUES), unique_by=lambda entry: path_of(entry[1])))
def test_every_key_of_any_document_is_found(entries):
    document, expected = "", {}
    for filling, key, value in entries:
        document += filling
        expected[path_of(key)] = document.count("\n") + 1
        document += f"{key} = {value}\n"
    assert set(tomllib.loads(document)) == {name for (name,) in expected}
    assert key_lines(document) == expected


def path_of(key):
    return tuple(tomllib.loads(f"{key} = 0"))
