"""Several ranges at once, read by a parser that is not ours."""

import email
import email.policy

import pytest

from support.http_wire import HttpClient, get
from support.served_tree import DIGITS, LARGE, MEDIUM


def parts(answer):
    """The parts of a multipart answer: what each says it is, and its bytes."""
    head = f"Content-Type: {answer['Content-Type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + answer.body, policy=email.policy.HTTP)
    assert message.get_content_type() == "multipart/byteranges"
    assert not message.defects
    return [(part["Content-Range"], part.get_payload(decode=True)) for part in message.iter_parts()]


@pytest.mark.parametrize(("name", "content"), [("/medium.bin", MEDIUM), ("/large.bin", LARGE)])
@pytest.mark.parametrize(
    ("value", "spans"),
    [
        ("bytes=0-0,9-9", [(0, 0), (9, 9)]),
        ("bytes=-1,0-4", [(-1, -1), (0, 4)]),
        ("bytes=5-9,0-3,20-30,25-40,41-50", [(5, 9), (0, 3), (20, 50)]),
        ("bytes=0-0,99999999999-", [(0, 0)]),
        ("bytes=0-4,5-9", [(0, 9)]),
    ],
)
def test_each_range_is_a_part(daemon, name, content, value, spans):
    size = len(content)
    spans = [(first % size, last % size) for first, last in spans]
    answer = get(daemon.port, name, f"Range: {value}")
    assert answer.status == 206
    expected = [
        (f"bytes {first}-{last}/{size}", content[first : last + 1]) for first, last in spans
    ]
    if len(spans) == 1:
        assert [(answer["Content-Range"], answer.body)] == expected
    else:
        assert answer["Content-Range"] is None
        assert parts(answer) == expected


def test_the_connection_goes_on_behind_them(daemon):
    with HttpClient(daemon.port) as client:
        for _ in range(3):
            answer = client.get("/large.bin", "Range: bytes=0-999999,2000000-2999999,-1000000")
            assert b"".join(content for _, content in parts(answer)) == (
                LARGE[:1_000_000] + LARGE[2_000_000:3_000_000] + LARGE[-1_000_000:]
            )
        assert client.get("/digits").body == DIGITS


def many(count, *, step=1000):
    return ",".join(f"{number * step}-{number * step}" for number in range(count))


def test_sixteen_parts_are_sent_and_seventeen_are_the_whole(daemon):
    assert len(parts(get(daemon.port, "/large.bin", f"Range: bytes={many(16)}"))) == 16
    answer = get(daemon.port, "/large.bin", f"Range: bytes={many(17)}")
    assert (answer.status, answer.body) == (200, LARGE)


@pytest.mark.parametrize(
    "value",
    [
        "0-," * 10_000,
        "0-0," * 7_000,
        many(2_000, step=7),
        ",".join(f"-{number}" for number in range(1, 4_000)),
        "0-1," + "," * 30_000,
    ],
)
def test_no_header_makes_more_than_the_file_of_it(daemon, value):
    answer = get(daemon.port, "/large.bin", f"Range: bytes={value}")
    assert answer.status in (200, 206)
    assert len(answer.body) <= len(LARGE)


def test_parts_that_come_to_more_than_the_file_are_the_file(daemon):
    answer = get(daemon.port, "/digits", "Range: bytes=0-0,9-9")
    assert (answer.status, answer.body) == (200, DIGITS)
