"""Which names lead to a file, as firmware and boot loaders send them, and which to what error."""

import pytest

from support.daemon import running
from support.served_tree import DIGITS, LARGE, SPECIAL
from support.tftp import Client, Refused

FILE_NOT_FOUND, ACCESS_VIOLATION = 1, 2
MISSING = (FILE_NOT_FOUND, "there is no such file")
IN_A_DIRECTORY = b"in a directory"


@pytest.fixture(scope="module")
def daemon(tree, as_nobody):
    with running(tree, "--limits.udp_rate=1000000", *as_nobody) as daemon:
        yield daemon


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (b"digits", DIGITS),
        (b"/digits", DIGITS),
        (b"//digits", DIGITS),
        (b"./digits", DIGITS),
        (b"dir/file", IN_A_DIRECTORY),
        (b"/dir//file", IN_A_DIRECTORY),
        (b"dir/../digits", DIGITS),
        (b"/dir/./../dir/file", IN_A_DIRECTORY),
        (b"\\dir\\file", IN_A_DIRECTORY),
        (b"dir\\file", IN_A_DIRECTORY),
        (b"\\digits", DIGITS),
        (b"\\\\dir/\\file", IN_A_DIRECTORY),
        (b"dir\\..\\digits", DIGITS),
        (b"back\\slash", b"a backslash"),  # a file of the very name comes first
        (b"digits\xff", DIGITS),
        (b"\\dir\\file\xff", IN_A_DIRECTORY),
        (b"\xff\xfe.bin", b"not UTF-8"),
        (b"\xff\xfe.bin\xff", b"not UTF-8"),
        ("grüße.txt".encode(), b"UTF-8"),
        (b"a b&c.txt", b"odd name"),
        (b"HEAD", b"ref: refs/heads/main\n"),
        (b".well-known/acme", b"challenge"),
        (b"at_epoch", DIGITS),
        (b"empty", b""),
    ],
)
def test_a_name_leads_to_its_file(daemon, name, content):
    with Client(daemon) as client:
        assert client.read(name) == content


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        (b"missing", *MISSING),
        (b"Digits", *MISSING),
        (b"digits/", *MISSING),
        (b"digits/more", *MISSING),
        (b"digits\xff\xff", *MISSING),
        (b"digits\n", *MISSING),
        (b"dir", *MISSING),
        (b"dir/", *MISSING),
        (b"/", *MISSING),
        (b".", *MISSING),
        (b"\\", *MISSING),
        (b"\xff", *MISSING),
        (b"..", *MISSING),
        (b"../digits", *MISSING),
        (b"/../digits", *MISSING),
        (b"dir/../../digits", *MISSING),
        (b"..\\digits", *MISSING),
        (b"../../../../../../../../etc/passwd", *MISSING),
        (b"..\\..\\..\\..\\..\\..\\etc\\passwd", *MISSING),
        (b"/etc/passwd", *MISSING),
        (b".hidden", *MISSING),
        (b".hidden\xff", *MISSING),
        (b"\\.hidden", *MISSING),
        (b"dir/.hidden/file", *MISSING),
        (b".well-known/.hidden", *MISSING),
        (b"n" * 255, *MISSING),
        (b"n" * 256, *MISSING),
        (b"n/" * 1900, *MISSING),
        *((special.name.encode(), *MISSING) for special in SPECIAL),
        (b"unreadable", ACCESS_VIOLATION, "the server may not read this file"),
        (b"unlistable/file", ACCESS_VIOLATION, "the server may not read this file"),
    ],
)
def test_a_name_that_leads_to_no_file_is_an_error_that_says_so(daemon, name, code, text):
    """Code 1 or 2: common firmware asks again for ever after any other."""
    with Client(daemon) as client:
        with pytest.raises(Refused) as refused:
            client.read(name)
        assert refused.value.packet == (5, code, text.encode(), client.server)


def test_hidden_names_are_served_where_the_operator_wants_it(tree, as_nobody):
    with running(tree, "--files.hidden=true", *as_nobody) as daemon, Client(daemon) as client:
        assert client.read(b"\\.hidden") == b"hidden"


@pytest.mark.parametrize("name", [b"large.bin", b"\\large.bin\xff"])
def test_a_file_is_the_same_by_each_of_its_names(daemon, name):
    with Client(daemon) as client:
        assert client.read(name, blksize=8192, windowsize=8) == LARGE
