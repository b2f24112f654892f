"""Nothing outside the root can be had: not a byte, not a size, not a name, over any protocol."""

import re
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import pytest

from support.clients import ask, exchange
from support.containment import (
    CLIMBING,
    INSIDE,
    LEADING_OUT,
    STAYING_INSIDE,
    assert_nothing_of_the_secret,
    lay_links,
    make_place,
)
from support.daemon import running
from support.http_wire import HttpClient, get, request

LINKED_NAMES = [name for _, _, names in LEADING_OUT for name in names]
NOT_FOUND_OR_BAD = (b"404 not found\n", b"400 bad request\n")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = make_place(tmp_path_factory.mktemp("place"))
    lay_links(place)
    for directory in (
        b"\\evil.example",
        b"a\r\nSet-Cookie: b=c",
        b"\xff",
        b"http:",
        b"q?x#y",
        b"a b",
    ):
        (place.root / directory.decode("utf-8", "surrogateescape")).mkdir()
    return place


@pytest.fixture(scope="module")
def daemon(place):
    with running(place.root, "--limits.udp_rate=1000000") as daemon:
        yield daemon


def _listed(daemon, directory):
    return set(re.findall(rb'<a href="\./([^"]*)"', get(daemon.port, directory).body))


def test_the_table_of_names_is_long():
    assert len(CLIMBING) >= 150


def test_only_the_root_keeps_the_secret_from_the_daemon(place):
    with running(place.base) as daemon:
        for name in ("/secret.txt", "/outside/inner/secret.txt", "/root/to_dir/secret.txt"):
            with pytest.raises(AssertionError):
                assert_nothing_of_the_secret(get(daemon.port, name).body)


@pytest.mark.parametrize("target", CLIMBING)
def test_a_climbing_name_is_no_file_over_http(daemon, target):
    stream = exchange(daemon.port, request(target, "Connection: close"))
    assert_nothing_of_the_secret(stream)
    assert re.match(rb"HTTP/1\.1 40[04] ", stream), stream[:200]


@pytest.mark.parametrize("target", CLIMBING)
def test_a_climbing_name_is_no_file_over_the_bare_protocols(daemon, target):
    for name in {target.encode(), target[1:].encode(), unquote_to_bytes(target)}:
        assert exchange(daemon.port, name, half_close=True) == b""
        assert ask(daemon.udp_port, name) in NOT_FOUND_OR_BAD


@pytest.mark.parametrize("name", LINKED_NAMES)
def test_a_symlink_that_leads_outside_leads_nowhere(daemon, place, name):
    name = name.format(base=place.base)
    stream = exchange(daemon.port, request("/" + name, "Connection: close"))
    assert_nothing_of_the_secret(stream)
    assert stream.startswith(b"HTTP/1.1 404 "), stream[:200]
    assert exchange(daemon.port, name.encode(), half_close=True) == b""
    assert ask(daemon.udp_port, name.encode()) == b"404 not found\n"


@pytest.mark.parametrize("name", [name for _, _, name in STAYING_INSIDE])
def test_a_symlink_that_stays_inside_is_followed(daemon, name):
    assert get(daemon.port, "/" + name).body == INSIDE
    assert exchange(daemon.port, name.encode(), half_close=True) == INSIDE
    assert ask(daemon.udp_port, name.encode()).startswith(b"200 %d " % len(INSIDE))


@pytest.mark.parametrize("name", [*LINKED_NAMES, *(name for _, _, name in STAYING_INSIDE)])
def test_no_symlink_is_followed_where_none_shall_be(daemon_without_links, place, name):
    name = name.format(base=place.base)
    answer = get(daemon_without_links.port, "/" + name)
    assert answer.status == 404
    assert_nothing_of_the_secret(answer.body)
    assert ask(daemon_without_links.udp_port, name.encode()) == b"404 not found\n"


@pytest.fixture(scope="module")
def daemon_without_links(place):
    options = ("--files.symlinks=never", "--limits.udp_rate=1000000")
    with running(place.root, *options) as daemon:
        yield daemon


def test_a_name_that_climbs_and_stays_inside_is_served(daemon):
    for target in ("/dir/../inside.txt", "/dir/deep/../../inside.txt", "/a/b/../../inside.txt"):
        assert get(daemon.port, target).body == INSIDE


def test_a_listing_shows_nothing_that_leads_outside(daemon):
    for directory in ("/", "/dir/", "/dir/deep/"):
        assert_nothing_of_the_secret(get(daemon.port, directory).body)
        shown = _listed(daemon, directory)
        for link, _, _ in LEADING_OUT:
            parent, _, name = link.rpartition("/")
            if directory.strip("/") == parent:
                assert not shown & {name.encode(), name.encode() + b"/"}
    assert {b"dir/", b"file_link", b"dir_link/", b"inside.txt"} <= _listed(daemon, "/")


def test_a_listing_shows_no_symlink_where_none_is_followed(daemon_without_links):
    assert not _listed(daemon_without_links, "/") & {b"file_link", b"dir_link/", b"dot/"}


def test_every_link_of_a_listing_stays_beneath_its_directory(daemon):
    for name in _listed(daemon, "/"):
        target = urljoin("http://server/", "./" + name.decode())
        assert urlsplit(target).netloc == "server"
        assert get(daemon.port, urlsplit(target).path).status == 200


REDIRECTING = [
    "/dir",
    "//dir",
    "///dir",
    "/./dir",
    "/%2Fdir",
    "/%2F%2Fdir",
    "//evil.example/../dir",
    "//evil.example/..//dir",
    "/%2Fevil.example%2F..%2Fdir",
    "/\\evil.example",
    "/%5Cevil.example",
    "//%5Cevil.example",
    "/%5cevil.example?//evil.example",
    "/dir?x",
    "/dir?//evil.example",
    "/dir?%0d%0aSet-Cookie:b=c",
    "/dir?\\evil.example",
    "/dir?<script>",
    "/http:",
    "//http:",
    "/a%0D%0ASet-Cookie:%20b=c",
    "/a%20b",
    "/q%3Fx%23y?z",
    "/%ff",
    "/dir/deep?a=b&c=d",
    "http://evil.example/dir",
    "http://evil.example//dir",
    "http://evil.example/%2Fdir?q",
    "HTTP://evil.example:80/dir",
    "https://evil.example/dir",
]


@pytest.mark.parametrize("target", REDIRECTING)
def test_a_redirect_stays_on_the_server(daemon, target):
    answer = get(daemon.port, target)
    assert answer.status == 301
    location = answer["Location"]
    assert re.fullmatch(r"/[!-~]*", location)
    assert not location.startswith(("//", "/\\"))
    assert "\\" not in urlsplit(location).path
    seen = urlsplit(urljoin("http://server/here/", location))
    assert (seen.scheme, seen.netloc) == ("http", "server")
    assert answer["Set-Cookie"] is None
    assert get(daemon.port, location).status == 200


def test_a_redirect_keeps_the_query(daemon):
    assert get(daemon.port, "/dir?a=b&c=%20d")["Location"] == "/dir/?a=b&c=%20d"
    assert get(daemon.port, "//dir//deep?")["Location"] == "/dir/deep/"


NOT_REDIRECTING = [
    "//evil.example",
    "//evil.example/",
    "/%2Fevil.example/..",
    "/%2Fevil.example/%2e%2e",
    "/%2Fevil.example%2F..",
    "/%5C%5Cevil.example",
    "/\\/evil.example",
    "/.//evil.example",
    "///evil.example//",
    "/%09/evil.example",
    "http://evil.example",
    "http://evil.example/",
    "http://evil.example//evil.example",
    "/dir/",
    "/dir//",
    "/dir/.",
]


@pytest.mark.parametrize("target", NOT_REDIRECTING)
def test_what_is_no_directory_without_a_slash_is_not_redirected(daemon, target):
    answer = get(daemon.port, target)
    assert answer.status in (200, 404)
    assert answer["Location"] is None


def test_a_line_break_in_a_target_makes_no_field(daemon):
    stream = exchange(daemon.port, b"GET /dir\r\nSet-Cookie: a=b HTTP/1.1\r\nHost: a\r\n\r\n")
    assert stream.startswith(b"HTTP/1.1 400 ")
    assert b"Set-Cookie" not in stream


def test_what_was_sent_is_not_quoted_in_an_answer(daemon):
    with HttpClient(daemon.port) as client:
        for target in ("/<script>alert(1)</script>", "/dir?<script>", "/%3Cscript%3E/"):
            answer = client.get(target)
            assert b"script" not in answer.body
