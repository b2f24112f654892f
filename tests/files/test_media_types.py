import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filed.files.media_type_table import entries
from filed.files.media_types import MediaTypes

UNKNOWN = b"application/octet-stream"
TEXT = b"text/plain; charset=utf-8"
# RFC 6838 §4.2, and the one parameter that the table's types get.
BUILT_IN = MediaTypes()
TYPE = re.compile(r"[A-Za-z0-9][\w!#$&^.+-]{0,126}/[A-Za-z0-9][\w!#$&^.+-]{0,126}", re.ASCII)
CONTENT_TYPE = re.compile(TYPE.pattern + "(; charset=utf-8)?", re.ASCII)
ENDINGS = [entry.name for entry in entries() if entry.name.startswith(".")]


@pytest.fixture(scope="module")
def types():
    return MediaTypes()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        # what browsers depend on
        ("index.html dir/index.htm", "text/html; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("app.js module.mjs", "text/javascript; charset=utf-8"),
        ("app.js.map", "application/json"),
        ("game.wasm", "application/wasm"),
        ("site.webmanifest", "application/manifest+json"),
        ("logo.svg", "image/svg+xml"),
        ("photo.jpg photo.jpeg", "image/jpeg"),
        ("photo.avif", "image/avif"),
        ("photo.jxl", "image/jxl"),
        ("photo.webp", "image/webp"),
        ("favicon.ico", "image/vnd.microsoft.icon"),
        ("text.woff2", "font/woff2"),
        ("captions.vtt", "text/vtt; charset=utf-8"),
        ("live.m3u8", "application/vnd.apple.mpegurl"),
        ("live0001.ts", "video/mp2t"),
        ("live.mpd", "application/dash+xml"),
        ("film.mp4", "video/mp4"),
        ("film.mkv", "video/matroska"),
        ("song.opus", "audio/ogg"),
        (".well-known/apple-app-site-association", "application/json"),
        # a mirror
        ("pool/hello_1.0-1_amd64.deb installer.udeb", "application/vnd.debian.binary-package"),
        ("hello-1.0-1.x86_64.rpm", "application/x-rpm"),
        ("hello-1.0-1.pkg.tar.zst core.db.tar.zst", "application/zstd"),
        ("debian-12.5.0-amd64-netinst.iso", "application/x-iso9660-image"),
        ("linux-6.8.tar.xz", "application/x-xz"),
        ("hello-1.0.tar.gz hello-1.0.tgz", "application/gzip"),
        ("hello-1.0.tar.lz4", "application/x-lz4"),
        (
            "README dists/stable/Release dists/stable/InRelease SHA256SUMS",
            "text/plain; charset=utf-8",
        ),
        ("linux-6.8.tar.sign hello.deb.sha256 Release.asc", "text/plain; charset=utf-8"),
        ("hello.deb.sig", "application/pgp-signature"),
        ("debian.iso.torrent", "application/x-bittorrent"),
        ("debian.iso.meta4", "application/metalink4+xml"),
        # artifacts
        ("hello-1.0-py3-none-any.whl hello.1.0.nupkg", "application/zip"),
        ("hello-1.0-py3-none-any.whl.metadata", "text/plain; charset=utf-8"),
        ("hello-1.0.crate", "application/gzip"),
        ("hello.jar hello.war", "application/java-archive"),
        ("hello.exe hello.dll", "application/vnd.microsoft.portable-executable"),
        ("hello.appimage", "application/vnd.appimage"),
        ("bom.spdx", "text/spdx; charset=utf-8"),
        ("bom.spdx.json", "application/spdx+json"),
        ("bom.cdx.json", "application/vnd.cyclonedx+json"),
        # data sets
        ("rows.csv", "text/csv; charset=utf-8"),
        ("rows.json", "application/json"),
        ("rows.jsonl rows.ndjson", "application/jsonl"),
        ("rows.parquet", "application/vnd.apache.parquet"),
        ("rows.arrow rows.feather", "application/vnd.apache.arrow.file"),
        ("rows.sqlite", "application/vnd.sqlite3"),
        ("rows.h5 rows.hdf5", "application/x-hdf5"),
        ("rows.npy model.safetensors model.gguf", "application/octet-stream"),
        ("model.onnx", "application/protobuf"),
        ("town.geojson", "application/geo+json"),
        ("town.gpkg", "application/geopackage+sqlite3"),
        ("part.stl", "model/stl"),
        # a boot server
        ("grubx64.efi", "application/efi"),
        ("boot.ipxe node.ks node.preseed grub.cfg", "text/plain; charset=utf-8"),
        ("node.ign", "application/vnd.coreos.ignition+json"),
        (
            "undionly.kpxe pxelinux.0 vmlinuz initrd.img board.dtb fw.uf2",
            "application/octet-stream",
        ),
        ("disk.img.xz", "application/x-xz"),
        ("disk.qcow2", "application/x-qemu-disk"),
        # documents
        ("report.pdf", "application/pdf"),
        ("report.odt", "application/vnd.oasis.opendocument.text"),
        ("book.epub", "application/epub+zip"),
        ("README.md", "text/markdown; charset=utf-8"),
        ("feed.xml", "application/xml"),
        ("compose.yaml", "application/yaml"),
        ("pyproject.toml", "application/toml"),
        ("main.py main.c main.rs index.d.ts Makefile", "text/plain; charset=utf-8"),
        ("ca.crl", "application/pkix-crl"),
    ],
)
def test_a_name_tells_the_media_type(types, names, expected):
    for name in names.split():
        assert types.of(name.encode()).decode() == expected


@pytest.mark.parametrize(
    "name",
    [
        b"",
        b"file",
        b"html",
        b"file.unknown",
        b"file.html.",
        b"file.html ",
        b"file.html~",
        b"file.html.bak",
        b"dir.html/file",
        b"README/",
        b"readme",  # whole names are exact
        b"MYREADME",
        b".",
        b"archive.",
        b"." * 5000,
        b"a.b" * 5000,
    ],
)
def test_what_a_name_does_not_tell_is_to_be_saved(types, name):
    assert types.of(name) == UNKNOWN


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b".gz", b"application/gzip"),
        (b"PHOTO.JPeG", b"image/jpeg"),
        (b"\xff\xfe.png", b"image/png"),
        (b"a.b/c.json", b"application/json"),
        (b"a." * 5000 + b"zip", b"application/zip"),
    ],
)
def test_only_the_ending_of_the_last_segment_counts_in_any_case(types, path, expected):
    assert types.of(path) == expected


@given(st.binary(max_size=30))
def test_any_name_has_a_media_type_that_can_be_sent(path):
    found = BUILT_IN.of(path).decode("ascii")
    assert CONTENT_TYPE.fullmatch(found)
    assert found.startswith("text/") == found.endswith("; charset=utf-8")


@given(st.text(alphabet="abc./", max_size=10), st.sampled_from(ENDINGS))
def test_the_case_of_an_ending_does_not_count(stem, ending):
    path = f"{stem}x{ending}".encode()
    assert BUILT_IN.of(path) == BUILT_IN.of(path.upper()) == BUILT_IN.of(b"x" + ending.encode())


def test_an_override_wins_over_the_table():
    types = MediaTypes({".iso": "application/vnd.efi-iso", "README": "text/markdown"})
    assert types.of(b"debian.ISO") == b"application/vnd.efi-iso"
    assert types.of(b"pub/README") == b"text/markdown; charset=utf-8"
    assert types.of(b"photo.png") == b"image/png"


def test_an_override_of_an_ending_holds_for_all_names_that_end_so():
    types = MediaTypes({".xz": "application/xz", ".mod": "audio/mod"})
    assert types.of(b"disk.img.xz") == types.of(b"notes.txt.xz") == b"application/xz"
    assert types.of(b"go.mod") == b"audio/mod"


def test_the_longest_of_several_overrides_wins():
    types = MediaTypes({".gz": "application/x-gzip", ".Tar.GZ": "application/x-gtar"})
    assert types.of(b"a.tar.gz") == b"application/x-gtar"
    assert types.of(b"a.txt.gz") == b"application/x-gzip"


def test_a_whole_name_wins_over_an_ending_and_is_exact():
    types = MediaTypes({"latest.bin": "application/zip", ".bin": "font/ttf"})
    assert types.of(b"fw/latest.bin") == b"application/zip"
    assert types.of(b"fw/Latest.bin") == b"font/ttf"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("text/x-log", b"text/x-log; charset=utf-8"),
        ("Text/Plain", b"Text/Plain; charset=utf-8"),
        ("text/markdown; variant=GFM", b"text/markdown; variant=GFM; charset=utf-8"),
        ("text/plain; charset=iso-8859-1", b"text/plain; charset=iso-8859-1"),
        ('text/plain;format=flowed;CHARSET="koi8-r"', b'text/plain;format=flowed;CHARSET="koi8-r"'),
        ("application/json", b"application/json"),
    ],
)
def test_text_gets_a_charset_unless_it_gives_one_itself(given, sent):
    assert MediaTypes({".log": given}).of(b"a.log") == sent


def test_a_name_that_is_not_ascii_can_be_overridden():
    types = MediaTypes({"größe": "application/json", ".naïve": "application/json"})
    assert types.of("größe".encode()) == types.of("a.naïve".encode()) == b"application/json"


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1),
        st.sampled_from(["application/x-first", "application/x-second"]),
    ),
)
@example({".": "application/x-first"})
def test_overrides_of_any_name_hold_for_that_name(overrides):
    types = MediaTypes(overrides)
    for name, expected in overrides.items():
        lowered = [key for key in overrides if key.lower() == name.lower()]
        if not name.startswith(".") or len(lowered) == 1:
            assert types.of(b"dir/" + name.encode()) == expected.encode()


def test_the_table_names_nothing_twice():
    names = [entry.name for entry in entries()]
    assert sorted(names) == sorted(set(names))


def test_the_table_knows_hundreds_of_endings():
    assert len(ENDINGS) >= 300


def test_the_table_is_well_formed():
    for entry in entries():
        assert TYPE.fullmatch(entry.media_type), entry
        assert re.fullmatch(r"(\.[a-z0-9_+-]+)+|[A-Za-z][\w.-]*", entry.name, re.ASCII), entry


def test_each_line_of_the_table_is_heeded():
    for entry in entries():
        name = f"x{entry.name}" if entry.name.startswith(".") else entry.name
        assert BUILT_IN.of(name.encode()).split(b";")[0].decode() == entry.media_type, entry


# What a browser runs scripts in when it opens it by itself: who may put files beneath the root must
# not be surprised by a longer list. (XML by way of XHTML elements.)
RUNS_SCRIPTS = {
    "text/html": {".html", ".htm"},
    "application/xhtml+xml": {".xhtml", ".xht"},
    "image/svg+xml": {".svg"},
    "application/xml": {".xml", ".xsd", ".rng"},
    "text/xml": set(),
    "application/xslt+xml": {".xsl", ".xslt"},
    "application/rdf+xml": {".rdf", ".owl"},
    "application/mathml+xml": {".mathml"},
    "application/rss+xml": {".rss"},
    "application/atom+xml": {".atom"},
    "multipart/related": set(),
    "application/hta": set(),
    "text/x-component": set(),
}


@pytest.mark.parametrize(("active", "endings"), RUNS_SCRIPTS.items())
def test_few_names_are_opened_as_something_that_runs_scripts(active, endings):
    assert {entry.name for entry in entries() if entry.media_type == active} == endings


@pytest.mark.parametrize(
    "name", [b"a.php", b"a.pl", b"a.sh", b"a.bat", b"a.ps1", b"a.vue", b"a.jsx"]
)
def test_source_code_is_shown_and_not_run(types, name):
    assert types.of(name) == TEXT


@pytest.mark.parametrize("name", [b"a.hta", b"a.shtml", b"a.mhtml", b"a.htc", b"a.scr", b"a.lnk"])
def test_what_only_surprises_is_saved(types, name):
    assert types.of(name) == UNKNOWN
