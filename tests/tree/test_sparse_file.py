"""A file of 5 GiB, which no 32-bit number measures, whole and in parts."""

import os
import socket
import subprocess
from contextlib import closing
from http.client import HTTPConnection

import pytest

from support.clients import program
from support.daemon import running
from support.http_wire import get

pytestmark = [pytest.mark.tree, pytest.mark.timeout(300)]

SIZE = 5 * 1024**3
PIECE = 4 * 1024 * 1024
# What is written where; zeros lie between. Over each number that a narrow integer ends at.
WRITTEN = {
    0: b"the first bytes",
    4095: b"over a page",
    2 * 1024**2 - 3: b"over a turn of sending",
    2**31 - 9: b"over the end of a signed number",
    2**32 - 9: b"over the end of an unsigned number",
    SIZE - 14: b"the last bytes",
}
SPANS = [
    (0, 0),
    (2**31 - 1, 2**31 - 1),
    (2**31 - 20, 2**31 + 20),
    (2**32 - 20, 2**32 + 20),
    (2**32, 2**32),
    (2**31 - 1_000_000, 2**31 + 1_000_000),
    (SIZE - 30, SIZE - 1),
    (SIZE - 1, SIZE - 1),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("sparse")
    with (root / "disk.img").open("wb") as file:
        file.truncate(SIZE)
        for offset, written in WRITTEN.items():
            os.pwrite(file.fileno(), written, offset)
    yield root
    (root / "disk.img").unlink()


@pytest.fixture(scope="module")
def disk(root):
    with (root / "disk.img").open("rb") as file:
        yield file


@pytest.fixture(scope="module")
def daemon(root):
    with running(root) as daemon:
        yield daemon


def compare(receive_into, disk, offset=0):
    """Compare a stream, piece by piece as it comes, with the disk; return where it ends."""
    piece = bytearray(PIECE)
    while size := receive_into(piece):
        received = piece if size == PIECE else piece[:size]
        assert received == os.pread(disk.fileno(), size, offset), f"differs behind byte {offset}"
        offset += size
    return offset


def test_it_comes_whole_over_http(daemon, disk):
    with closing(HTTPConnection("127.0.0.1", daemon.port, timeout=60)) as client:
        client.request("GET", "/disk.img")
        answer = client.getresponse()
        assert answer.getheader("Content-Length") == str(SIZE)
        assert compare(answer.readinto, disk) == SIZE


def test_it_comes_whole_over_plain_tcp(daemon, disk):
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=60) as client:
        client.sendall(b"disk.img")
        assert compare(client.recv_into, disk) == SIZE


@pytest.mark.parametrize(("first", "last"), SPANS)
def test_a_range_beyond_what_32_bits_count_is_exact(daemon, disk, first, last):
    answer = get(daemon.port, "/disk.img", f"Range: bytes={first}-{last}")
    assert answer.status == 206
    assert answer["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.body == os.pread(disk.fileno(), last - first + 1, first)


@pytest.mark.parametrize("first", [2**32 + 10, SIZE - 2**20])
def test_a_range_to_the_end_is_exact(daemon, disk, first):
    with closing(HTTPConnection("127.0.0.1", daemon.port, timeout=60)) as client:
        client.request("GET", "/disk.img", headers={"Range": f"bytes={first}-"})
        answer = client.getresponse()
        assert answer.getheader("Content-Range") == f"bytes {first}-{SIZE - 1}/{SIZE}"
        assert compare(answer.readinto, disk, first) == SIZE


def test_a_range_behind_the_end_says_how_long_it_is(daemon):
    answer = get(daemon.port, "/disk.img", f"Range: bytes={SIZE}-")
    assert (answer.status, answer["content-range"]) == (416, f"bytes */{SIZE}")


def test_curl_goes_on_where_a_download_ended(daemon, disk, tmp_path):
    curl = program("curl", "curl")
    part = tmp_path / "part"
    start = SIZE - 3 * 1024**2
    with part.open("wb") as file:
        file.truncate(start)
    subprocess.run([curl, "-sSf", "-C", "-", "-o", part, f"{daemon.url}/disk.img"], check=True)
    assert part.stat().st_size == SIZE
    with part.open("rb") as file:
        end = os.pread(file.fileno(), SIZE - start, start)
    assert end == os.pread(disk.fileno(), SIZE - start, start)
