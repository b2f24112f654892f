import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.messages import Protocol, Refusal, Request
from filed.protocols.tftp.packets import (
    ErrorCode,
    Mode,
    Opcode,
    ReadRequest,
    error,
    is_tftp,
    oack,
    read,
)

OPTIONS = {b"tsize": b"0", b"blksize": b"1428", b"windowsize": b"16", b"timeout": b"2"}
REQUEST = b"\0\1boot.bin\0octet\0" + b"".join(b"%b\0%b\0" % option for option in OPTIONS.items())
KINDS = {
    "RRQ": b"\0\1boot.bin\0octet\0",
    "RRQ with options": REQUEST,
    "WRQ": b"\0\2boot.bin\0octet\0tsize\0" + b"12\0",
    "DATA": b"\0\3\0\1content",
    "ACK": b"\0\4\0\1",
    "ERROR": b"\0\5\0\1no such file\0",
    "OACK": b"\0\6tsize\0" + b"12\0",
}


def read_as_it_comes(datagram):
    """What the port that takes requests makes of a datagram; None where it is not TFTP's."""
    return read(datagram) if is_tftp(datagram) else None


@pytest.mark.parametrize("opcode", Opcode)
def test_an_opcode_makes_a_datagram_tftp(opcode):
    assert is_tftp(bytes([0, opcode]))
    assert is_tftp(bytes([0, opcode]) + b"more")


@pytest.mark.parametrize(
    "datagram", [b"", b"\0", b"\1", b"\6", b"\0\0", b"\0\7", b"\1\1", b"\1\0", b"\xff\xff", b"name"]
)
def test_anything_else_is_not(datagram):
    assert not is_tftp(datagram)


@pytest.mark.parametrize(
    "name",
    [
        b"boot.bin",
        b"/boot.bin",
        b"//a/../b",
        b"\\Boot\\BCD",
        b"boot.bin\xff",
        b"a%20b",
        b" ",
        b"\xff\xfe",
        b"octet",
        b"n" * 4000,
    ],
)
def test_a_name_is_read_as_it_was_sent(name):
    request = read(b"\0\1" + name + b"\0octet\0")
    assert isinstance(request, ReadRequest)
    message = request.message
    assert isinstance(message, Request)
    assert (message.protocol, message.method) == (Protocol.TFTP, b"GET")
    assert (message.name, message.target) == (name, name)
    assert request.options == {}


@pytest.mark.parametrize(
    ("sent", "mode"),
    [
        (b"octet", Mode.OCTET),
        (b"OCTET", Mode.OCTET),
        (b"oCtEt", Mode.OCTET),
        (b"netascii", Mode.NETASCII),
        (b"NetASCII", Mode.NETASCII),
    ],
)
def test_a_mode_comes_in_any_case(sent, mode):
    assert read(b"\0\1boot.bin\0" + sent + b"\0").mode is mode


@pytest.mark.parametrize(
    "datagram",
    [
        REQUEST,
        REQUEST[:-1],
        REQUEST + b"\0",
        REQUEST + b"\0" * 400,
        REQUEST + b"tsize",
        REQUEST + b"tsize\0",
        REQUEST + b"tsize\0" + b"7\0",
        REQUEST + b"BLKSIZE\0" + b"8\0",
        REQUEST + b"\0\0blksize\0" + b"8\0",
        REQUEST + b"\xff",
    ],
)
def test_a_request_s_end_may_be_missing_padded_or_torn(datagram):
    request = read(datagram)
    assert isinstance(request, ReadRequest)
    known = {name: value for name, value in request.options.items() if name in OPTIONS}
    assert known == OPTIONS


@pytest.mark.parametrize(
    ("end", "options"),
    [
        (b"", {}),
        (b"\0", {}),
        (b"\0\0\0\0", {}),
        (b"\xff", {}),
        (b"\0\xff", {}),
        (b"\0tsize", {}),
        (b"\0tsize\0", {b"tsize": b""}),
        (b"\0tsize\0" + b"0", {b"tsize": b"0"}),
        (b"\0TSize\0" + b"0\0", {b"tsize": b"0"}),
        (b"\0BLKSIZE\0" + b"8\0blksize\0" + b"9\0", {b"blksize": b"8"}),
        (b"\0blksize\0\0tsize\0" + b"0\0", {b"blksize": b"", b"tsize": b"0"}),
        (b"\0\0tsize\0" + b"0\0", {}),
        (b"\0multicast\0\0x\0y\0", {b"multicast": b"", b"x": b"y"}),
    ],
)
def test_options_are_pairs_until_padding_begins(end, options):
    assert read(b"\0\1boot.bin\0octet" + end).options == options


def test_options_are_read_in_the_order_in_which_they_were_sent():
    assert list(read(REQUEST).options) == list(OPTIONS)


@pytest.mark.parametrize(
    "datagram",
    [
        b"\0\1",
        b"\0\1\0",
        b"\0\1\0\0",
        b"\0\1\0octet\0",
        b"\0\1boot.bin",
        b"\0\1boot.bin\0",
        b"\0\1boot.bin\0\0",
        b"\0\1boot.bin\0\0octet\0",
    ],
)
def test_a_request_needs_a_name_and_a_mode(datagram):
    refusal = read(datagram)
    assert isinstance(refusal, Refusal)
    assert (refusal.protocol, refusal.status, refusal.method) == (Protocol.TFTP, 400, b"GET")
    assert refusal.reason == "a request needs a file name and a mode, each ended by a zero byte"


@pytest.mark.parametrize(
    "mode", [b"mail", b"MAIL", b"octets", b"octe", b" octet", b"binary", b"octet\xff!", b"\xff"]
)
def test_any_other_mode_is_refused(mode):
    refusal = read(b"\0\1boot.bin\0" + mode + b"\0")
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.target) == (400, b"boot.bin")
    assert refusal.reason == "the mode must be octet or netascii"


@pytest.mark.parametrize("end", [b"octet\0", b"netascii", b"mail\0", b"octet\0tsize\0" + b"12\0"])
def test_a_write_request_is_told_that_nothing_is_written_here(end):
    refusal = read(b"\0\2boot.bin\0" + end)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.method, refusal.target) == (403, b"PUT", b"boot.bin")
    assert refusal.reason == "this server is read-only"


@pytest.mark.parametrize("kind", ["DATA", "ACK", "ERROR", "OACK"])
def test_what_belongs_to_a_transfer_is_no_request(kind):
    assert read(KINDS[kind]) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_torn_packet_is_still_read(kind):
    for length in range(len(KINDS[kind])):
        message = read_as_it_comes(KINDS[kind][:length])
        assert message is None or isinstance(message, ReadRequest | Refusal)


def test_a_request_with_any_one_byte_changed_is_still_read():
    for at in range(len(REQUEST)):
        for byte in range(256):
            message = read_as_it_comes(REQUEST[:at] + bytes([byte]) + REQUEST[at + 1 :])
            if at > 1 and byte:
                assert isinstance(message, ReadRequest | Refusal)


@given(st.sampled_from([b"", *(bytes([0, opcode]) for opcode in Opcode)]), st.binary(max_size=300))
def test_any_datagram_is_read_refused_or_dropped(opcode, rest):
    message = read_as_it_comes(opcode + rest)
    if isinstance(message, ReadRequest):
        assert opcode in (b"", b"\0\1")
        assert message.message.name
        assert b"\0" not in message.message.name
        assert all(name and name == name.lower() for name in message.options)
    elif isinstance(message, Refusal):
        assert message.status in (400, 403)


fields = st.binary(min_size=1, max_size=20).map(lambda field: field.replace(b"\0", b"x"))


@given(fields, st.sampled_from(Mode), st.dictionaries(fields.map(bytes.lower), fields))
def test_what_a_strict_client_writes_is_read_back(name, mode, options):
    strings = [name, mode.encode(), *(field for option in options.items() for field in option)]
    request = read(b"\0\1" + b"".join(string + b"\0" for string in strings))
    assert (request.message.name, request.mode) == (name, mode)
    assert list(request.options.items()) == list(options.items())


def test_an_error_is_written_with_its_code_and_a_sentence():
    assert error(ErrorCode.FILE_NOT_FOUND, "gone") == b"\0\5\0\1gone\0"
    assert error(ErrorCode.NOT_DEFINED, "") == b"\0\5\0\0\0"


def test_an_oack_is_written_in_the_order_in_which_it_is_given():
    assert oack({b"tsize": 0, b"blksize": 65464}) == b"\0\6tsize\0" + b"0\0blksize\0" + b"65464\0"
