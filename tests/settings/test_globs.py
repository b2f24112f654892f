import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filed.settings.globs import BadPatternError, Globs

# A path, and by pattern whether it matches.
MATCHES = {
    "/index.html": {
        "index.html": True,
        "/index.html": True,
        "*.html": True,
        "*": True,
        "**": True,
        "/**": True,
        "**/*.html": True,
        "i*x.h*l": True,
        "?????.html": True,
        "????.html": False,
        "index.html/": False,
        "*/": False,
        "index": False,
        "INDEX.html": False,
        "ndex.html": False,
        "/": False,
    },
    "/pub/debian/dists/Release": {
        "Release": True,
        "/Release": False,
        "pub/Release": False,
        "pub": False,
        "pub/": False,
        "/pub/**": True,
        "pub/**": True,
        "/pub/*": False,
        "/pub/*/*/*": True,
        "/pub/**/Release": True,
        "/pub/**/dists/Release": True,
        "/pub/**/debian/**/Release": True,
        "/pub/debian/dists/**/Release": True,
        "/pub/**/dists": False,
        "**/dists/*": True,
        "**/pub/**": True,
        "dists/Release": False,
        "/**/**/Release": True,
        "/pub/d*/d*/R*": True,
        "/pub/d*/R*": False,
        "/pub?debian/dists/Release": False,
        "/pub[!x]debian/dists/Release": False,
        "/pub[+-9]debian/dists/Release": False,
    },
    "/pub/": {
        "pub": True,
        "pub/": True,
        "/pub": True,
        "/pub/": True,
        "*": True,
        "*/": True,
        "**/": True,
        "/pub/**": True,
        "/pub/**/": True,
        "/pub/*": False,
        "/pub/*/": False,
        "/pub/**/*": False,
        "/": False,
    },
    "/pub": {"pub": True, "pub/": False, "/pub/**": False},
    "/": {
        "/": True,
        "*": True,
        "*/": True,
        "**": True,
        "/**": True,
        "?": False,
        "?*": False,
        "/pub/**": False,
    },
    "/a/b/a/c": {"/**/a/c": True, "/a/**/c": True, "/**/a/b/c": False, "/**/b/**/c": True},
    "/v1.2-rc]": {
        "v[0-9].[0-9]*": True,
        "v[!2-9].*": True,
        "v[^1].*": False,
        "v1.2[-x]rc[]]": True,
        "v1.2[x-]rc[]x]": True,
        "v1.2?rc[!]]": False,
        "v1[.]2-rc\\]": True,
        "v1[a-z]2*": False,
        "v1[\\.]2*": True,
    },
    "/[a]*{,}$^": {"\\[a]\\*{,}$^": True, "[[]a][*]{,}$^": True, "[a]*": False},
    "/.hidden": {"*": True, ".*": True, "?hidden": True},
    "/a\nb": {"a?b": True, "a*": True, "a": False},
    "/!x#": {"\\!x#": True, "?x[#]": True},
}
CASES = [
    pytest.param(path, pattern, matches, id=f"{pattern} {'is' if matches else 'is not'} {path!r}")
    for path, patterns in MATCHES.items()
    for pattern, matches in patterns.items()
]


def match(pattern, path):
    return Globs([pattern]).match(path)


@pytest.mark.parametrize(("path", "pattern", "matches"), CASES)
def test_a_pattern_matches_like_one_of_gitignore(path, pattern, matches):
    assert match(pattern, path.encode()) == matches


def test_a_character_of_several_bytes_is_one():
    path = "/żółw".encode()
    assert match("?ó?w", path)
    assert match("[ź-ż]*", path)
    assert not match("[!ź-ż]*", path)


def test_a_byte_that_is_not_utf_8_is_a_character():
    assert match("caf?", b"/caf\xe9")
    assert match("caf[!e]", b"/caf\xe9")
    assert not match("caf??", b"/caf\xe9")


def test_one_of_several_patterns_has_to_match():
    globs = Globs(["*.css", "/js/**"])
    assert globs.match(b"/x/a.css")
    assert globs.match(b"/js/a.map")
    assert not globs.match(b"/a.map")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", 'a pattern, such as "*.html" or "/pub/**"'),
        ("a\0", 'a pattern, such as "*.html" or "/pub/**"'),
        ("a\udce9", 'a pattern, such as "*.html" or "/pub/**"'),
        ("!*.html", 'a pattern of what is meant; "!" takes nothing out again here'),
        ("//", 'a pattern without empty segments, "." and "..", which no path has'),
        ("a//b", 'a pattern without empty segments, "." and "..", which no path has'),
        ("./a", 'a pattern without empty segments, "." and "..", which no path has'),
        ("a/../b", 'a pattern without empty segments, "." and "..", which no path has'),
        ("**.html", '"**" alone between slashes, such as "/pub/**/*.html"'),
        ("/pub/a**", '"**" alone between slashes, such as "/pub/**/*.html"'),
        ("***", '"**" alone between slashes, such as "/pub/**/*.html"'),
        ("a\\", "a character after the backslash"),
        ("a\\/b", "a character after the backslash"),
        ("[z-a]", 'a range from the lower character to the higher, such as "[a-z]"'),
        ("[[:alpha:]]", 'a class of characters and ranges, such as "[a-zA-Z0-9]"'),
    ],
)
def test_what_is_no_pattern_is_refused_in_words(pattern, expected):
    with pytest.raises(BadPatternError, match=re.escape(expected)):
        Globs([pattern])


@pytest.mark.parametrize("pattern", ["[", "[]", "[!]", "a[b", "a[b/c]", "[a\\]", "*["])
def test_a_class_has_to_be_closed(pattern):
    with pytest.raises(BadPatternError, match=r'^each "\[" closed by a "\]" before the next slash'):
        Globs([pattern])


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 40 + "*b", b"/" + b"a" * 5000),
        ("**/a/" * 40 + "b", b"/" + b"a/" * 2000),
        ("**/*a*a*a*/" * 20 + "b", b"/" + b"aaaaaaaaaaaaaaaa/" * 300),
        ("**/" * 40 + "b", b"/" + b"a/" * 2000),
    ],
)
def test_no_pattern_takes_long_over_a_path_that_it_nearly_matches(pattern, path):
    assert not match(pattern, path)


ITEMS = st.sampled_from(["a", "b", "?", "*", "[ab]", "[!a]"])
NAMES = st.lists(ITEMS, min_size=1, max_size=6).filter(lambda items: "**" not in "".join(items))
SEGMENTS = st.lists(st.just("**") | NAMES, min_size=1, max_size=5)
PATHS = st.lists(st.text("abc", min_size=1, max_size=5), max_size=5).map("/".join)


@given(SEGMENTS, st.booleans(), st.booleans(), PATHS, st.booleans())
@example([["*"], "**"], True, True, "", True)
def test_a_match_is_what_trying_everything_finds(segments, rooted, directories, path, ends):
    pattern = "/" * rooted + "/".join(map("".join, segments)) + "/" * directories
    path = f"/{path}{'/' if ends and path else ''}"
    if not rooted and len(segments) == 1:
        segments = ["**", *segments]
    expected = fits(segments, path[1:], is_root=path == "/") and (
        not directories or path.endswith("/")
    )
    assert match(pattern, path.encode()) == expected


def fits(segments, path, *, is_root=False):
    first, *others = segments
    here, slash, beyond = path.partition("/")
    if first == "**":
        return (
            not others
            or fits(others, path, is_root=is_root)
            or (bool(slash) and fits(segments, beyond))
        )
    if others:
        return bool(slash) and fits_name(first, here) and fits(others, beyond)
    return not beyond and (is_root or here != "") and fits_name(first, here)


def fits_name(items, name):
    if not items:
        return not name
    first, *others = items
    if first == "*":
        return any(fits_name(others, name[begin:]) for begin in range(len(name) + 1))
    allowed = {"?": "abc", "[ab]": "ab", "[!a]": "bc"}.get(first, first)
    return name[:1] != "" and name[0] in allowed and fits_name(others, name[1:])
