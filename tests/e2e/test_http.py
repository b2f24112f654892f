"""HTTP over one connection: methods, keep-alive, pipelining, bodies."""

import random

import pytest

from support.clients import exchange, receive_all
from support.http_wire import HttpClient, answers, get, request
from support.served_tree import DIGITS, ETAG, LARGE, LAST_MODIFIED, MEDIUM


def test_a_file_comes_with_all_that_describes_it(daemon):
    answer = get(daemon.port, "/digits")
    assert (answer.status, answer.body) == (200, DIGITS)
    assert answer["Content-Length"] == "10"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Last-Modified"] == LAST_MODIFIED
    assert answer["ETag"] == ETAG
    assert answer["Server"] == "filed"
    assert answer["Date"].endswith(" GMT")
    assert answer["Connection"] is None


@pytest.mark.parametrize("name", ["/at_epoch", "/at_second_one"])
def test_a_file_of_a_reproducible_build_has_no_validators(daemon, name):
    answer = get(daemon.port, name)
    assert answer.body == DIGITS
    assert answer["Last-Modified"] is answer["ETag"] is None


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/empty", b""),
        ("/large.bin", LARGE),
        ("/medium.bin", MEDIUM),
        ("/a%20b&c.txt", b"odd name"),
        ("/a%20b%26c.txt?query=x", b"odd name"),
        ("/%FF%fe.bin", b"not UTF-8"),
        (b"/\xff\xfe.bin", b"not UTF-8"),
        ("/gr%C3%BC%C3%9Fe.txt", b"UTF-8"),
        ("/grüße.txt", b"UTF-8"),
        ("/back%5Cslash", b"a backslash"),
        ("/back\\slash", b"a backslash"),
        ("//dir///./file", b"in a directory"),
        ("/dir%2Ffile", b"in a directory"),
        ("/%64%69gits", DIGITS),
        ("http://elsewhere/digits", DIGITS),
        ("http://elsewhere:80/dir/../digits?x", DIGITS),
        ("/.well-known/acme", b"challenge"),
        ("/HEAD", b"ref: refs/heads/main\n"),
    ],
)
def test_a_target_leads_to_its_file(daemon, target, body):
    answer = get(daemon.port, target)
    assert (answer.status, answer.body) == (200, body)


@pytest.mark.parametrize(
    "target",
    [
        "/missing",
        "/digits/",
        "/digits/.",
        "/digits/file",
        "/dir/file/",
        "/%2564igits",
        "/.hidden",
        "/dir/.hidden/file",
        "/dir/.hidden/../.hidden/file",
        "/.well-known/.hidden",
        "/dir/.well-known/acme",
        "/x/.well-known/acme",
        "/" + "n" * 300,
        "/" + "n/" * 3000,
        "/socket",
        "/fifo",
        "/fifo/",
    ],
)
def test_what_is_not_there_is_not_found(daemon, target):
    answer = get(daemon.port, target)
    assert answer.status == 404
    assert answer.body == b"404 Not Found: There is no such file here.\n"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("target", ["/.hidden", "/dir/.hidden/file", "/fifo", "/missing"])
def test_hidden_and_missing_look_the_same(daemon, target):
    hidden, missing = get(daemon.port, target), get(daemon.port, "/no_such_file")
    assert _without_date(hidden) == _without_date(missing)


def _without_date(answer):
    return answer.status, answer.body, [field for field in answer.fields if field[0] != "date"]


def test_a_name_with_a_nul_byte_is_a_bad_request(daemon):
    assert get(daemon.port, "/digits%00").status == 400


@pytest.mark.parametrize("target", ["/digits", "/large.bin", "/empty", "/dir/", "/dir", "/missing"])
def test_head_is_get_without_the_body(daemon, target):
    with HttpClient(daemon.port) as client:
        head = client.get(target, method="HEAD")
        whole = client.get(target)
    assert head.status == whole.status
    assert head["Content-Length"] == str(len(whole.body))
    assert {name for name, _ in head.fields} == {name for name, _ in whole.fields}


@pytest.mark.parametrize("target", ["*", "/", "/digits", "/missing"])
def test_options_says_what_is_allowed(daemon, target):
    with HttpClient(daemon.port) as client:
        for _ in range(2):
            answer = client.get(target, method="OPTIONS")
            assert answer.status == 204
            assert answer["Allow"] == "GET, HEAD, OPTIONS"
            assert answer["Content-Length"] is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_another_method_is_not_allowed_and_the_connection_goes_on(daemon, method):
    with HttpClient(daemon.port) as client:
        answer = client.get("/digits", method=method)
        assert answer.status == 405
        assert answer["Allow"] == "GET, HEAD, OPTIONS"
        assert client.get("/digits").body == DIGITS


def test_a_connection_serves_one_request_after_the_other(daemon):
    with HttpClient(daemon.port) as client:
        for target, body in [("/digits", DIGITS), ("/large.bin", LARGE), ("/empty", b"")] * 5:
            assert client.get(target).body == body
        assert client.get("/missing").status == 404
        assert client.get("/digits").body == DIGITS


def test_hundreds_of_pipelined_requests_are_answered_in_their_order(daemon):
    kinds = {"/digits": DIGITS, "/empty": b"", "/medium.bin": MEDIUM, "/large.bin": LARGE}
    asked = random.Random(1).choices(list(kinds), [60, 20, 20, 2], k=500)
    with HttpClient(daemon.port) as client:
        client.send(b"".join(request(target) for target in asked))
        for target in asked:
            assert client.answer().body == kinds[target]
        assert client.get("/digits").body == DIGITS


def test_methods_may_be_mixed_in_a_pipeline(daemon):
    methods = ["GET", "HEAD", "OPTIONS", "POST", "HEAD", "GET"] * 50
    stream = b"".join(request("/digits", method=method) for method in methods)
    found = answers(exchange(daemon.port, stream, half_close=True), *methods)
    statuses = {"GET": 200, "HEAD": 200, "OPTIONS": 204, "POST": 405}
    assert [answer.status for answer in found] == [statuses[method] for method in methods]


def test_a_head_may_come_byte_by_byte(daemon):
    with HttpClient(daemon.port) as client:
        for method in ("GET", "HEAD", "GET"):
            head = request("/digits", "Accept: */*", method=method)
            client.send(head[:5])  # "HEAD ": by then it is decided
            for at in range(5, len(head)):
                client.send(head[at : at + 1])
            assert client.answer(method).status == 200


def test_empty_lines_before_a_request_are_skipped(daemon):
    with HttpClient(daemon.port) as client:
        for _ in range(3):
            client.send(b"\r\n\r\n")
            assert client.get("/digits").body == DIGITS


@pytest.mark.parametrize("version", ["1.2", "1.9"])
def test_a_later_minor_version_is_read_as_1_1(daemon, version):
    with HttpClient(daemon.port) as client:
        for _ in range(2):
            assert client.get("/digits", version=version).body == DIGITS


def test_http_1_0_closes(daemon):
    stream = exchange(daemon.port, request("/digits", version="1.0", host=None) * 2)
    (answer,) = answers(stream, "GET")
    assert answer.body == DIGITS


def test_http_1_0_is_kept_alive_where_it_asks_for_it(daemon):
    with HttpClient(daemon.port) as client:
        for _ in range(2):
            answer = client.get("/digits", "Connection: Keep-Alive", version="1.0", host=None)
            assert answer["Connection"] == "keep-alive"


def test_an_upgrade_is_ignored(daemon):
    fields = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]
    with HttpClient(daemon.port) as client:
        for _ in range(2):
            answer = client.get("/digits", *fields)
            assert (answer.status, answer["Upgrade"]) == (200, None)


BODIES = [
    (["Content-Length: 0"], b""),
    (["Content-Length: 5"], b"GET /"),
    (["Content-Length: 65536"], b"x" * 65536),
    (["Transfer-Encoding: chunked"], b"0\r\n\r\n"),
    (["Transfer-Encoding: chunked"], b"5\r\nGET /\r\n0\r\n\r\n"),
    (["Transfer-Encoding: chunked"], b"5;a=b\r\nGET /\r\n0\r\nTrailer: x\r\n\r\n"),
    (
        ["Transfer-Encoding: chunked"],
        b"8000\r\n%b\r\n%b0\r\n\r\n" % (b"x" * 32768, b"1\r\ny\r\n" * 99),
    ),
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
@pytest.mark.parametrize(("fields", "body"), BODIES)
def test_a_body_is_read_away_before_the_answer(daemon, method, fields, body):
    status = {"OPTIONS": 204, "POST": 405}.get(method, 200)
    with HttpClient(daemon.port) as client:
        client.send((request("/digits", *fields, method=method) + body) * 3 + request("/empty"))
        for _ in range(3):
            assert client.answer(method).status == status
        assert client.answer().status == 200


@pytest.mark.parametrize(("fields", "body"), BODIES[1::2])
def test_a_body_may_come_byte_by_byte(daemon, fields, body):
    with HttpClient(daemon.port) as client:
        client.send(request("/digits", *fields))
        for at in range(len(body)):
            client.send(body[at : at + 1])
        assert client.answer().body == DIGITS
        assert client.get("/digits").body == DIGITS


def test_no_answer_comes_before_the_end_of_the_body(daemon):
    with HttpClient(daemon.port) as client:
        client.send(request("/digits", "Content-Length: 10") + b"12345")
        client.sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.sock.recv(1)
        client.sock.settimeout(10)
        client.send(b"67890")
        assert client.answer().body == DIGITS


def test_a_client_that_waits_for_leave_to_send_its_body_gets_the_answer_at_once(daemon):
    fields = ["Content-Length: 1000000", "Expect: 100-continue"]
    for method, status in (("GET", 200), ("POST", 405)):
        with HttpClient(daemon.port) as client:
            answer = client.get("/digits", *fields, method=method)
            assert (answer.status, answer["Connection"]) == (status, "close")
            assert client.is_closed()


def test_an_expectation_without_a_body_changes_nothing(daemon):
    with HttpClient(daemon.port) as client:
        for _ in range(2):
            assert client.get("/digits", "Expect: 100-continue").body == DIGITS


def test_what_stays_behind_a_reply_that_closes_is_dropped(daemon):
    stream = request("/digits", "Connection: close") + request("/large.bin") + b"junk" * 1000
    (answer,) = answers(exchange(daemon.port, stream), "GET")
    assert (answer.body, answer["Connection"]) == (DIGITS, "close")


def test_a_request_that_ends_in_the_middle_is_not_answered(daemon):
    assert exchange(daemon.port, request("/digits")[:-1], half_close=True) == b""


def test_two_connections_do_not_wait_for_each_other(daemon):
    with HttpClient(daemon.port) as slow, HttpClient(daemon.port) as quick:
        slow.send(request("/large.bin", "Connection: close"))
        for _ in range(20):
            assert quick.get("/digits").body == DIGITS
        (answer,) = answers(receive_all(slow.sock), "GET")
        assert answer.body == LARGE
