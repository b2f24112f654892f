"""curl: downloads that go on, parts, compressed contents, and what it has already."""

import email
import gzip
from collections import Counter
from functools import partial

import pytest

from support.clients import program
from support.file_times import wait_until_settled
from support.served_tree import LARGE, LAST_MODIFIED, MEDIUM, MTIME_S

HALF_BYTES = 3_000_000
HEAD_BYTES = 1000  # more than any answer's head has here
RANGE_ERROR = 33  # CURLE_RANGE_ERROR
TEXT = b"a line of text that compresses well\n" * 2000
FILES = {f"{number:02}": b"file %d\n" % number * (number + 1) * 100 for number in range(50)}


@pytest.fixture
def curl(run):
    path = program("curl", "curl")
    return partial(run, path, "--disable", "--silent", "--show-error", "--max-time", 30)


@pytest.fixture
def half(tmp_path):
    """A download of `large.bin` that was cut in the middle."""
    path = tmp_path / "half"
    path.write_bytes(LARGE[:HALF_BYTES])
    return path


def test_a_download_goes_on_where_it_was_cut(served, curl, half):
    served.put("large.bin", LARGE)
    curl("--continue-at", "-", "--output", half, f"{served.url}/large.bin")
    assert half.read_bytes() == LARGE
    [line] = served.seen("curl/")
    assert (line["status"], line["range"]) == (206, f"bytes={HALF_BYTES}-")
    assert 0 <= line["sent"] - (len(LARGE) - HALF_BYTES) < HEAD_BYTES


def test_a_download_that_is_whole_is_left_alone(served, curl, half):
    served.put("large.bin", LARGE[:HALF_BYTES])
    curl("--continue-at", "-", "--output", half, f"{served.url}/large.bin")
    assert half.read_bytes() == LARGE[:HALF_BYTES]
    [line] = served.seen("curl/")
    assert line["status"] == 416
    assert line["sent"] < HEAD_BYTES


def test_a_download_without_a_condition_goes_on_with_whatever_the_file_is_now(served, curl, half):
    changed = LARGE[::-1]
    served.put("large.bin", changed)
    curl("--continue-at", "-", "--output", half, f"{served.url}/large.bin")
    assert half.read_bytes() == LARGE[:HALF_BYTES] + changed[HALF_BYTES:]
    assert [line["status"] for line in served.seen("curl/")] == [206]


@pytest.mark.parametrize("changed", [False, True], ids=["the same file", "a changed file"])
def test_a_download_by_etag_goes_on_with_the_same_file_only(served, curl, tmp_path, changed):
    url, path, tag = f"{served.url}/large.bin", tmp_path / "copy", tmp_path / "tag"
    served.put("large.bin", LARGE)
    curl("--etag-save", tag, "--range", f"0-{HALF_BYTES - 1}", "--output", path, url)
    if changed:
        served.put("large.bin", LARGE[::-1], MTIME_S + 1)
    curl(
        *("--continue-at", "-", "--header", f"If-Range: {tag.read_text().strip()}"),
        *("--output", path, url),
        code=RANGE_ERROR if changed else 0,
    )
    assert path.read_bytes() == (LARGE[:HALF_BYTES] if changed else LARGE)
    lines = served.seen("curl/", outcomes=("done", "peer"))  # it hangs up on a 200
    assert Counter(line["status"] for line in lines) == Counter([206, 200 if changed else 206])


def test_several_parts_come_in_one_answer(served, curl):
    served.put("medium.bin", MEDIUM)
    answer = curl("--include", "--range", "0-0,5-9", f"{served.url}/medium.bin").stdout
    status_line, _, message = answer.partition(b"\r\n")
    assert status_line.startswith(b"HTTP/1.1 206 ")
    parsed = email.message_from_bytes(message)
    assert parsed.get_content_type() == "multipart/byteranges"
    assert parsed["Content-Range"] is None  # RFC 9110 §14.4: that would be of a single part
    size = len(MEDIUM)
    assert [
        (part.get_content_type(), part["Content-Range"], part.get_payload(decode=True))
        for part in parsed.get_payload()
    ] == [
        ("application/octet-stream", f"bytes 0-0/{size}", MEDIUM[:1]),
        ("application/octet-stream", f"bytes 5-9/{size}", MEDIUM[5:10]),
    ]
    [line] = served.seen("curl/")
    assert (line["status"], line["range"]) == (206, "bytes=0-0,5-9")


def test_a_compressed_copy_is_fetched_and_unpacked(served, curl, tmp_path):
    packed, path = gzip.compress(TEXT), tmp_path / "notes.txt"
    served.put("notes.txt", TEXT)
    wait_until_settled(served.put("notes.txt.gz", packed))
    told = "%{http_code} %header{content-encoding} %header{content-type} %{size_download}"
    ask = partial(curl, "--output", path, "--write-out", told, f"{served.url}/notes.txt")
    packed_bytes, plain_bytes = len(packed), len(TEXT)
    assert ask("--compressed").stdout.decode() == (
        f"200 gzip text/plain; charset=utf-8 {packed_bytes}"
    )
    assert path.read_bytes() == TEXT
    assert ask().stdout.decode() == f"200  text/plain; charset=utf-8 {plain_bytes}"
    assert path.read_bytes() == TEXT
    assert len(served.seen("curl/")) == 2


def test_a_file_that_has_not_changed_since_is_not_fetched(served, curl):
    served.put("large.bin", LARGE)
    ask = partial(curl, "--write-out", "%{http_code}", f"{served.url}/large.bin")
    assert ask("--time-cond", LAST_MODIFIED).stdout == b"304"
    before = LAST_MODIFIED.replace(":20 ", ":19 ")
    assert ask("--time-cond", before).stdout == LARGE + b"200"
    lines = {line["status"]: line["sent"] for line in served.seen("curl/")}
    assert lines[304] < HEAD_BYTES < lines[200]


def test_a_head_alone_says_what_there_is(served, curl):
    served.put("large.bin", LARGE)
    head = curl("--head", f"{served.url}/large.bin").stdout
    status_line, *fields, end, rest = head.decode().split("\r\n")
    assert (status_line, end, rest) == ("HTTP/1.1 200 OK", "", "")
    assert {
        f"Content-Length: {len(LARGE)}",
        f"Last-Modified: {LAST_MODIFIED}",
        "Content-Type: application/octet-stream",
        "Accept-Ranges: bytes",
    } <= set(fields)
    [line] = served.seen("curl/")
    assert (line["method"], line["status"]) == ("HEAD", 200)
    assert line["sent"] < HEAD_BYTES


@pytest.mark.parametrize("at_once", [1, 8])
def test_fifty_files_come_over_no_more_connections_than_are_allowed(
    served, curl, tmp_path, at_once
):
    for name, content in FILES.items():
        served.put(name, content)
    copy = tmp_path / "copy"
    copy.mkdir()
    curl(
        *("--parallel", "--parallel-max", at_once),
        *("--output", copy / "#1", f"{served.url}/[00-49]"),
    )
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == FILES
    lines = served.seen("curl/")
    assert len(lines) == len(FILES)
    assert 1 <= len({line["port"] for line in lines}) <= at_once
