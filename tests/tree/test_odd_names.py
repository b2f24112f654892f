"""Names of all that a file system allows, fetched by every protocol that can say them."""

import os
import subprocess
from contextlib import suppress
from urllib.parse import quote_from_bytes

import pytest

from support.clients import ask, exchange, program
from support.daemon import running
from support.http_wire import get

pytestmark = pytest.mark.tree

NAME_MAX = 255
PATH_MAX = 4095  # path_resolution(7): 4096 with the NUL at the end
PLAIN_MAX = 1024

NAMES = [
    *(b"two words", b" leading", b"trailing ", b" ", b"tab\there", b"-dash", b"--help", b"-"),
    *(b"per%cent", b"%", b"%%", b"%41", b"%2e%2e", b"%zz", b"%00", b"100%"),
    *(b"hash#tag", b"#", b"question?mark", b"?", b"semi;colon", b"a&b=c", b"a+b", b"a,b", b"a:b"),
    *(b'dou"ble', b"sin'gle", b"`tick`", b"$HOME", b"$(id)", b"*", b"[a]", b"{a,b}", b"|", b"^"),
    *(b"back\\slash", b"\\", b"\\\\host", b"C:\\x", b"<b>&amp;", b"~", b"@", b"!", b"(x)"),
    *(b"new\nline", b"\n", b"carriage\rreturn", b"end\r", b"\r", b"\r\nx", b"\x01\x02", b"\x1b[2J"),
    *(
        b"\x7f",
        b"\x80",
        b"\xff",
        b"\xff\xfe\xfd",
        b"caf\xe9",
        b"\xed\xa0\x80",
        b"\xc3",
        b"\xc0\xae",
    ),
    *(each.encode() for each in ("日本語", "caf\u00e9", "cafe\u0301", "💾", "\u202e", "\u2028")),
    *(b"...", b"....", b"..x", b"x..", b".hidden"),
    *(b"GET", b"HEAD", b"GET small", b"200 12", b"404 not found"),
    *(b"x" * NAME_MAX, b"\xff" * NAME_MAX, b"%" * NAME_MAX, "é".encode() * 127),
]


def content(name):
    """What a file holds: something that no other one does."""
    return b"the file " + name + b"\n"


def deep_parts(size):
    """Split `size` bytes into names as long as names may be, with slashes between."""
    folders, rest = divmod(size - 1, NAME_MAX + 1)
    end = [b"f" * (rest + 1)] if rest < NAME_MAX else [b"d" * 127, b"f" * 128]
    return [b"d" * NAME_MAX] * folders + end


def make_deep(root, size):
    """Make a file whose name, relative to the root, has so many bytes; return the name."""
    *folders, name = deep_parts(size)
    path = b"/".join((*folders, name))
    assert len(path) == size
    folder_fd = os.open(root, os.O_PATH)
    for folder in folders:
        folder_fd = enter(folder_fd, folder)
    file_fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, dir_fd=folder_fd)
    os.write(file_fd, content(path))
    os.close(file_fd)
    os.close(folder_fd)
    return path


def enter(folder_fd, name):
    """Make a folder if need be, go there, and leave the one before."""
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder_fd)
    try:
        return os.open(name, os.O_PATH, dir_fd=folder_fd)
    finally:
        os.close(folder_fd)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("odd")
    for name in NAMES:
        (root / os.fsdecode(name)).write_bytes(content(name))
    return root


@pytest.fixture(scope="module")
def deep(root):
    """Names that are as long as names may be, by their lengths."""
    return {size: make_deep(root, size) for size in (1000, PLAIN_MAX, PLAIN_MAX + 1, PATH_MAX)}


@pytest.fixture(scope="module")
def daemon(root):
    with running(root, "--files.hidden=true", "--limits.udp_rate=10000") as daemon:
        yield daemon


def target(name):
    return "/" + quote_from_bytes(name)


def test_every_name_is_fetched_over_http(daemon):
    for name in NAMES:
        answer = get(daemon.port, target(name))
        assert (answer.status, answer.body) == (200, content(name)), name


def test_every_name_is_fetched_with_every_byte_encoded(daemon):
    for name in NAMES:
        encoded = "/" + "".join(f"%{byte:02x}" for byte in name)
        assert get(daemon.port, encoded).body == content(name), name


def test_every_name_is_fetched_by_curl(daemon, tmp_path):
    curl = program("curl", "curl")
    arguments = []
    for number, name in enumerate(NAMES):
        arguments += ["-o", tmp_path / str(number), daemon.url + target(name)]
    subprocess.run([curl, "-sSfg", "--path-as-is", *arguments], check=True)
    for number, name in enumerate(NAMES):
        assert (tmp_path / str(number)).read_bytes() == content(name), name


def fits_on_a_line(name):
    """Whether the bare protocols can say a name: it ends at a line feed, and at 1,024 bytes."""
    return b"\n" not in name and len(name) <= PLAIN_MAX


def is_no_http(name):
    return not name.startswith(b"GET ")


def is_no_answer(name):
    return not (name[:3].isdigit() and name[3:4] == b" ")


def test_every_name_that_it_can_say_is_fetched_over_plain_tcp(daemon):
    for name in filter(is_no_http, filter(fits_on_a_line, NAMES)):
        assert exchange(daemon.port, name, half_close=True) == content(name), name
        assert exchange(daemon.port, b"/" + name + b"\r\n") == content(name), name


def test_every_name_that_it_can_say_is_known_to_a_query(daemon):
    for name in filter(is_no_answer, filter(fits_on_a_line, NAMES)):
        answer = ask(daemon.udp_port, name)
        assert answer.startswith(b"200 %d " % len(content(name))), name


def test_a_listing_leads_to_every_name(daemon):
    page = get(daemon.port, "/").body
    for name in NAMES:
        assert quote_from_bytes(name).encode() in page, name


@pytest.mark.parametrize("size", [1000, PLAIN_MAX, PLAIN_MAX + 1, PATH_MAX])
def test_deep_names_are_fetched_over_http(daemon, deep, size):
    assert get(daemon.port, target(deep[size])).body == content(deep[size])


def test_a_name_longer_than_the_kernel_takes_is_not_found(daemon, deep):
    assert get(daemon.port, target(deep[PATH_MAX] + b"f")).status == 404
    assert get(daemon.port, target(deep[1000] + b"f" * NAME_MAX)).status == 404


@pytest.mark.parametrize("size", [1000, PLAIN_MAX])
def test_deep_names_are_fetched_and_asked_for_by_the_bare_protocols(daemon, deep, size):
    assert exchange(daemon.port, deep[size]) == content(deep[size])
    assert ask(daemon.udp_port, deep[size]).startswith(b"200 %d " % len(content(deep[size])))


def test_names_beyond_the_bare_protocols_are_refused(daemon, deep):
    assert exchange(daemon.port, deep[PLAIN_MAX + 1]) == b""
    assert ask(daemon.udp_port, deep[PLAIN_MAX + 1]) == b"400 bad request\n"
