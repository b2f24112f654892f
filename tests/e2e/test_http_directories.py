"""Directories over HTTP: the slash, the index, the listing; and what is there but not for all."""

import html
import os
import re
from urllib.parse import unquote_to_bytes

import pytest

from support.daemon import running
from support.http_wire import HttpClient, get
from support.served_tree import SPECIAL


@pytest.fixture(scope="module")
def daemon_without_listing(tree, as_nobody):
    options = (
        "--http.listing=false",
        "--http.index=missing.html,index.html,start.html",
        "--http.server_header=false",
        "--files.hidden=true",
    )
    with running(tree, *options, *as_nobody) as daemon:
        yield daemon


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/dir", "/dir/"),
        ("/dir?", "/dir/"),
        ("/dir?a=b&c", "/dir/?a=b&c"),
        ("//dir", "/dir/"),
        ("/x/../dir", "/dir/"),
        ("/%64ir", "/dir/"),
        ("/indexed", "/indexed/"),
        ("http://elsewhere/dir?q", "/dir/?q"),
    ],
)
def test_a_directory_without_its_slash_is_redirected(daemon, target, location):
    for method in ("GET", "HEAD"):
        with HttpClient(daemon.port) as client:
            answer = client.get(target, method=method)
            assert (answer.status, answer["Location"]) == (301, location)
            assert client.get(location).status == 200


def test_a_directory_is_its_index_file(daemon):
    with HttpClient(daemon.port) as client:
        by_directory, by_name = client.get("/indexed/"), client.get("/indexed/index.html")
    assert by_directory.body == by_name.body == b"<p>the index</p>"
    assert by_directory["Content-Type"] == "text/html; charset=utf-8"
    assert by_directory["ETag"] == by_name["ETag"]
    assert get(daemon.port, "/indexed/", f"If-None-Match: {by_name['ETag']}").status == 304
    assert get(daemon.port, "/indexed/", "Range: bytes=0-2").body == b"<p>"


def test_the_first_index_file_that_exists_is_sent(daemon_without_listing):
    assert get(daemon_without_listing.port, "/indexed/").body == b"<p>the index</p>"


def test_a_directory_is_no_index_file(daemon_without_listing):
    assert get(daemon_without_listing.port, "/index_is_dir/").body == b"the second index"


def test_a_directory_that_has_no_index_is_listed(daemon, tree):
    answer = get(daemon.port, "/")
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    links = re.findall(rb'<a href="\./([^"]*)">', answer.body)
    shown = {unquote_to_bytes(html.unescape(link.decode())) for link in links}
    served = {os.fsencode(path.name) for path in tree.iterdir()}
    hidden = {name for name in served if name.startswith(b".")}
    special = {special.name.encode() for special in SPECIAL}
    directories = {name.rstrip(b"/") for name in shown if name.endswith(b"/")}
    assert {name.rstrip(b"/") for name in shown} == served - hidden - special
    assert directories == {b"dir", b"indexed", b"index_is_dir", b"unlistable"}


def test_every_file_that_is_listed_can_be_had(daemon):
    page = get(daemon.port, "/").body
    links = [link.decode() for link in re.findall(rb'<a href="\./([^"]*)">', page)]
    statuses = {link: get(daemon.port, "/" + html.unescape(link)).status for link in links}
    assert {link for link, status in statuses.items() if status != 200} == {
        "unreadable",
        "unlistable/",
    }


def test_a_listing_leads_up_but_not_above_the_root(daemon):
    assert b'href="../"' in get(daemon.port, "/dir/").body
    assert b'href="../"' not in get(daemon.port, "/").body


@pytest.mark.parametrize("target", ["/", "/dir/", "/dir/."])
def test_a_directory_is_not_found_where_listings_are_off(daemon_without_listing, target):
    answer = get(daemon_without_listing.port, target)
    assert answer.status == 404
    assert answer["Server"] is None


def test_a_directory_without_its_slash_is_redirected_where_listings_are_off(daemon_without_listing):
    assert get(daemon_without_listing.port, "/dir").status == 301


@pytest.mark.parametrize("target", ["/.hidden", "/dir/.hidden/file", "/.well-known/.hidden"])
def test_hidden_names_are_served_where_they_shall_be(daemon_without_listing, target):
    assert get(daemon_without_listing.port, target).body == b"hidden"


@pytest.mark.parametrize("target", ["/unreadable", "/unlistable/", "/unlistable/file"])
def test_what_the_daemon_may_not_read_is_forbidden(daemon, target):
    with HttpClient(daemon.port) as client:
        assert client.get(target).status == 403
        assert client.get("/digits").status == 200


@pytest.mark.parametrize("special", SPECIAL, ids=lambda special: special.name)
def test_what_is_no_file_is_not_found_and_hangs_nobody(daemon, special):
    if special.root_only and os.geteuid() != 0:
        pytest.skip("only root can make one")
    with HttpClient(daemon.port, timeout=5) as client:
        for target in (f"/{special.name}", f"/{special.name}/"):
            assert client.get(target).status == 404
        assert client.get("/digits").status == 200
