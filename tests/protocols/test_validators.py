import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.http.validators import etag, last_modified

SECOND_NS = 1_000_000_000
mtimes_ns = st.integers(-(2**63), 2**63)


def test_a_tag_is_mtime_and_size_in_hexadecimal():
    assert etag(0x1234_5678_9ABC_DEF0, 0x10) == b'"123456789abcdef0-10"'


@pytest.mark.parametrize("mtime_ns", [0, 1, SECOND_NS, SECOND_NS + 5, 2 * SECOND_NS - 1])
def test_a_time_that_tools_set_on_all_files_validates_nothing(mtime_ns):
    assert etag(mtime_ns, 5) is None
    assert last_modified(mtime_ns) is None


@pytest.mark.parametrize(
    ("mtime_ns", "tag", "date"),
    [
        (2 * SECOND_NS, b'"77359400-5"', b"Thu, 01 Jan 1970 00:00:02 GMT"),
        (-1, b'"-1-5"', b"Wed, 31 Dec 1969 23:59:59 GMT"),
        (784_111_777_999_999_999, b'"ae1b981f7e3d3ff-5"', b"Sun, 06 Nov 1994 08:49:37 GMT"),
    ],
)
def test_other_times_give_both(mtime_ns, tag, date):
    assert (etag(mtime_ns, 5), last_modified(mtime_ns)) == (tag, date)


@pytest.mark.parametrize("mtime_s", [253_402_300_800, -62_135_596_801, 2**62, -(2**62)])
def test_a_time_without_a_date_still_has_a_tag(mtime_s):
    assert last_modified(mtime_s * SECOND_NS) is None
    assert etag(mtime_s * SECOND_NS, 5) is not None


@given(mtimes_ns, st.integers(0, 2**63))
def test_a_tag_has_the_form_of_a_strong_one(mtime_ns, size):
    tag = etag(mtime_ns, size)
    assert tag is None or re.fullmatch(rb'"-?[0-9a-f]+-[0-9a-f]+"', tag)


@given(st.lists(st.tuples(mtimes_ns, st.integers(0, 2**63)), unique=True, min_size=2, max_size=2))
def test_two_versions_have_two_tags(versions):
    tags = [tag for version in versions if (tag := etag(*version)) is not None]
    assert len(set(tags)) == len(tags)
