"""Compressed files beside the one that is asked for."""

import gzip
import os

import pytest

from support.daemon import running, wait_until
from support.file_times import wait_until_settled
from support.http_wire import HttpClient, get

TEXT = b"the same line again and again\n" * 1000
BROTLI = b"\x0b\x02\x80hello\x03"
MTIME_S = 1_700_000_000
ONE, OTHER = gzip.compress(b"one"), gzip.compress(b"the other")
ALL = "Accept-Encoding: gzip, br, zstd"


def put(path, content, mtime_s=MTIME_S):
    path.write_bytes(content)
    os.utime(path, (mtime_s, mtime_s))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    put(root / "page.html", TEXT)
    put(root / "page.html.gz", gzip.compress(TEXT))
    put(root / "page.html.br", BROTLI)
    put(root / "page.html.zst", b"zstandard")  # what is in it is nobody's business
    put(root / "large.js", TEXT * 100)
    put(root / "large.js.gz", gzip.compress(os.urandom(200_000).hex().encode()))
    put(root / "stale.txt", TEXT)
    put(root / "stale.txt.gz", b"old", MTIME_S - 1)
    put(root / "same.txt", b"12345")
    put(root / "same.txt.gz", b"54321")
    put(root / "alone.txt", TEXT)
    put(root / "odd.txt", TEXT)
    (root / "odd.txt.gz").mkdir()
    put(root / "index.html", TEXT)
    put(root / "index.html.gz", gzip.compress(TEXT))
    put(root / "empty.txt", TEXT)
    put(root / "empty.txt.gz", b"")
    wait_until_settled(root / "empty.txt.gz")
    return root


@pytest.fixture(scope="module")
def daemon(root):
    with running(root) as daemon:
        yield daemon


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [
        ("gzip", "gzip", gzip.compress(TEXT)),
        ("x-gzip", "gzip", gzip.compress(TEXT)),
        ("br", "br", BROTLI),
        ("zstd", "zstd", b"zstandard"),
        ("gzip, br, zstd", "zstd", b"zstandard"),
        ("gzip, br", "br", BROTLI),
        ("*", "zstd", b"zstandard"),
        ("zstd;q=0.5, gzip", "gzip", gzip.compress(TEXT)),
        ("zstd;q=0, br;q=0, *", "gzip", gzip.compress(TEXT)),
        ("GZIP;Q=1", "gzip", gzip.compress(TEXT)),
        ("identity;q=0, gzip;q=0.1", "gzip", gzip.compress(TEXT)),
        ("identity, gzip;q=0.5", None, TEXT),
        ("deflate", None, TEXT),
        ("gzip;q=0", None, TEXT),
        ("identity", None, TEXT),
        ("", None, TEXT),
        ("gzip;q=2", None, TEXT),
    ],
)
def test_the_client_gets_the_coding_it_wants_most(daemon, accepted, coding, body):
    answer = get(daemon.port, "/page.html", f"Accept-Encoding: {accepted}")
    assert (answer.status, answer["Content-Encoding"]) == (200, coding)
    if coding == "gzip":
        assert gzip.decompress(answer.body) == TEXT
    else:
        assert answer.body == body
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["Vary"] == "Accept-Encoding"


def test_every_answer_of_a_file_with_a_sidecar_varies(daemon):
    plain = get(daemon.port, "/page.html")
    assert (plain.body, plain["Vary"], plain["Content-Encoding"]) == (TEXT, "Accept-Encoding", None)
    tag = f"If-None-Match: {plain['ETag']}"
    assert get(daemon.port, "/page.html", tag)["Vary"] == "Accept-Encoding"
    assert get(daemon.port, "/page.html", "Range: bytes=0-3")["Vary"] == "Accept-Encoding"
    assert get(daemon.port, "/page.html", method="HEAD")["Vary"] == "Accept-Encoding"


def test_a_file_without_a_sidecar_does_not(daemon):
    for name in ("alone.txt", "stale.txt", "odd.txt", "empty.txt"):
        answer = get(daemon.port, f"/{name}", ALL)
        assert (answer.body, answer["Vary"], answer["Content-Encoding"]) == (TEXT, None, None)


def test_validators_are_those_of_what_is_sent(daemon):
    plain, coded = get(daemon.port, "/same.txt"), get(daemon.port, "/same.txt", ALL)
    assert (plain.body, coded.body) == (b"12345", b"54321")
    assert plain["ETag"] != coded["ETag"]
    by_tag = f"If-None-Match: {coded['ETag']}"
    assert get(daemon.port, "/same.txt", ALL, by_tag).status == 304
    assert get(daemon.port, "/same.txt", by_tag).body == b"12345"


def test_a_part_is_one_of_what_is_sent(daemon, root):
    answer = get(daemon.port, "/large.js", ALL, "Range: bytes=1000-1999")
    coded = (root / "large.js.gz").read_bytes()
    assert answer["Content-Range"] == f"bytes 1000-1999/{len(coded)}"
    assert answer["Content-Encoding"] == "gzip"
    assert answer.body == coded[1000:2000]


def test_several_parts_of_it_are_all_of_it(daemon, root):
    # The coding of a multipart body would be taken for that of its parts.
    answer = get(daemon.port, "/large.js", ALL, "Range: bytes=0-9,100-109")
    assert (answer.status, answer["Content-Encoding"]) == (200, "gzip")
    assert answer.body == (root / "large.js.gz").read_bytes()


def test_head_tells_of_it(daemon, root):
    with HttpClient(daemon.port) as client:
        answer = client.get("/large.js", ALL, method="HEAD")
        assert answer["Content-Length"] == str((root / "large.js.gz").stat().st_size)
        assert client.get("/large.js", ALL)["ETag"] == answer["ETag"]


def test_an_index_file_has_its_sidecars_too(daemon):
    answer = get(daemon.port, "/", ALL)
    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == TEXT


def test_a_sidecar_has_a_name_of_its_own(daemon):
    for _ in range(2):  # whatever was kept of it for the one name
        direct = get(daemon.port, "/page.html.gz", ALL)
        assert (direct["Content-Type"], direct["Content-Encoding"]) == ("application/gzip", None)
        assert direct["Vary"] is None
        assert get(daemon.port, "/page.html", "Accept-Encoding: gzip")["Content-Encoding"] == "gzip"


def test_one_that_comes_goes_or_grows_old_is_noticed(tmp_path):
    put(tmp_path / "file", TEXT)
    coded = tmp_path / "file.gz"

    def coding(daemon):
        answer = get(daemon.port, "/file", "Accept-Encoding: zstd, gzip")
        assert answer.body in (TEXT, ONE, OTHER)
        return answer["Content-Encoding"], answer.body

    with running(tmp_path, workers=1) as daemon:
        assert coding(daemon) == (None, TEXT)
        put(coded, ONE)
        wait_until(lambda: coding(daemon) == ("gzip", ONE), "it to be found")
        put(coded, OTHER)
        assert coding(daemon) == (None, TEXT)  # until it is sure that this is all of it
        wait_until(lambda: coding(daemon) == ("gzip", OTHER), "the other one to be found")
        put(tmp_path / "file", TEXT, MTIME_S + 1)
        assert coding(daemon) == (None, TEXT)
        put(coded, ONE, MTIME_S + 1)
        wait_until(lambda: coding(daemon) == ("gzip", ONE), "it to be young again")
        coded.unlink()
        assert coding(daemon) == (None, TEXT)


def test_one_that_is_being_written_is_not_sent(tmp_path):
    whole = gzip.compress(os.urandom(100_000).hex().encode())
    put(tmp_path / "file", TEXT)
    with running(tmp_path, workers=1) as daemon, (tmp_path / "file.gz").open("wb") as coded:
        for at in range(0, len(whole), len(whole) // 40):
            coded.write(whole[at : at + len(whole) // 40])
            coded.flush()
            assert get(daemon.port, "/file", "Accept-Encoding: gzip").body == TEXT
        wait_until(
            lambda: get(daemon.port, "/file", "Accept-Encoding: gzip").body == whole,
            "it to be found whole",
        )


def test_a_time_cut_to_the_second_is_that_second(tmp_path):
    for name, mtime_ns in (("cut", 0), ("older", 999_999_998)):
        put(tmp_path / name, TEXT)
        put(tmp_path / f"{name}.gz", gzip.compress(TEXT))
        os.utime(tmp_path / name, ns=(0, MTIME_S * 10**9 + 999_999_999))
        os.utime(tmp_path / f"{name}.gz", ns=(0, MTIME_S * 10**9 + mtime_ns))
    wait_until_settled(*tmp_path.iterdir())
    with running(tmp_path) as daemon:
        assert get(daemon.port, "/cut", ALL)["Content-Encoding"] == "gzip"
        assert get(daemon.port, "/older", ALL)["Content-Encoding"] is None


def test_only_those_asked_for_are_looked_for(root):
    with running(root, "--http.precompressed=gz") as daemon:
        answer = get(daemon.port, "/page.html", ALL)
        assert answer["Content-Encoding"] == "gzip"
    with running(root, "--http.precompressed=[]") as daemon:
        answer = get(daemon.port, "/page.html", ALL)
        assert (answer["Content-Encoding"], answer["Vary"]) == (None, None)
