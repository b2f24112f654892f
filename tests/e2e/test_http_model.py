"""The daemon against the reference: whatever is asked of a file, the two say the same."""

import gzip
import os
import random
import re
import time
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import Path

import brotli
import pytest
from hypothesis import HealthCheck, given, settings

from support.daemon import running
from support.file_requests import FORMS, Asked, many_ranges, requests
from support.file_times import wait_until_settled
from support.http_wire import HttpClient, request
from support.reference import ENDINGS, File, S, Sidecar, expected, multipart

MTIME_NS = 1_700_000_000_123_456_789
LATER_NS = MTIME_NS + S
EARLIER_NS = MTIME_NS - 1
FUTURE_NS = 4_000_000_000 * S
BINARY = "application/octet-stream"
PLAIN = "text/plain; charset=utf-8"

_random = random.Random(1)
BYTES = _random.randbytes(70 * 1024)
HUNDRED = BYTES[:100]
TEXT = "".join(_random.choices("some letters\n", k=4000)).encode()
# Nothing here reads what is compressed but the judge of all answers, which does not know zstd.
PACKED = {"zstd": BYTES[:1000], "br": brotli.compress(TEXT), "gzip": gzip.compress(TEXT)}


def _packed(**mtimes_ns):
    """A text with sidecars of these times."""
    sidecars = {coding: Sidecar(PACKED[coding], at_ns) for coding, at_ns in mtimes_ns.items()}
    return File(TEXT, MTIME_NS, PLAIN, sidecars)


# By their names; `modified_now` gets the time of each request.
FILES = {
    "empty": File(b"", MTIME_NS, BINARY),
    "one": File(b"1", MTIME_NS, BINARY),
    "hundred": File(HUNDRED, MTIME_NS, BINARY),
    "large": File(BYTES, MTIME_NS, BINARY),
    "at_epoch": File(HUNDRED, 0, BINARY),
    "at_second_one": File(HUNDRED, S, BINARY),
    "in_the_future": File(HUNDRED, FUTURE_NS, BINARY),
    "modified_now": File(HUNDRED, 0, BINARY),
    "all.txt": _packed(zstd=LATER_NS, br=MTIME_NS, gzip=LATER_NS),
    "gzip.txt": _packed(gzip=LATER_NS),
    "stale.txt": _packed(zstd=EARLIER_NS, gzip=MTIME_NS),
    "all_stale.txt": _packed(br=EARLIER_NS, gzip=0),
    "empty.txt": File(b"", MTIME_NS, PLAIN, {"br": Sidecar(brotli.compress(b""), LATER_NS)}),
    "epoch.txt": File(TEXT, 0, PLAIN, {"gzip": Sidecar(PACKED["gzip"], 0)}),
}
OFTEN = ["large", "all.txt"] * 4

# What some hundred requests do not always hit upon.
CORNERS = [
    *(Asked("large", [("Range", f"bytes={many_ranges(n, 2, -1)}")]) for n in (15, 16, 17)),
    *(Asked("large", [("Range", f"bytes={many_ranges(n, 1)}")]) for n in (200, 201)),
    *(Asked("large", [("Range", f"bytes=0-99,{100 + gap}-")]) for gap in range(260, 280)),
    Asked("large", [("Range", "bytes=50-59,-0,90000-,10-19,0-9,20-20")]),
    *(Asked("hundred", [("Range", f"bytes={spec}")]) for spec in ("-0", "99-", "100-", "5-5")),
    *(Asked("hundred", [("Range", "bytes=1-"), ("If-Range", tag)]) for tag in ("{tag}", "W/{tag}")),
    *(Asked("hundred", [(name, "W/{tag}")]) for name in ("If-Match", "If-None-Match")),
    *(
        Asked(name, [("Range", "bytes=1-"), ("If-Range", f"{{{form}[{moment}]}}")])
        for name in ("hundred", "modified_now", "in_the_future")
        for form in FORMS
        for moment in ("before", "at", "after")
    ),
    *(Asked("in_the_future", [("If-Modified-Since", f"{{{form}[at]}}")]) for form in FORMS),
    Asked("gzip.txt", [("Range", "bytes=0-0,1000-"), ("Accept-Encoding", "gzip")]),
    *(Asked("gzip.txt", [("Accept-Encoding", f"gzip;q=0.5, {rest}")]) for rest in "*x"),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("model")
    root.chmod(0o755)
    for name, file in FILES.items():
        _write(root / name, file)
        for coding, sidecar in file.sidecars.items():
            _write(root / f"{name}.{ENDINGS[coding]}", sidecar)
    wait_until_settled(*root.iterdir())
    return root


def _write(path, file):
    path.write_bytes(file.content)
    os.utime(path, ns=(file.mtime_ns, file.mtime_ns))


@pytest.fixture(scope="module")
def daemon(root, as_nobody):
    with running(root, *as_nobody) as daemon:
        yield daemon


@dataclass
class Pair:
    """The daemon, by one kept-alive connection, and the reference."""

    root: Path
    port: int
    client: HttpClient
    boundary_size: int = 0

    def assert_agree(self, asked):
        file = _as_it_is(self.root / asked.name, FILES[asked.name])
        before_s = int(time.time())
        head = asked.head(file)
        answer = self.answer(head, asked.method)
        now_s = int(parsedate_to_datetime(answer["Date"]).timestamp())
        assert before_s - 1 <= now_s <= time.time()  # the kernel's coarse clock may lag behind
        fields = asked.filled_in(file)
        wanted = expected(asked.method, fields, file, now_s, boundary_size=self.boundary_size)
        assert answer.status == wanted.status, head
        assert {name: answer[name] for name in wanted.fields} == wanted.fields, head
        assert _is_body(answer, wanted.body), head

    def answer(self, head, method):
        """Ask the daemon; where the answer cannot be read to its end the connection is made anew,
        so that what follows is told apart from it.
        """
        try:
            self.client.send(head)
            return self.client.answer(method, head)
        except (AssertionError, OSError):
            self.client.sock.close()
            self.client = HttpClient(self.port)
            raise


@pytest.fixture
def pair(daemon, root):
    pair = Pair(root, daemon.port, HttpClient(daemon.port))
    try:
        parts = pair.answer(request("/large", "Range: bytes=0-0,9-9"), "GET")
        pair.boundary_size = len(_boundary(parts))
        yield pair
    finally:
        pair.client.sock.close()


@pytest.mark.parametrize("asked", CORNERS)
def test_daemon_and_reference_agree_on_what_seldom_comes(pair, asked):
    pair.assert_agree(asked)


def test_daemon_and_reference_agree_on_whatever_is_asked(pair):
    # A slow machine is no fault of the daemon's.
    @settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(requests(FILES, [*FILES, *OFTEN]))
    def agree(asked):
        pair.assert_agree(asked)

    agree()


def _as_it_is(path, file):
    """What the reference is to know of a file, at this moment."""
    if path.name != "modified_now":
        return file
    os.utime(path)
    return replace(file, mtime_ns=path.stat().st_mtime_ns)


def _is_body(answer, wanted):
    if isinstance(wanted, list):
        return answer.body == multipart(wanted, _boundary(answer))
    return wanted is None or answer.body == wanted


def _boundary(answer):
    found = re.fullmatch(r"multipart/byteranges; boundary=([0-9A-Za-z_-]+)", answer["Content-Type"])
    assert found, answer["Content-Type"]
    return found[1]
