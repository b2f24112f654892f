import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols import tftp

READ = b"\0\5\0\2this server does not serve TFTP yet\0"
WRITE = b"\0\5\0\2this server is read-only\0"


@pytest.mark.parametrize("opcode", tftp.Opcode)
def test_an_opcode_makes_a_datagram_tftp(opcode):
    assert tftp.is_tftp(bytes([0, opcode]))
    assert tftp.is_tftp(bytes([0, opcode]) + b"more")


@pytest.mark.parametrize("datagram", [b"", b"\0", b"\0\0", b"\0\7", b"\1\1", b"\1", b"name"])
def test_anything_else_is_not(datagram):
    assert not tftp.is_tftp(datagram)
    assert tftp.read(datagram) is None


@pytest.mark.parametrize(
    ("datagram", "answer"),
    [
        (b"\0\1boot.bin\0octet\0", READ),
        (b"\0\1boot.bin\0NetASCII\0", READ),
        (b"\0\1boot.bin\0octet\0tsize\0" + b"0\0blksize\0" + b"1428\0", READ),
        (b"\0\1boot.bin\0octet\0tsize\0\0", READ),
        (b"\0\2boot.bin\0octet\0", WRITE),
    ],
)
def test_a_request_is_told_that_it_will_not_be_served(datagram, answer):
    assert tftp.read(datagram) == answer


@pytest.mark.parametrize(
    "datagram",
    [
        b"\0\1",
        b"\0\1\0",
        b"\0\1boot.bin",
        b"\0\1boot.bin\0",
        b"\0\1boot.bin\0octet",
        b"\0\1boot.bin\0octet\0tsize\0",
        b"\0\1boot.bin\0octet\0\xff",
        b"\0\1\0octet\0",
        b"\0\1boot.bin\0\0",
        b"\0\3\0\1data\0x\0",
        b"\0\4\0\1",
        b"\0\5\0\1no\0no\0",
        b"\0\6tsize\0" + b"1\0",
    ],
)
def test_what_is_no_whole_request_is_not_answered(datagram):
    assert tftp.is_tftp(datagram)
    assert tftp.read(datagram) is None


@given(st.binary(max_size=60), st.sampled_from([b"", b"\0\1", b"\0\2", b"\0\5"]))
def test_any_datagram_is_answered_by_an_error_or_not_at_all(data, opcode):
    assert tftp.read(opcode + data) in (None, READ, WRITE)


@given(st.binary(max_size=60))
def test_errors_are_never_answered(data):
    assert tftp.read(b"\0\5" + data) is None
