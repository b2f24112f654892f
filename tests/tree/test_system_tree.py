"""The machine's own /usr/share, served and compared file by file."""

import hashlib
import os
import random
import socket
import stat
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from struct import unpack_from
from urllib.parse import quote_from_bytes

import pytest

from filed.protocols.plain import NAME_BYTES
from support.clients import exchange
from support.daemon import running, wait_until

pytestmark = [pytest.mark.tree, pytest.mark.timeout(300)]

ROOT = Path("/usr/share")
CONNECTIONS = 4
PLAIN_FILES = 500
# Where the kernel counts what a connection has received: tcpi_bytes_received in linux/tcp.h.
TCP_INFO_BYTES = 136
BYTES_RECEIVED_AT = 128
LINKS_IN_A_NAME = 40  # path_resolution(7)


@pytest.fixture(scope="module")
def expected():
    """Every name in the tree but the folders' own, with the status that it has to get."""
    found = {}
    for folder, folders, files in os.walk(ROOT):
        here = Path(folder)
        links = [name for name in folders if (here / name).is_symlink()]
        for name in files + links:
            path = (here / name).relative_to(ROOT)
            found[path] = status_of(path)
    return found


def status_of(path):
    """Go the way of a name as a worker has to: in the tree, by relative links, where it may."""
    place, left, links = ROOT, list(path.parts), 0
    while left:
        if not may(place, stat.S_IXUSR):
            return 403
        name = left.pop(0)
        if name == "..":
            if place == ROOT:
                return 404
            place = place.parent
        elif not (place / name).is_symlink():
            place /= name
        else:
            target = (place / name).readlink()
            links += 1
            if target.is_absolute() or links > LINKS_IN_A_NAME:
                return 404
            left = [*target.parts, *left]
    return status_at(place)


def status_at(place):
    if place.is_dir():
        return 301
    if not place.is_file():
        return 404
    return 200 if may(place, stat.S_IRUSR) else 403


@cache
def may(place, bit):
    """Whether the mode bits allow a worker that; it is who we are, without any capability."""
    try:
        status = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True  # then it is missing, not forbidden
    if status.st_uid == os.geteuid():
        return bool(status.st_mode & bit)
    if status.st_gid in {os.getegid(), *os.getgroups()}:
        return bool(status.st_mode & bit >> 3)
    return bool(status.st_mode & bit >> 6)


def digest_on_disk(path):
    with (ROOT / path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


class Fetcher:
    """One kept connection, by the standard library's client."""

    def __init__(self, port):
        self._http = HTTPConnection("127.0.0.1", port, timeout=60)
        self._http.connect()
        self.statuses = Counter()
        self.differing = []

    def compare(self, path, status):
        """Fetch a name; note whether it gets its status, and a file as it lies on the disk."""
        self._http.request("GET", "/" + quote_from_bytes(bytes(path)))
        answer = self._http.getresponse()
        body = answer.read()
        self.statuses[answer.status] += 1
        as_expected = answer.status == status and not answer.will_close
        if status == 200:
            as_expected &= hashlib.sha256(body).digest() == digest_on_disk(path)
        if not as_expected:
            self.differing.append((path, status, answer.status))

    def received_bytes(self):
        info = self._http.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
        return unpack_from("Q", info, BYTES_RECEIVED_AT)[0]

    def close(self):
        self._http.close()


def compare_all(fetcher, share):
    for path, status in share:
        fetcher.compare(path, status)


def test_every_file_comes_over_http_as_it_lies_on_the_disk(expected):
    names = list(expected.items())
    shares = [names[first::CONNECTIONS] for first in range(CONNECTIONS)]
    with running(ROOT, "--files.hidden=true") as daemon:
        fetchers = [Fetcher(daemon.port) for _ in shares]
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(compare_all, fetchers, shares))
        statuses = sum((fetcher.statuses for fetcher in fetchers), Counter())
        received = sum(fetcher.received_bytes() for fetcher in fetchers)
        for fetcher in fetchers:
            fetcher.close()
        wait_until(lambda: counted(daemon) == (statuses, received), "the counters to agree")
        logged = daemon.wait_for_event("request", len(names))
    assert [path for fetcher in fetchers for path in fetcher.differing] == []
    assert statuses == Counter(expected.values())
    assert statuses[200] > 0
    assert len(names) == names_in_tree()
    assert len(logged) == len(names)
    assert sum(event["sent"] for event in logged) == received


def names_in_tree():
    """How many names there are but the folders' own, as find(1) counts them."""
    find = ["find", ROOT, "-not", "-type", "d", "-printf", "x"]
    return len(subprocess.run(find, capture_output=True, check=True).stdout)


def counted(daemon):
    """Statuses and bytes of HTTP, as the daemon counts them."""
    metrics = daemon.metrics()
    statuses = Counter()
    for series, value in metrics.items():
        if value and series.startswith("filed_requests_total{") and 'protocol="http"' in series:
            statuses[int(series.partition('code="')[2][:3])] += int(value)
    return statuses, int(metrics['filed_sent_bytes_total{protocol="http"}'])


def test_five_hundred_files_come_over_plain_tcp_as_they_lie_on_the_disk(expected):
    files = [path for path, status in expected.items() if status == 200]
    short = [path for path in files if len(bytes(path)) <= NAME_BYTES]
    chosen = random.Random(7788).sample(short, min(PLAIN_FILES, len(short)))
    with running(ROOT, "--files.hidden=true") as daemon:
        for path in chosen:
            received = exchange(daemon.port, bytes(path))
            assert hashlib.sha256(received).digest() == digest_on_disk(path), path
        series = 'filed_requests_total{code="200",method="GET",protocol="plain"}'
        wait_until(lambda: daemon.metrics()[series] == len(chosen), "the counter to agree")
