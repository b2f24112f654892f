import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.files.errors import BadName, NotFound
from filed.files.names import Name, normalise

# A name, the path that it leads to, and whether only a directory can have it.
TABLE = [
    (b"", b"", True),
    (b"/", b"", True),
    (b"//", b"", True),
    (b".", b"", True),
    (b"/.", b"", True),
    (b"./", b"", True),
    (b"a", b"a", False),
    (b"/a", b"a", False),
    (b"//a", b"a", False),
    (b"./a", b"a", False),
    (b"a/", b"a", True),
    (b"a//", b"a", True),
    (b"a/.", b"a", True),
    (b"a/b", b"a/b", False),
    (b"a//b", b"a/b", False),
    (b"a/./b", b"a/b", False),
    (b"/././a/././b/././", b"a/b", True),
    (b"a/..", b"", True),
    (b"a/../", b"", True),
    (b"a/../b", b"b", False),
    (b"a/b/..", b"a", True),
    (b"a/b/../c", b"a/c", False),
    (b"a/b/../../c", b"c", False),
    (b"a/b/c/../../d/..", b"a", True),
    (b"a..", b"a..", False),
    (b"a/b..c", b"a/b..c", False),
    (b" ", b" ", False),
    (b"a b", b"a b", False),
    (b"%2e%2e/a", b"%2e%2e/a", False),
    (b"\\..\\a", b"\\..\\a", False),
    (b"a\\b", b"a\\b", False),
    (b"~", b"~", False),
    (b"\xff\xfe", b"\xff\xfe", False),
    (b"\xc0\xae\xc0\xae/a", b"\xc0\xae\xc0\xae/a", False),
    (b"a\n", b"a\n", False),
    (b"C:/a", b"C:/a", False),
    (b".well-known", b".well-known", False),
    (b"/.well-known/acme", b".well-known/acme", False),
    (b"x/../.well-known/acme", b".well-known/acme", False),
    (b".hidden/../a", b"a", False),
    (b"a/.hidden/..", b"a", True),
]

# What is hidden, and what becomes of it where hidden names are served.
HIDDEN = [
    (b".a", b".a", False),
    (b"/.a/b", b".a/b", False),
    (b"a/.b", b"a/.b", False),
    (b"a/.b/c/", b"a/.b/c", True),
    (b"...", b"...", False),
    (b"..a", b"..a", False),
    (b".git/config", b".git/config", False),
    (b".well-known/.a", b".well-known/.a", False),
    (b"a/.well-known", b"a/.well-known", False),
    (b".well-knownx", b".well-knownx", False),
    (b".Well-Known/a", b".Well-Known/a", False),
    (b"..../a", b"..../a", False),
]

CLIMBING = [
    b"..",
    b"../",
    b"/..",
    b"/../",
    b"../a",
    b"//..//a",
    b"./../a",
    b"a/../..",
    b"a/../../a",
    b"a/b/../../../c",
    b"../a/b/c",
    b"a/../../../../../../etc/passwd",
    b".hidden/../..",
    b".well-known/../..",
]


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize(("raw", "path", "directory"), TABLE)
def test_a_name_leads_to_a_path(raw, path, directory, hidden):
    assert normalise(raw, hidden=hidden) == Name(path, directory)


@pytest.mark.parametrize(("raw", "path", "directory"), HIDDEN)
def test_a_hidden_name_is_not_found_unless_hidden_names_are_served(raw, path, directory):
    with pytest.raises(NotFound):
        normalise(raw, hidden=False)
    assert normalise(raw, hidden=True) == Name(path, directory)


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("raw", CLIMBING)
def test_a_name_that_climbs_above_the_root_is_not_found(raw, hidden):
    with pytest.raises(NotFound):
        normalise(raw, hidden=hidden)


@pytest.mark.parametrize("raw", [b"\0", b"a\0", b"\0/../..", b"../\0", b".hidden\0", b"a/\0/.."])
def test_a_name_with_a_nul_byte_is_bad_whatever_else_it_is(raw):
    with pytest.raises(BadName):
        normalise(raw, hidden=False)


# Bytes that mean something here come often enough to meet.
NAMES = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([b"..", b".", b"", b"a", b"b", b".c", b"/", b"\0"]), max_size=12).map(
        b"/".join
    ),
)


def _normalised(raw, *, hidden):
    try:
        return normalise(raw, hidden=hidden)
    except (BadName, NotFound):
        return None


@given(NAMES, st.booleans())
def test_no_path_climbs_or_has_an_empty_or_a_hidden_segment(raw, hidden):
    name = _normalised(raw, hidden=hidden)
    if name is None or not name.path:
        return
    segments = name.path.split(b"/")
    assert not {b"", b".", b".."} & set(segments)
    assert b"\0" not in name.path
    if not hidden:
        assert not any(segment.startswith(b".") for segment in segments[1:])


@given(NAMES, st.booleans())
def test_normalising_a_path_again_changes_nothing(raw, hidden):
    name = _normalised(raw, hidden=hidden)
    if name is not None and name.path:
        assert normalise(name.path, hidden=hidden) == Name(name.path, directory=False)
        assert normalise(b"/" + name.path + b"/", hidden=hidden) == Name(name.path, directory=True)


@given(st.lists(st.sampled_from([b"..", b".", b"", b"a", b"b"]), max_size=12))
def test_a_path_is_what_a_walk_from_the_root_comes_to(segments):
    place, climbed = [], False
    for segment in segments:
        if segment == b"..":
            climbed = climbed or not place
            place = place[:-1]
        elif segment not in (b"", b"."):
            place = [*place, segment]
    name = _normalised(b"/".join(segments), hidden=False)
    assert (name is None) == climbed
    assert climbed or name.path == b"/".join(place)
