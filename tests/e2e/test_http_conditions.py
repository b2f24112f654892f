"""Ranges and conditions over HTTP."""

import pytest

from support.http_wire import HttpClient, get
from support.served_tree import DIGITS, ETAG, LARGE, LAST_MODIFIED

OLDER = "Mon, 13 Nov 2023 22:13:20 GMT"
NEWER = "Wed, 15 Nov 2023 22:13:20 GMT"


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=3-5", 3, 5),
        ("bytes=9-9", 9, 9),
        ("bytes=-1", 9, 9),
        ("bytes=-3", 7, 9),
        ("bytes=-10", 0, 9),
        ("bytes=-99", 0, 9),
        ("bytes=4-", 4, 9),
        ("bytes=0-", 0, 9),
        ("bytes=5-99999999999999999999999", 5, 9),
        ("BYTES=1-2", 1, 2),
        ("bytes= 1-2 ,", 1, 2),
    ],
)
def test_a_range_is_sent_alone(daemon, value, first, last):
    answer = get(daemon.port, "/digits", f"Range: {value}")
    assert (answer.status, answer.body) == (206, DIGITS[first : last + 1])
    assert answer["Content-Range"] == f"bytes {first}-{last}/10"
    assert answer["Content-Length"] == str(last - first + 1)
    assert (answer["ETag"], answer["Last-Modified"]) == (ETAG, LAST_MODIFIED)


@pytest.mark.parametrize(
    ("first", "last"), [(0, 0), (1_000_000, 5_000_000), (len(LARGE) - 1, len(LARGE) - 1)]
)
def test_a_range_of_a_large_file_is_sent_alone(daemon, first, last):
    with HttpClient(daemon.port) as client:
        answer = client.get("/large.bin", f"Range: bytes={first}-{last}")
        assert (answer.status, answer.body) == (206, LARGE[first : last + 1])
        assert client.get("/digits").body == DIGITS


@pytest.mark.parametrize(
    "value",
    [
        "bytes=10-",
        "bytes=10-20",
        "bytes=-0",
        "bytes=99-",
        "bytes=x",
        "bytes=5-3",
        "bytes=",
        "bytes=--1",
        "bytes=1-2-3",
    ],
)
def test_a_range_that_the_file_does_not_have_is_416(daemon, value):
    with HttpClient(daemon.port) as client:
        answer = client.get("/digits", f"Range: {value}")
        assert (answer.status, answer["Content-Range"]) == (416, "bytes */10")
        assert client.get("/digits").body == DIGITS


@pytest.mark.parametrize("value", ["lines=1-2", "bytes", "0-5", "bytes=0-1,4-5"])
def test_a_range_that_is_not_understood_is_ignored(daemon, value):
    answer = get(daemon.port, "/digits", f"Range: {value}")
    assert (answer.status, answer.body) == (200, DIGITS)


@pytest.mark.parametrize("value", ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=5-"])
def test_a_range_of_an_empty_file_is_ignored(daemon, value):
    answer = get(daemon.port, "/empty", f"Range: {value}")
    assert (answer.status, answer["Content-Length"]) == (200, "0")


def test_head_ignores_a_range(daemon):
    answer = get(daemon.port, "/digits", "Range: bytes=0-3", method="HEAD")
    assert (answer.status, answer["Content-Length"]) == (200, "10")


OTHER = '"1-1"'
CONDITIONS = [
    (304, [f"If-None-Match: {ETAG}"]),
    (304, [f"If-None-Match: W/{ETAG}"]),
    (304, [f"If-None-Match: {OTHER}, {ETAG}"]),
    (304, [f"If-None-Match: {OTHER}", f"If-None-Match: {ETAG}"]),
    (304, ["If-None-Match: *"]),
    (200, [f"If-None-Match: {OTHER}"]),
    (200, [f"If-None-Match: {OTHER}", f"If-Modified-Since: {NEWER}"]),
    (304, [f"If-None-Match: {ETAG}", f"If-Modified-Since: {OLDER}"]),
    (304, [f"If-Modified-Since: {LAST_MODIFIED}"]),
    (304, [f"If-Modified-Since: {NEWER}"]),
    (200, [f"If-Modified-Since: {OLDER}"]),
    (200, ["If-Modified-Since: yesterday"]),
    (200, [f"If-Match: {ETAG}"]),
    (200, ["If-Match: *"]),
    (412, [f"If-Match: {OTHER}"]),
    (412, [f"If-Match: W/{ETAG}"]),
    (200, [f"If-Match: {ETAG}", f"If-Unmodified-Since: {OLDER}"]),
    (200, [f"If-Unmodified-Since: {LAST_MODIFIED}"]),
    (412, [f"If-Unmodified-Since: {OLDER}"]),
    (412, [f"If-Unmodified-Since: {OLDER}", f"If-None-Match: {ETAG}"]),
    (304, [f"If-Match: {ETAG}", f"If-None-Match: {ETAG}"]),
    (206, [f"If-Range: {ETAG}", "Range: bytes=0-0"]),
    (200, [f"If-Range: W/{ETAG}", "Range: bytes=0-0"]),
    (200, [f"If-Range: {OTHER}", "Range: bytes=0-0"]),
    (206, [f"If-Range: {LAST_MODIFIED}", "Range: bytes=0-0"]),
    (200, [f"If-Range: {NEWER}", "Range: bytes=0-0"]),
    (200, [f"If-Range: {OLDER}", "Range: bytes=0-0"]),
    (416, [f"If-Range: {ETAG}", "Range: bytes=10-"]),
    (200, [f"If-Range: {OTHER}", "Range: bytes=10-"]),
    (304, [f"If-None-Match: {ETAG}", "Range: bytes=0-0"]),
    (412, [f"If-Match: {OTHER}", "Range: bytes=0-0"]),
]


@pytest.mark.parametrize(("status", "fields"), CONDITIONS)
def test_a_condition_decides_what_is_sent(daemon, status, fields):
    with HttpClient(daemon.port) as client:
        for _ in range(3):  # the second answer may be a remembered one
            answer = client.get("/digits", *fields)
            assert answer.status == status
            if status in (200, 206):
                assert answer.body == (DIGITS if status == 200 else DIGITS[:1])
            assert client.get("/digits").status == 200


def test_an_answer_that_nothing_was_modified_has_validators_and_no_body(daemon):
    with HttpClient(daemon.port) as client:
        answer = client.get("/digits", f"If-None-Match: {ETAG}")
        assert answer.status == 304
        assert (answer["ETag"], answer["Last-Modified"]) == (ETAG, LAST_MODIFIED)
        assert answer["Content-Length"] is None
        assert answer["Content-Type"] is None
        # A body would be taken for the next answer's head.
        assert client.get("/digits").body == DIGITS


@pytest.mark.parametrize("name", ["/at_epoch", "/at_second_one"])
@pytest.mark.parametrize("field", [f"If-Modified-Since: {NEWER}", f"If-None-Match: {ETAG}"])
def test_a_file_without_validators_is_always_modified(daemon, name, field):
    assert get(daemon.port, name, field).body == DIGITS


@pytest.mark.parametrize("fields", [["If-Match: *"], ["If-None-Match: *"]])
def test_a_condition_on_what_is_not_there_changes_nothing(daemon, fields):
    assert get(daemon.port, "/missing", *fields).status == 404
