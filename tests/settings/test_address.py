import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.settings import Address

PORTS = st.integers(0, 65535)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("[::]:7788", Address("::", 7788)),
        ("[2001:DB8:0::1]:80", Address("2001:db8::1", 80)),
        ("127.0.0.1:0", Address("127.0.0.1", 0)),
        ("0.0.0.0:65535", Address("0.0.0.0", 65535)),
        (":69", Address("::", 69)),
    ],
)
def test_each_form_is_understood(text, address):
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7788",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1: 80",
        "127.0.0.1:80\n",
        "127.0.0.1:٣",
        "127.1:80",
        "256.0.0.1:80",
        "::1:80",
        "[::1]",
        "[127.0.0.1]:80",
        "[fe80::1%eth0]:80",
        "localhost:80",
        "example.org:80",
        "*:80",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 — its words are for no one: the model has its own
        Address.parse(text)


@given(st.ip_addresses(), PORTS)
def test_an_address_is_read_back_as_it_is_written(ip, port):
    address = Address(str(ip), port)
    assert Address.parse(str(address)) == address
