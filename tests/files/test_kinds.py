import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.files.kinds import Kind, kind_of
from filed.files.media_type_table import entries


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Kind.ARCHIVE, "a.zip a.tar.gz a.7z a.tar.zst a.cpio notes.txt.gz"),
        (Kind.PACKAGE, "a.deb a.rpm a.apk a.whl a.jar a.gem a.crate a.pkg.tar.zst a.snap a.msi"),
        (Kind.DISK, "a.iso a.img a.img.xz a.qcow2 a.vmdk a.wim a.squashfs a.ova initrd initrd.img"),
        (Kind.PROGRAM, "a.efi a.exe a.so a.kpxe a.uf2 a.hex a.dtb vmlinuz pxelinux.0"),
        (Kind.IMAGE, "a.png A.JPG a.svg a.svgz a.avif a.heic a.tiff"),
        (Kind.AUDIO, "a.mp3 a.flac a.opus a.m3u"),
        (Kind.VIDEO, "a.mp4 a.webm a.mkv a.ts a.m3u8"),
        (Kind.FONT, "a.woff2 a.ttf a.otf"),
        (Kind.TEXT, "a.txt README a.md a.log a.conf a.yaml a.srt dists/stable/Release"),
        (Kind.DOCUMENT, "a.pdf a.odt a.docx a.epub index.html"),
        (Kind.CODE, "a.py a.c a.js a.css a.sh a.ipxe a.d.ts Makefile"),
        (Kind.DATA, "a.json a.csv a.parquet a.sqlite a.geojson a.stl a.torrent a.spdx.json"),
        (Kind.SIGNATURE, "a.iso.sha256 SHA256SUMS a.sig a.asc a.pem a.crt Release.gpg"),
        (Kind.OTHER, "a a.unknown a.html.bak archive."),
    ],
)
def test_the_icon_tells_what_a_file_is_for(kind, names):
    for name in names.split():
        assert kind_of(name.encode(), directory=False) is kind, name


def test_a_directory_is_one_whatever_its_name():
    assert kind_of(b"linux", directory=True) is Kind.DIRECTORY
    assert kind_of(b"files.zip", directory=True) is Kind.DIRECTORY


@given(st.binary(max_size=30))
def test_any_file_has_a_kind(name):
    assert kind_of(name, directory=False) in set(Kind) - {Kind.DIRECTORY}


def test_each_kind_of_file_has_names():
    assert {entry.kind for entry in entries()} == set(Kind) - {Kind.DIRECTORY, Kind.OTHER}
