import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.lines import empty_lines_size, first_line, has_bare

ends = st.lists(st.sampled_from([b"\r", b"\n", b"a"])).map(b"".join)


@pytest.mark.parametrize(
    ("data", "bare"),
    [
        (b"", False),
        (b"a\r\n", False),
        (b"a\r", False),
        (b"\r\n\r", False),
        (b"\n", True),
        (b"\r\r", True),
        (b"\r\r\n", True),
        (b"\r\na\n", True),
        (b"a\rb", True),
        (b"\r\n\n", True),
        (b"\r\r\n\n", True),
    ],
)
def test_a_cr_and_an_lf_belong_together(data, bare):
    assert has_bare(data) is bare


@given(ends)
def test_bare_is_what_a_look_at_each_neighbour_says(data):
    assert has_bare(data) == bool(re.search(rb"(?<!\r)\n|\r[^\n]", data))


@given(ends)
def test_empty_lines_are_counted_in_bytes(data):
    size = empty_lines_size(data)
    assert data[:size] == b"\r\n" * (size // 2)
    assert not data[size:].startswith(b"\r\n")


@given(ends)
def test_the_first_line_is_what_comes_before_the_lf(data):
    line = first_line(data)
    if b"\n" in data:
        assert data.startswith((line + b"\n", line + b"\r\n"))
    else:
        assert line == data
