"""What requests may look like, and how each that cannot be served is refused."""

import pytest

from support.daemon import requests, running, wait_until
from support.served_tree import DIGITS, LARGE, MEDIUM
from support.tftp import DATA, ERROR, OACK, WRQ, Client, Refused, request
from support.tftp_transfers import errors, wait_until_over

ACCESS_VIOLATION, ILLEGAL_OPERATION = 2, 4
READ_ONLY = b"this server is read-only"
NO_MODE = b"a request needs a file name and a mode, each ended by a zero byte"
OTHER_MODE = b"the mode must be octet or netascii"


@pytest.fixture(scope="module")
def daemon(tree, as_nobody):
    with running(tree, "--limits.udp_rate=1000000", "--tftp.per_client=0", *as_nobody) as daemon:
        yield daemon


@pytest.mark.parametrize(
    "datagram",
    [
        pytest.param(b"\0\1digits\0octet\0", id="as RFC 1350 has it"),
        pytest.param(b"\0\1digits\0OCTET\0", id="a mode in upper case"),
        pytest.param(b"\0\1digits\0oCtEt\0", id="a mode in any case"),
        pytest.param(b"\0\1digits\0octet", id="without the final zero byte"),
        pytest.param(b"\0\1digits\0octet\0".ljust(512, b"\0"), id="padded to 512 bytes"),
        pytest.param(b"\0\1digits\0octet\0\0", id="padded by one byte"),
        pytest.param(b"\0\1digits\0octet\0blksize", id="an option without its value"),
        pytest.param(b"\0\1digits\0octet\0blksize\0", id="an option whose value is empty"),
        pytest.param(b"\0\1digits\0octet\0multicast\0\0", id="an unknown option"),
        pytest.param(b"\0\1digits\0octet\0blksize\0many\0", id="a value that is no number"),
        pytest.param(b"\0\1digits\0octet\0blksize\0-1\0", id="a negative value"),
        pytest.param(b"\0\1digits\0octet\0blksize\0" + b"7\0", id="a value out of range"),
        pytest.param(b"\0\1digits\0octet\0" + b"\xff" * 3000, id="rubbish behind it"),
        pytest.param(b"\0\1digits\0netascii\0", id="netascii"),
    ],
)
def test_a_request_without_options_is_answered_with_the_first_block(daemon, datagram):
    with Client(daemon) as client:
        client.knock(datagram)
        packet = client.receive()
        assert packet[:3] == (DATA, 1, DIGITS)
        client.ack(1)


@pytest.mark.parametrize(
    ("fields", "granted"),
    [
        (b"blksize\0" + b"1428\0", {b"blksize": b"1428"}),
        (b"blksize\0" + b"1428", {b"blksize": b"1428"}),
        ((b"blksize\0" + b"1428\0").ljust(500, b"\0"), {b"blksize": b"1428"}),
        (b"BlkSize\0" + b"1428\0", {b"blksize": b"1428"}),
        (b"TSIZE\0" + b"0\0", {b"tsize": b"50000"}),
        (b"tsize\0" + b"0\0blksize\0" + b"512\0", {b"tsize": b"50000", b"blksize": b"512"}),
        (b"blksize\0" + b"1428\0blksize\0" + b"600\0", {b"blksize": b"1428"}),
        (b"unknown\0x\0windowsize\0" + b"7\0", {b"windowsize": b"7"}),
        (b"timeout\0" + b"3\0", {b"timeout": b"3"}),
        (b"windowsize\0" + b"65535\0", {b"windowsize": b"64"}),
        (b"timeout\0" + b"256\0windowsize\0" + b"2\0", {b"windowsize": b"2"}),
    ],
)
def test_options_are_confirmed_in_lower_case(daemon, fields, granted):
    with Client(daemon) as client:
        client.knock(request(b"medium.bin") + fields)
        first = client.receive()
        assert first.opcode == OACK
        assert list(first.options.items()) == list(granted.items())  # in the order of the request
        assert client.finish(first) == MEDIUM


@pytest.mark.parametrize(
    ("datagram", "code", "text"),
    [
        pytest.param(b"\0\1", ILLEGAL_OPERATION, NO_MODE, id="nothing but the opcode"),
        pytest.param(b"\0\1\0", ILLEGAL_OPERATION, NO_MODE, id="an empty name"),
        pytest.param(b"\0\1\0\0", ILLEGAL_OPERATION, NO_MODE, id="both empty"),
        pytest.param(b"\0\1\0octet\0", ILLEGAL_OPERATION, NO_MODE, id="no name but a mode"),
        pytest.param(b"\0\1digits", ILLEGAL_OPERATION, NO_MODE, id="a name without an end"),
        pytest.param(b"\0\1digits\0", ILLEGAL_OPERATION, NO_MODE, id="no mode"),
        pytest.param(b"\0\1digits\0\0", ILLEGAL_OPERATION, NO_MODE, id="an empty mode"),
        pytest.param(b"\0\1" + b"n" * 4000, ILLEGAL_OPERATION, NO_MODE, id="a very long name"),
        pytest.param(request(b"digits", b"mail"), ILLEGAL_OPERATION, OTHER_MODE, id="mail"),
        pytest.param(request(b"digits", b"octe"), ILLEGAL_OPERATION, OTHER_MODE, id="octe"),
        pytest.param(request(b"digits", b"octets"), ILLEGAL_OPERATION, OTHER_MODE, id="octets"),
        pytest.param(request(b"digits", b"binary"), ILLEGAL_OPERATION, OTHER_MODE, id="binary"),
        pytest.param(request(b"digits", b"\xff"), ILLEGAL_OPERATION, OTHER_MODE, id="a byte"),
        pytest.param(request(b"missing", b"mail"), ILLEGAL_OPERATION, OTHER_MODE, id="mail, none"),
        pytest.param(request(b"new", opcode=WRQ), ACCESS_VIOLATION, READ_ONLY, id="write"),
        pytest.param(request(b"digits", opcode=WRQ), ACCESS_VIOLATION, READ_ONLY, id="overwrite"),
        pytest.param(
            request(b"new", b"mail", opcode=WRQ), ACCESS_VIOLATION, READ_ONLY, id="send mail"
        ),
        pytest.param(
            request(b"new", opcode=WRQ, blksize=1428, tsize=5),
            ACCESS_VIOLATION,
            READ_ONLY,
            id="write with options",
        ),
        pytest.param(b"\0\2", ILLEGAL_OPERATION, NO_MODE, id="nothing but the opcode to write"),
        pytest.param(b"\0\2new\0", ILLEGAL_OPERATION, NO_MODE, id="write without a mode"),
    ],
)
def test_a_request_that_cannot_be_served_is_refused_in_words(daemon, datagram, code, text):
    """It comes from the port that was asked: there is no transfer."""
    before = errors(daemon)[str(code)]
    with Client(daemon) as client:
        client.knock(datagram)
        assert client.receive() == (ERROR, code, text, client.server)
        wait_until(lambda: errors(daemon)[str(code)] == before + 1, "the error to be counted")
        assert not client.waiting()


def test_a_refused_write_is_told_from_reads_in_metrics_and_log(tree):
    with running(tree) as daemon, Client(daemon) as client:
        client.knock(request(b"new", opcode=WRQ))
        client.receive()
        client.ask(b"digits", b"mail")
        client.receive()
        wait_until(lambda: len(daemon.events("request")) == 2, "both to be logged")
        counted = requests(daemon.metrics())
        assert counted == {("tftp", "other", "403"): 1, ("tftp", "GET", "400"): 1}
        write, mail = daemon.events("request")
        assert (write["method"], write["name"], write["status"]) == ("PUT", "new", 403)
        assert (mail["method"], mail["name"], mail["status"]) == ("GET", "digits", 400)


@pytest.mark.parametrize("size", [b"0", b"1", b"99999999999999999999", b"9" * 900])
def test_numbers_of_any_size_do_no_harm(daemon, size):
    with Client(daemon) as client:
        first = client.begin(b"large.bin", blksize=size, windowsize=size, timeout=size, tsize=size)
        terms = client.terms
        assert terms.get(b"timeout", size) == size
        assert terms.get(b"tsize", b"%d" % len(LARGE)) == b"%d" % len(LARGE)
        assert client.finish(first) == LARGE


def test_a_client_that_refuses_the_options_ends_the_transfer(daemon):
    """RFC 2347: error 8. EDK2 asks so for the size alone, and then for the file."""
    wait_until_over(daemon)
    before = requests(daemon.metrics())["tftp", "GET", "200"]
    with Client(daemon) as client:
        client.begin(b"large.bin", tsize=0)
        client.send(b"\0\5\0\10no options\0")
        wait_until_over(daemon)
        assert not client.waiting()
        client.peer = None
        assert client.read(b"digits", tsize=0) == DIGITS
    assert requests(daemon.metrics())["tftp", "GET", "200"] == before + 2


def test_one_client_may_have_many_files_at_once(daemon):
    with Client(daemon) as one, Client(daemon) as other:
        begun = one.begin(b"medium.bin"), other.begin(b"large.bin", blksize=1428, windowsize=64)
        assert other.finish(begun[1]) == LARGE
        assert one.finish(begun[0]) == MEDIUM
        assert one.peer != other.peer


def test_what_was_refused_raises_what_it_says(daemon):
    with Client(daemon) as client, pytest.raises(Refused, match="error 1: there is no such file"):
        client.read(b"missing")
