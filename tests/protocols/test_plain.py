import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols import plain
from filed.protocols.messages import Protocol, Refusal, Request


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"disk.img", b"disk.img"),
        (b"/disk.img\n", b"/disk.img"),
        (b"disk.img\r\n", b"disk.img"),
        (b"disk.img\r\r\n", b"disk.img\r"),
        (b"disk.img\r", b"disk.img\r"),  # nothing ends there
        (b"a\nb\nc", b"a"),
        (b"\r\ndisk.img", b"disk.img"),
        (b"\\Boot\\BCD", b"\\Boot\\BCD"),
        (b"a%20b", b"a%20b"),
        (b" a b ", b" a b "),
        (b"\xff\xfe", b"\xff\xfe"),
        (b"n" * 1024, b"n" * 1024),
        (b"n" * 1024 + b"\r\nmuch more" * 1000, b"n" * 1024),
    ],
)
def test_the_name_is_what_stands_before_the_newline(data, name):
    request = plain.read(data)
    assert isinstance(request, Request)
    assert (request.protocol, request.name, request.target) == (Protocol.PLAIN, name, name)
    assert request.close


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"\r\n", b"\r\n\r\n", b"\nname", b"n" * 1025, b"n" * 1025 + b"\n"]
)
def test_no_name_and_a_long_one_are_bad_requests(data):
    refusal = plain.read(data)
    assert isinstance(refusal, Refusal)
    assert (refusal.protocol, refusal.status) == (Protocol.PLAIN, 400)


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_name_without_newline_or_refused(data):
    message = plain.read(data)
    if isinstance(message, Request):
        assert 0 < len(message.name) <= 1024
        assert b"\n" not in message.name
        assert message.name in data
