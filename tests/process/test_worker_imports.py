"""After the fork a child opens what it serves and nothing else: no module, no library, no data.

So an upgrade of the package on disk never mixes with running code. It is the kernel that tells: the
daemon runs under strace(1), which notes what each process opens, from its first moment on.
"""

import re
import socket
from contextlib import suppress

import pytest

from support.clients import ask, exchange, program
from support.daemon import end, running, wait_until
from support.http_wire import HttpClient, get, request
from support.slow import SlowClient, make_tree

# What a child opens besides: how many capabilities there are, its memory's size and descriptors.
OF_ITS_OWN = {"/proc/sys/kernel/cap_last_cap", "/proc/self/statm", "/proc/self/fd"}

OPENED = re.compile(r'^([0-9]+) +open(?:at)?\((?:AT_FDCWD, )?"([^"]*)"', re.MULTILINE)
SERVED = re.compile(r'^([0-9]+) +openat2\([0-9]+, "([^"]*)"', re.MULTILINE)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = make_tree(tmp_path_factory.mktemp("root"))
    (root / "folder").mkdir()
    (root / "folder" / "naïve & <odd>").write_bytes(b"x")
    (root / "empty").touch()
    return root


HTTP = [
    *(request(target) for target in ("/small", "/empty", "/none", "/folder", "/folder/", "/%00")),
    *(request("/small", method=method) for method in ("HEAD", "OPTIONS", "POST", "DELETE")),
    request("*", method="OPTIONS"),
    request("/small", version="1.0"),
    request("/small", version="2.0"),
    request("/small", method="BREW"),
    request("/small", host=None),
    request("/folder/?sort=size&order=desc&format=json", "Accept: application/json"),
    request("/small", "Accept-Encoding: gzip, br;q=0.5"),
    request("/small", "Range: bytes=0-3"),
    request("/small", "Range: bytes=0-1,3-4"),
    request("/small", "Range: bytes=99-"),
    request("/small", "Range: bytes=x"),
    request("/small", 'If-None-Match: "x", W/"y"'),
    request("/small", "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT"),
    request("/small", "If-Modified-Since: Tuesday, 14-Nov-23 22:13:20 GMT"),
    request("/small", 'If-Match: "x"', "If-Range: x", "Range: bytes=0-1"),
    request("/small", "Connection: close"),
    request("/small", "Content-Length: 3") + b"abc",
    request("/small", "Content-Length: 99999999"),
    request("/small", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n",
    request("/small", "Transfer-Encoding: chunked") + b"zzz\r\n",
    request("/small", "Expect: 100-continue", "Content-Length: 3"),
    request("/small", "Upgrade: websocket", "Connection: upgrade"),
    request("/small", "Bad header"),
    request("/" + "x" * 9000),
    request("/small", "X: " + "x" * 40000),
    request("/%F0%9F%92%BE/%FF%FE"),
    b"GET  /small HTTP/1.1\r\n\r\n",
]
PLAIN = [b"small", b"none", b"folder", b"", b"\0", b"\xff", b"x" * 2000, b"dir\\file", b"HEA"]
DATAGRAMS = [b"small", b"none", b"\0", b"x" * 2000, b"\0\1small\0octet\0", b"\0\1bad", b"\0\5"]


def exercise(daemon):
    """Every protocol, every kind of answer, every way that a connection can end."""
    for data in HTTP:
        with suppress(ConnectionResetError):  # some are refused before they have come whole
            assert exchange(daemon.port, data, half_close=True)
    for data in PLAIN:
        exchange(daemon.port, data, half_close=True)
    for data in DATAGRAMS:
        ask(daemon.udp_port, data, timeout=0.2)
    with HttpClient(daemon.port) as client:
        assert client.get("/large").status == 200
        client.send(b"GET /small HT")
        assert client.answer().status == 408
    with SlowClient(daemon.port):
        wait_until(
            lambda: [each for each in daemon.events("request") if each["outcome"] == "stall"],
            "the stalled client to be cut off",
        )
    with SlowClient(daemon.port, protocol="plain"):
        pass  # gone before the end
    with socket.create_connection(("::1", daemon.port), 10) as silent:
        assert silent.recv(1) == b""
    daemon.metrics()


def test_children_open_nothing_but_what_they_serve(root, tmp_path):
    trace = tmp_path / "trace"
    strace = [program("strace", "strace"), "-f", "-D", "-qq", "-o", trace]
    options = ("--timeouts.head=1", "--timeouts.stall=1", "--limits.udp_rate=1000")
    with running(
        root, *options, wrap=[*strace, "-e", "trace=open,openat,openat2,execve"]
    ) as daemon:
        workers = daemon.workers()
        children = {str(pid) for pid in daemon.children().values()}
        exercise(daemon)
        assert get(daemon.port, "/small").status == 200
        assert daemon.workers() == workers
        end(daemon.process)
    told = trace.read_text()
    opened = {path for pid, path in OPENED.findall(told) if pid in children}
    served = {path for pid, path in SERVED.findall(told) if pid in children}
    assert {"small", "large", "folder", "none"} <= served
    assert opened == OF_ITS_OWN
    assert len(re.findall(r"execve\(", told)) == 1
