import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.files.media_types import media_type

UNKNOWN = b"application/octet-stream"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"index.html", b"text/html; charset=utf-8"),
        (b"dir/INDEX.HTM", b"text/html; charset=utf-8"),
        (b"notes.txt", b"text/plain; charset=utf-8"),
        (b"a.tar.gz", b"application/gzip"),
        (b"a.b/c.json", b"application/json"),
        (b"photo.JPeG", b"image/jpeg"),
        (b"logo.svg", b"image/svg+xml"),
        (b"disk.iso", b"application/x-iso9660-image"),
        (b"package.deb", b"application/vnd.debian.binary-package"),
        (b"\xff.png", b"image/png"),
        (b".html", b"text/html; charset=utf-8"),
        (b"html", UNKNOWN),
        (b"dir.html/file", UNKNOWN),
        (b"a.unknown", UNKNOWN),
        (b"a.html.", UNKNOWN),
        (b"a.html ", UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_the_ending_of_a_name_tells_its_media_type(path, expected):
    assert media_type(path) == expected


@given(st.binary(max_size=30))
def test_any_name_has_a_media_type_that_can_be_sent(path):
    found = media_type(path)
    assert found.isascii()
    assert not set(found) & set(b"\r\n\0")
    assert found.startswith(b"text/") == found.endswith(b"; charset=utf-8")


@given(st.text(alphabet="abc./", max_size=10), st.sampled_from([b"png", b"txt", b"iso"]))
def test_only_the_last_ending_counts_and_not_its_case(stem, ending):
    path = stem.encode() + b"x." + ending
    assert media_type(path) == media_type(b"x." + ending) == media_type(path.upper())
