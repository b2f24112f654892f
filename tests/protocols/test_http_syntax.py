import gc
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.http.request_line import METHODS
from filed.protocols.http.syntax import CHUNKED, Head, Limits, Reader
from filed.protocols.messages import (
    NO_PREFERENCES,
    Conditions,
    Format,
    Preferences,
    Protocol,
    Refusal,
    Request,
)

LIMITS = Limits(request_line=100, request_head=2000)
HOST = b"Host: a\r\n"


def values(message):
    return type(message), [getattr(message, field.name) for field in fields(message)]


def told(head):
    """Return what a head says, as what can be compared: messages compare by identity."""
    return None if head is None else (values(head.message), head.size, head.body)


def read(data, limits=LIMITS):
    """Read whole and byte by byte, by readers that know nothing and by one that remembers."""
    whole = Reader(limits).read(data)
    assert told(read_singly(Reader(limits), data)) == told(whole)
    again = Reader(limits)
    for _ in range(3):
        assert told(again.read(data)) == told(whole)
        assert told(read_singly(again, data)) == told(whole)
    return whole


def read_singly(reader, data):
    for size in range(1, len(data) + 1):
        head = reader.read(data[:size])
        if head is not None:
            return head
    return None


def asked(data):
    head = read(data)
    assert isinstance(head, Head)
    assert isinstance(head.message, Request), head.message
    assert head.message.protocol is Protocol.HTTP
    return head.message


def refused(data, limits=LIMITS):
    head = read(data, limits)
    assert isinstance(head, Head)
    assert isinstance(head.message, Refusal), head.message
    assert head.message.protocol is Protocol.HTTP
    assert head.message.reason.endswith(".")
    return head.message


def get(fields=b"", target=b"/", version=b"1.1", method=b"GET"):
    return b"%b %b HTTP/%b\r\n%b%b\r\n" % (method, target, version, HOST, fields)


def test_a_common_request():
    data = (
        b"GET /a/b.iso?x=1&y=%20 HTTP/1.1\r\nHost: files.example:7788\r\nUser-Agent: curl/8\r\n"
        b"Accept: */*\r\nReferer: http://a/\r\n\r\n"
    )
    head = read(data + b"GET /next")
    assert (head.size, head.body) == (len(data), 0)
    request = head.message
    assert request.method == b"GET"
    assert request.name == b"/a/b.iso"
    assert request.target == b"/a/b.iso?x=1&y=%20"
    assert request.query == b"x=1&y=%20"
    assert (request.close, request.keep_alive) == (False, False)
    assert request.conditions is None
    assert (request.user_agent, request.referer) == (b"curl/8", b"http://a/")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r",
        b"\r\n",
        b"\r\n\r\n",
        b"G",
        b"GET / HTTP/1.1\r",
        b"GET / HTTP/1.1\r\n",
        get()[:-1],
    ],
)
def test_an_incomplete_head_waits(data):
    assert Reader(LIMITS).read(data) is None


def test_empty_lines_before_a_request_are_skipped_and_counted():
    for count in (1, 2, 7):
        head = read(b"\r\n" * count + get() + b"more")
        assert isinstance(head.message, Request)
        assert head.size == 2 * count + len(get())


def test_pipelined_requests_are_read_one_by_one():
    reader = Reader(LIMITS)
    for _ in range(2):
        data = b"".join(get(target=b"/%d" % number) for number in range(5))
        names = []
        while data:
            head = reader.read(data)
            names.append(head.message.name)
            data = data[head.size :]
        assert names == [b"/0", b"/1", b"/2", b"/3", b"/4"]


# The request line.


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
def test_the_methods_that_are_served(method):
    assert asked(get(method=method)).method == method


@pytest.mark.parametrize("method", sorted(METHODS - {b"GET", b"HEAD", b"OPTIONS"}))
def test_other_known_methods_are_not_allowed_and_the_connection_goes_on(method):
    refusal = refused(get(method=method, fields=b"User-Agent: x\r\nReferer: y\r\n"))
    assert (refusal.status, refusal.close, refusal.method) == (405, False, method)
    assert (refusal.user_agent, refusal.referer, refusal.target) == (b"x", b"y", b"/")


def test_a_method_that_is_not_allowed_closes_where_the_client_asks():
    assert refused(get(method=b"POST", fields=b"Connection: close\r\n")).close
    old = refused(get(method=b"POST", version=b"1.0"))
    assert (old.status, old.close) == (405, True)


@pytest.mark.parametrize(
    "method", [b"get", b"GETT", b"FETCH", b"G", b"DESCRIBE", b"!#$%&'*+-.^_`|~"]
)
def test_an_unknown_method_is_not_implemented(method):
    refusal = refused(b"%b / HTTP/1.1\r\n" % method)
    assert (refusal.status, refusal.close, refusal.method) == (501, True, method)


@pytest.mark.parametrize("version", [b"1.%d" % minor for minor in range(1, 10)])
def test_later_minor_versions_are_read_as_1_1(version):
    request = asked(get(version=version))
    assert not request.close
    assert refused(b"GET / HTTP/%b\r\n\r\n" % version).status == 400  # without a Host


@pytest.mark.parametrize("version", [b"0.9", b"0.1", b"2.0", b"2.1", b"3.0", b"9.9"])
@pytest.mark.parametrize("line", [b"GET / HTTP/", b"PRI * HTTP/", b"FETCH / HTTP/"])
def test_other_versions_are_not_supported(line, version):
    refusal = refused(line + version + b"\r\n")
    assert (refusal.status, refusal.close) == (505, True)


@pytest.mark.parametrize(
    "line",
    [
        b"GET /",
        b"GET / ",
        b"GET",
        b" ",
        b"/",
        b"GET  / HTTP/1.1",
        b"GET /  HTTP/1.1",
        b" GET / HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b"GET\t/ HTTP/1.1",
        b"GET /\tHTTP/1.1",
        b"GET /a b HTTP/1.1",
        b"GET HTTP/1.1",
        b"GET / HTTP",
        b"GET / HTTP/",
        b"GET / HTTP/1",
        b"GET / HTTP/1.",
        b"GET / HTTP/1.10",
        b"GET / HTTP/11.1",
        b"GET / HTTP/1,1",
        b"GET / http/1.1",
        b"GET / HTTPS/1.1",
        b"GET / FTP/1.1",
        b"GET / RTSP/1.0",
        b"GET / ICE/1.0",
        b"G@T / HTTP/1.1",
        b"G\xc4T / HTTP/1.1",
        b"GET /\x00 HTTP/1.1",
        b"GET /\x01 HTTP/1.1",
        b"GET /\x1f HTTP/1.1",
        b"GET /\x7f HTTP/1.1",
        b"GET /\x0b HTTP/1.1",
    ],
)
def test_a_request_line_of_another_form_is_bad_as_soon_as_it_ends(line):
    refusal = refused(line + b"\r\n")
    assert (refusal.status, refusal.close) == (400, True)


@pytest.mark.parametrize(
    ("target", "name", "query"),
    [
        (b"/", b"/", b""),
        (b"//boot/x", b"//boot/x", b""),
        (b"/a%2Fb%2fc", b"/a/b/c", b""),
        (b"/%41%c3%a4%FF", b"/A\xc3\xa4\xff", b""),
        (b"/%2541", b"/%41", b""),
        (b"/a+b", b"/a+b", b""),
        (b"/\xc3\xa4\xff", b"/\xc3\xa4\xff", b""),
        (b'/a|b{c}"<>\\^`[]', b'/a|b{c}"<>\\^`[]', b""),
        (b"/?", b"/", b""),
        (b"/a?b?c", b"/a", b"b?c"),
        (b"/a?%zz", b"/a", b"%zz"),
        (b"/%3Fa?b", b"/?a", b"b"),
        (b"/a;b=c:d@e", b"/a;b=c:d@e", b""),
        (b"/../a/./b", b"/../a/./b", b""),
        (b"http://h/a/b?c", b"/a/b", b"c"),
        (b"HTTP://h:80/%41", b"/A", b""),
        (b"https://h/a", b"/a", b""),
        (b"http://h", b"/", b""),
        (b"http://h?q", b"/", b"q"),
        (b"http://h//a", b"//a", b""),
    ],
)
def test_targets_are_decoded_once(target, name, query):
    request = asked(get(target=target))
    assert (request.name, request.query, request.target) == (name, query, target)


@pytest.mark.parametrize(
    "target",
    [
        b"*",
        b"a",
        b"?a",
        b"h:80",
        b"%2F",
        b"http:/a",
        b"http:///a",
        b"http://",
        b"ftp://h/a",
        b"/a#b",
        b"/a?b#c",
        b"#",
        b"http://h/#a",
        b"/%",
        b"/%4",
        b"/%4g",
        b"/%%41",
        b"/% 41",
        b"/%u0041",
        b"http://h/%zz",
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_other_targets_are_bad(method, target):
    assert refused(get(target=target, method=method)).status == 400


def test_a_star_is_for_options():
    request = asked(get(method=b"OPTIONS", target=b"*"))
    assert (request.method, request.name) == (b"OPTIONS", b"*")


def test_connect_takes_an_authority_and_is_not_allowed():
    assert refused(get(method=b"CONNECT", target=b"h:443")).status == 405


# Line ends.


@pytest.mark.parametrize(
    "data",
    [
        b"\nGET / HTTP/1.1",
        b"\r\n\nGET",
        b"\rG",
        b"GET / HTTP/1.1\n",
        b"GET / HTTP/1.1\rH",
        b"GET / HTTP/1.1\r\r\n",
        b"GE\rT",
        b"GET /\n HTTP/1.1",
        b"GET / HTTP/1.1\r\nHost: a\n",
        b"GET / HTTP/1.1\r\nHost: a\rb",
        b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
        b"GET / HTTP/1.1\r\n\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: y\n\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\nX: y\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 101 + b"\n\r\n",
    ],
)
def test_a_bare_cr_or_lf_is_bad_as_soon_as_it_is_seen(data):
    refusal = refused(data)
    assert (refusal.status, refusal.close) == (400, True)
    assert "CR LF" in refusal.reason


# Sizes.


def test_a_request_line_up_to_the_limit_is_read():
    target = b"/" + b"x" * (LIMITS.request_line - len(b"GET / HTTP/1.1"))
    assert asked(get(target=target)).target == target
    assert asked(b"\r\n\r\n" + get(target=target)).target == target
    assert refused(get(target=target + b"x")).status == 414
    assert refused(b"\r\n" + get(target=target + b"x")).status == 414


@pytest.mark.parametrize(
    "line", [b"x" * 102, b"GET /" + b"x" * 1000, b" " * 5000, b"x" * 101 + b"\r"]
)
def test_a_longer_request_line_is_not_waited_for(line):
    refusal = refused(line)
    assert (refusal.status, refusal.close) == (414, True)


def test_a_head_up_to_the_limit_is_read():
    padding = LIMITS.request_head - len(get(b"X: \r\n"))
    assert asked(get(b"X: %b\r\n" % (b"x" * padding)))
    refusal = refused(get(b"X: x%b\r\n" % (b"x" * padding)))
    assert (refusal.status, refusal.close, refusal.target) == (431, True, b"/")


@pytest.mark.parametrize(
    "data", [b"\r\n" * 1000, b"\r\n" * 3000 + get(), get()[:-2] + b"X: y\r\n" * 400]
)
def test_a_larger_head_is_not_waited_for(data):
    assert refused(data).status == 431


def test_a_head_limit_below_the_lines_bites_first():
    limits = Limits(request_line=100, request_head=50)
    assert refused(b"GET /" + b"x" * 60, limits).status == 431
    assert refused(b"GET /" + b"x" * 60 + b" FTP\r\n", limits).status == 431
    assert refused(b"\r\n" * 5 + b"x" * 60, limits).status == 431


def test_a_hundred_fields_are_read():
    more = [b"X: y\r\n"] * 99
    assert asked(get(b"".join(more)))
    refusal = refused(get(b"".join([*more, b"X: y\r\n"])))
    assert (refusal.status, refusal.close) == (431, True)


# Header fields.


@pytest.mark.parametrize(
    "block",
    [
        b"X : y\r\n",
        b"X\t: y\r\n",
        b"X: y\r\n folded\r\n",
        b"X: y\r\n\tfolded\r\n",
        b"X: y\r\n \r\n",
        b" X: y\r\n",
        b"X\r\n",
        b": y\r\n",
        b"X y: z\r\n",
        b"X@: y\r\n",
        b"X\xff: y\r\n",
        b"X: \x00\r\n",
        b"X: \x01\r\n",
        b"X: \x7f\r\n",
    ],
)
def test_a_malformed_field_is_bad(block):
    refusal = refused(get(block))
    assert (refusal.status, refusal.close, refusal.method) == (400, True, b"GET")
    assert refused(b"GET / HTTP/1.1\r\n" + block + HOST + b"\r\n").status == 400


@pytest.mark.parametrize("block", [b"X:y\r\n", b"X:\r\n", b"X: \t y \t\r\n", b"X: \xff\xfe\r\n"])
def test_a_well_formed_one_is_not(block):
    assert asked(get(block))


@pytest.mark.parametrize(
    "host",
    [
        b"a",
        b"a:80",
        b"a:",
        b"",
        b" a.example:7788 \t",
        b"127.0.0.1:7788",
        b"[::1]",
        b"[fe80::1]:7788",
        b"[::ffff:1.2.3.4]",
        b"[v1.x:y]",
        b"a_b-c~d",
        b"%c3%a4.example",
        b":80",
    ],
)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_valid_hosts(version, host):
    assert asked(b"GET / HTTP/%b\r\nHost: %b\r\n\r\n" % (version, host))


@pytest.mark.parametrize(
    "host",
    [
        b"a b",
        b"a/b",
        b"a@b",
        b"a:b",
        b"a:80:80",
        b"::1",
        b"[::1",
        b"[::1]x",
        b"[]",
        b"[::1::2]",
        b"[1.2.3.4]",
        b"[fe80::1%eth0]",
        b"a?",
        b"a#",
        b"a\\b",
        b"%zz",
        b"\xc3\xa4.example",
        b"a, b",
        b"http://a",
    ],
)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_invalid_hosts_are_bad(version, host):
    assert refused(b"GET / HTTP/%b\r\nHost: %b\r\n\r\n" % (version, host)).status == 400


@pytest.mark.parametrize("one", [b"a", b""])
@pytest.mark.parametrize("other", [b"a", b"b", b""])
@pytest.mark.parametrize("name", [b"Host", b"host"])
def test_two_hosts_are_bad(one, other, name):
    data = b"GET / HTTP/1.1\r\nHost: %b\r\nX: y\r\n%b: %b\r\n\r\n" % (one, name, other)
    assert refused(data).status == 400
    assert refused(data.replace(b"1.1", b"1.0")).status == 400


def test_a_host_is_needed_in_1_1_only():
    assert refused(b"GET / HTTP/1.1\r\n\r\n").status == 400
    assert refused(b"GET http://a/ HTTP/1.1\r\n\r\n").status == 400
    assert refused(b"POST / HTTP/1.1\r\n\r\n").status == 400
    assert asked(b"GET / HTTP/1.0\r\n\r\n").close


# Bodies.


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"POST", b"PUT"])
@pytest.mark.parametrize(
    ("block", "body"),
    [
        (b"", 0),
        (b"Content-Length: 0\r\n", 0),
        (b"Content-Length: 5\r\n", 5),
        (b"content-length: 0005 \r\n", 5),
        (b"Content-Length: 65536\r\n", 65536),
        (b"Transfer-Encoding: chunked\r\n", CHUNKED),
        (b"transfer-encoding: Chunked \r\n", CHUNKED),
        (b"Transfer-Encoding: gzip, chunked\r\n", CHUNKED),
        (b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", CHUNKED),
    ],
)
def test_a_body_is_to_be_dropped(method, block, body):
    data = get(block, method=method)
    head = read(data + b"hello")
    assert (head.size, head.body, head.message.close) == (len(data), body, False)


@pytest.mark.parametrize(
    "block",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5\r\nX: y\r\ncontent-length: 6\r\n",
        b"Content-Length: 5, 6\r\n",
        b"Content-Length: \r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 0x5\r\n",
        b"Content-Length: 5 5\r\n",
        b"Content-Length: 5.0\r\n",
        b"Content-Length: five\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: \r\n",
        b"Transfer-Encoding: chunked, gzip\r\n",
        b"Transfer-Encoding: chunked, chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\t, chunked\r\n",
        b"Transfer-Encoding: chunked \t\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip, chunked,\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked;a=b\r\n",
        b'Transfer-Encoding: "chunked"\r\n',
        b"Transfer-Encoding: gzip chunked\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n",
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_a_body_without_one_clear_end_is_bad(method, block):
    refusal = refused(get(block, method=method))
    assert (refusal.status, refusal.close) == (400, True)


@pytest.mark.parametrize("coding", [b"chunked", b"gzip, chunked", b"gzip"])
def test_any_transfer_coding_in_1_0_is_bad(coding):
    block = b"Transfer-Encoding: %b\r\nConnection: keep-alive\r\n" % coding
    refusal = refused(get(block, version=b"1.0"))
    assert (refusal.status, refusal.close) == (400, True)


@pytest.mark.parametrize("length", [b"65537", b"9999999999", b"9" * 19, b"9" * 20, b"9" * 500])
@pytest.mark.parametrize("method", [b"GET", b"PUT"])
def test_a_large_body_is_refused(method, length):
    refusal = refused(get(b"Content-Length: %b\r\n" % length, method=method))
    assert (refusal.status, refusal.close) == (413, True)


@pytest.mark.parametrize(
    "block",
    [b"Content-Length: 5\r\n", b"Content-Length: 99999999\r\n", b"Transfer-Encoding: chunked\r\n"],
)
@pytest.mark.parametrize("expect", [b"100-continue", b"100-Continue", b"x, 100-continue"])
@pytest.mark.parametrize(("method", "kind"), [(b"GET", Request), (b"PUT", Refusal)])
def test_a_client_that_waits_for_leave_is_answered_at_once(method, kind, expect, block):
    head = read(get(block + b"Expect: %b\r\n" % expect, method=method))
    assert isinstance(head.message, kind)
    assert (head.body, head.message.close) == (0, True)


def test_an_expectation_without_a_body_or_in_1_0_is_nothing():
    assert not asked(get(b"Expect: 100-continue\r\n")).close
    assert not asked(get(b"Expect: 100-continue\r\nContent-Length: 0\r\n")).close
    kept = b"Expect: 100-continue\r\nContent-Length: 5\r\nConnection: keep-alive\r\n"
    head = read(get(kept, version=b"1.0"))
    assert (head.body, head.message.close) == (5, False)


# Connections.


@pytest.mark.parametrize(
    ("version", "block", "close"),
    [
        (b"1.1", b"", False),
        (b"1.1", b"Connection: close\r\n", True),
        (b"1.1", b"connection: CLOSE\r\n", True),
        (b"1.1", b"Connection: keep-alive\r\n", False),
        (b"1.1", b"Connection: keep-alive, Close\r\n", True),
        (b"1.1", b"Connection: te ,\tclose \r\n", True),
        (b"1.1", b"Connection: te\r\nConnection: close\r\n", True),
        (b"1.1", b"Connection: closed\r\n", False),
        (b"1.1", b"Connection: not close\r\n", False),
        (b"1.1", b"X-Connection: close\r\n", False),
        (b"1.0", b"", True),
        (b"1.0", b"Connection: close\r\n", True),
        (b"1.0", b"Connection: Keep-Alive\r\n", False),
        (b"1.0", b"Connection: keep-alive, close\r\n", True),
        (b"1.0", b"Connection: x\r\nConnection: keep-alive\r\n", False),
    ],
)
def test_who_closes(version, block, close):
    request = asked(get(block, version=version))
    assert (request.close, request.keep_alive) == (close, b"keep-alive" in block.lower())


@pytest.mark.parametrize(
    "block",
    [
        b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
        b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n",
        b"Upgrade: h2c\r\n",
    ],
)
def test_an_upgrade_is_ignored(block):
    data = get(block + b"Content-Length: 3\r\nIf-None-Match: *\r\n")
    head = read(data + b"\x00\x01")
    assert (head.size, head.body, head.message.close) == (len(data), 3, False)
    assert head.message.conditions == Conditions(if_none_match=b"*")


# Conditions.

CONDITIONS = {
    b"If-Match": "if_match",
    b"If-None-Match": "if_none_match",
    b"If-Modified-Since": "if_modified_since",
    b"If-Unmodified-Since": "if_unmodified_since",
}


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize(("name", "attribute"), CONDITIONS.items())
def test_preconditions_are_as_sent(method, name, attribute):
    block = b'%b:  "a" \t\r\n' % name.upper()
    assert asked(get(block, method=method)).conditions == Conditions(**{attribute: b'"a"'})
    block += b"X: y\r\n%b: b\r\n" % name.lower()
    assert asked(get(block, method=method)).conditions == Conditions(**{attribute: b'"a", b'})


def test_options_has_no_conditions():
    request = asked(get(b"If-Match: x\r\nRange: bytes=0-\r\n", method=b"OPTIONS"))
    assert request.conditions is None
    assert request.variant == asked(get(method=b"OPTIONS")).variant


def test_a_range_is_for_get():
    block = b"Range: bytes=0-1\r\nIf-Range: x\r\n"
    request = asked(get(block))
    assert request.conditions == Conditions(range=b"bytes=0-1", if_range=b"x")
    assert request.variant is None
    assert asked(get(block, method=b"HEAD")).conditions is None
    block += b"If-Match: y\r\n"
    assert asked(get(block, method=b"HEAD")).conditions == Conditions(if_match=b"y")
    both = Conditions(range=b"bytes=0-1", if_range=b"x", if_match=b"y")
    assert asked(get(block)).conditions == both


def test_if_range_without_a_range_is_nothing():
    assert asked(get(b"If-Range: x\r\n")).conditions is None


def test_common_requests_share_their_variants():
    expected = {
        (b"GET", b"1.1", b""): b"GET",
        (b"GET", b"1.1", b"Connection: close\r\n"): b"GET close",
        (b"GET", b"1.0", b"Connection: keep-alive\r\n"): b"GET keep",
        (b"GET", b"1.1", b"Connection: keep-alive\r\n"): b"GET keep",
        (b"HEAD", b"1.0", b""): b"HEAD close",
        (b"GET", b"1.1", b"Accept: */*\r\nAccept-Encoding: identity\r\n"): b"GET",
        (b"OPTIONS", b"1.1", b"Accept: */*\r\n"): b"OPTIONS",
    }
    for (method, version, block), variant in expected.items():
        requests = [
            asked(get(block, method=method, version=version, target=target))
            for target in (b"/a", b"/b?c")
        ]
        assert [request.variant for request in requests] == [variant, variant]
        assert requests[0].variant is requests[1].variant


# Preferences.

WISHES = b"Accept: application/json\r\nAccept-Encoding: gzip, br\r\n"
WISHED = Preferences(("br", "gzip"), Format.JSON, Format.JSON)


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"POST"])
def test_all_methods_have_preferences(method):
    assert read(get(WISHES, method=method)).message.preferences == WISHED
    assert read(get(method=method)).message.preferences is NO_PREFERENCES


@pytest.mark.parametrize("block", [b"", b"Accept: */*\r\n", b"ACCEPT:\taudio/*\r\nAccept: \r\n"])
def test_who_wants_nothing_special_has_the_one_object_that_says_so(block):
    for more in (b"", b"Range: bytes=0-\r\n", b"If-Match: *\r\n", b"Content-Length: 0\r\n"):
        assert asked(get(block + more)).preferences is NO_PREFERENCES


def test_repeated_preferences_are_one_list():
    block = b"Accept-Encoding: gzip\r\naccept: text/html;q=0.5\r\n"
    block += b"ACCEPT-ENCODING: br\r\nAccept: application/json\r\n"
    assert asked(get(block)).preferences == WISHED


def test_preferences_stand_beside_conditions():
    block = b'If-None-Match: "a"\r\nRange: bytes=0-1\r\n'
    request = asked(get(WISHES + block))
    assert request.preferences == WISHED
    assert request.variant is None
    assert request.conditions == Conditions(if_none_match=b'"a"', range=b"bytes=0-1")
    assert asked(get(WISHES + b"Range: bytes=0-1\r\n", method=b"HEAD")).variant is not None


@pytest.mark.parametrize(
    "data",
    [
        get(WISHES, method=b"PUT"),
        get(WISHES + b"Content-Length: 65537\r\n"),
        get(WISHES + b"Transfer-Encoding: chunked\r\n", version=b"1.0"),
        b"GET / HTTP/1.1\r\n" + WISHES + b"\r\n",
    ],
)
def test_a_refusal_has_the_preferences_of_a_head_that_was_understood(data):
    assert refused(data).preferences == WISHED


def test_a_head_that_was_not_understood_has_none():
    assert refused(get(WISHES + b"X : y\r\n")).preferences is NO_PREFERENCES


def test_one_wish_in_other_words_is_one_variant():
    blocks = [
        WISHES,
        b"accept-encoding: BR;q=0.5,gzip;q=0.5\r\nAccept: application/*\r\n",
        b"Accept-Encoding: x-gzip\r\nAccept-Encoding: br\r\nAccept: application/json;q=0.1\r\n",
    ]
    variants = {asked(get(block)).variant for block in blocks}
    assert variants == {b"GET json json br gzip"}


# Variants.

WANTED = {
    (b"Accept", b"*/*"): None,
    (b"Accept", b"text/html"): "html",
    (b"Accept", b"application/xhtml+xml, text/html;q=0.9"): "html",
    (b"Accept", b"application/json"): "json",
    (b"Accept-Encoding", b"identity"): None,
    (b"Accept-Encoding", b"gzip"): "gzip",
    (b"Accept-Encoding", b"gzip;q=0.5"): "gzip",
    (b"Accept-Encoding", b"gzip, br"): "br gzip",
    (b"Accept-Encoding", b"br;q=0.5, gzip"): "gzip br",
}


@st.composite
def kinds(draw):
    """Draw what a variant has to tell apart, with fields that it may not depend on beside it."""
    value = st.sampled_from([b"a", b"b", b"", b"a, b", b"+a", b"-", b"close"])
    sent = draw(st.dictionaries(st.sampled_from(sorted(CONDITIONS)), value, max_size=4))
    method = draw(st.sampled_from([b"GET", b"HEAD"]))
    version = draw(st.sampled_from([b"1.0", b"1.1"]))
    close = draw(st.booleans())
    lines = [b"%b: %b\r\n" % field for field in sent.items()]
    lines.append(b"Connection: %b\r\n" % (b"close" if close else b"keep-alive"))
    lines.append(b"User-Agent: %b\r\n" % draw(value))
    wishes = draw(
        st.lists(st.sampled_from(list(WANTED)), max_size=2, unique_by=lambda wish: wish[0])
    )
    lines += [b"%b: %b\r\n" % wish for wish in wishes]
    wanted = {WANTED[wish] for wish in wishes} - {None}
    data = get(b"".join(draw(st.permutations(lines))), method=method, version=version)
    return (sent, method, close, wanted), data


@given(kinds(), kinds())
def test_variants_are_equal_where_all_that_matters_is(one, other):
    (kind, data), (other_kind, other_data) = one, other
    reader = Reader(LIMITS)
    same = reader.read(data).message.variant == reader.read(other_data).message.variant
    assert same == (kind == other_kind)


# What is remembered.


def test_the_same_head_is_read_once():
    reader = Reader(LIMITS)
    data = get(target=b"/x")
    head = reader.read(data)
    assert reader.read(bytes(bytearray(data))) is head
    assert reader.read(data + b"GET /next") is head
    assert reader.read(data + data) is head


def test_refused_methods_are_remembered_too():
    reader = Reader(LIMITS)
    assert reader.read(get(method=b"PUT")) is reader.read(get(method=b"PUT"))


def test_a_popular_head_survives_heads_that_never_repeat():
    reader = Reader(LIMITS)
    popular = reader.read(get())
    for number in range(5000):
        reader.read(get(target=b"/%d" % number, fields=b"X: %d\r\n" % number))
        assert reader.read(get()) is popular


def test_heads_that_never_repeat_are_not_kept():
    reader = Reader(LIMITS)
    for number in range(5000):
        reader.read(get(target=b"/kept/%d" % number, fields=b"X: %d\r\n" % number))
    gc.collect()
    kept = [
        thing
        for thing in gc.get_objects()
        if isinstance(thing, Head) and thing.message.target.startswith(b"/kept/")
    ]
    assert 1024 <= len(kept) <= 2048


# Anything at all.

VALID = get(
    b"User-Agent: x\r\nContent-Length: 5\r\nConnection: keep-alive\r\nIf-None-Match: *\r\n",
    target=b"/a%41?b",
)
pieces = st.sampled_from(
    [
        *(
            b"GET ",
            b"/",
            b" HTTP/1.1",
            b"\r\n",
            b"\r",
            b"\n",
            b" ",
            b":",
            b"\r\n\r\n",
            b"%",
            b"\0",
            b"\xff",
        ),
        *(HOST, b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"),
    ]
)


@st.composite
def spoiled_requests(draw):
    data = bytearray(VALID)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 3))] = draw(pieces | st.binary(max_size=3))
    return bytes(data)


@given(st.one_of(st.binary(), st.lists(pieces).map(b"".join), spoiled_requests()))
def test_any_bytes_are_read_and_the_same_in_whatever_pieces(data):
    head = read(data, Limits(request_line=40, request_head=150, fields=5, body=10))
    if head is not None:
        assert 0 <= head.size <= len(data)
        assert head.size or (head.message.close and not head.body)


@given(spoiled_requests(), st.binary(max_size=20))
def test_what_follows_makes_no_difference(data, more):
    head = Reader(LIMITS).read(data)
    if head is not None:
        assert told(Reader(LIMITS).read(data + more)) == told(head)
