"""What TFTP clients fetch, what of it has arrived, and what the server has seen of them."""

import hashlib
import os
import random
import shutil
import subprocess
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import quote

import pytest

from support.daemon import Daemon, running

CLIENT_TIMEOUT_S = 60

_BLKSIZE = 512
_BLOCKS = 1 << 16  # then block numbers begin anew at 0
# Nothing, less than a block, a block, more than one; and a block that just fits into Ethernet.
_SHORT = (0, 1, _BLKSIZE - 1, _BLKSIZE, _BLKSIZE + 1, 1468)
# The last number there is for a short last block; none left for the empty one; two beyond that.
_LONG = (
    (_BLOCKS - 1) * _BLKSIZE - 1,
    (_BLOCKS - 1) * _BLKSIZE,
    _BLOCKS * _BLKSIZE + 1,
)
_LARGE = 8 << 20
_HUGE = 100 << 20
_SEED = 1350

_LETTERS = b"\r\n\0ab"
_TEXTS = {
    "each end of a line": b"a\r\nb\nc\rd\0e\n\r\n\r\0\n\n\r\r\n",
    # Two bytes on the wire for one in the file, so pairs are cut by the ends of blocks.
    "pairs across blocks": bytes(random.Random(_SEED).choices(_LETTERS, k=20_000)),
    "whole blocks on the wire": b"\n" * _BLKSIZE,
    "a CR at the end": b"text\r",
    "no text": b"",
}
# As it is called by firmware, by people, and by those who put names together.
_FIRMWARE_FILE = "Boot/Fonts/wgl4.ttf"
_SPELLINGS = (
    r"\Boot\Fonts\wgl4.ttf",
    r"Boot\Fonts/wgl4.ttf",
    "/Boot/Fonts/wgl4.ttf",
    "//Boot/./Fonts/wgl4.ttf",
)
# What an access line tells of a transfer; one that is refused has no terms.
_TOLD = ("protocol", "name", "status", "outcome", "expected", "mode", "blksize", "windowsize")
_PLAIN = {"mode": "octet", "blksize": _BLKSIZE, "windowsize": 1}
_ERROR_BYTES = 5  # of an ERROR packet, besides its words


@dataclass(frozen=True, slots=True)
class Served:
    """A directory and the daemon that serves it.

    The log is compared when all is over: lines are held back for up to a second.

    Attributes:
        root: what is served.
        daemon: who serves it.
        told: what the access log has to tell, in whatever order.
    """

    root: Path
    daemon: Daemon
    told: Counter = field(default_factory=Counter)

    @property
    def address(self):
        """Host and port, as most clients want them."""
        return "127.0.0.1", self.daemon.udp_port

    def url(self, name):
        return f"tftp://127.0.0.1:{self.daemon.udp_port}/{quote(name)}"

    def assert_arrived(self, copy, file, **told):
        """A client has made this copy of a file; its access line has to tell so, and `told`."""
        path = self.root / file
        assert _sha256(copy) == _sha256_of_served(path)
        self.transferred(file, **told)

    def transferred(self, file, **told):
        """A client has fetched a file; its access line has to tell so, and `told`."""
        size = (self.root / file).stat().st_size
        self._note(**{"name": file, "status": 200, "expected": size} | _PLAIN | told)

    def refused(self, name, status, words):
        """A client was told no; its access line has to tell so."""
        self._note(name=name, status=status, expected=len(words) + _ERROR_BYTES)

    def _note(self, **told):
        self.told[_told({"protocol": "tftp", "outcome": "done"} | told)] += 1

    def assert_logged(self):
        """Stop the daemon. Its access log tells of all that was done, and of nothing else."""
        assert self.daemon.stop() == 0
        lines = [line for line in self.daemon.events("request") if line["protocol"] == "tftp"]
        assert Counter(map(_told, lines)) == self.told
        for line in lines:
            if line["status"] == 200:
                assert line["sent"] > line["expected"], line
                assert line["retransmits"] >= 0, line


def _told(line):
    return tuple(line.get(key) for key in _TOLD)


def _sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_sha256_of_served = cache(_sha256)


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """A directory with a file of each size, all of different bytes, and named by it."""
    root = tmp_path_factory.mktemp("served")
    content = random.Random(_SEED).randbytes(_HUGE)
    for size in (*_SHORT, *_LONG, _LARGE, _HUGE):
        (root / str(size)).write_bytes(memoryview(content)[:size])
    for name, text in _TEXTS.items():
        (root / name).write_bytes(text)
    path = root / _FIRMWARE_FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(content[:1000])
    yield root
    shutil.rmtree(root)  # a quarter of a gigabyte


@pytest.fixture(scope="module")
def serving(files):
    """Serves these files until a block ends, with the settings that are given."""

    @contextmanager
    def serve(*options):
        with running(files, "--limits.udp_rate=1000000", *options) as daemon:
            served = Served(files, daemon)
            yield served
            served.assert_logged()

    return serve


@pytest.fixture(scope="module")
def served(serving):
    """These files as they are served with default settings."""
    with serving() as served:
        yield served


@pytest.fixture(params=_SHORT)
def short(request):
    """The name of a file of few blocks."""
    return str(request.param)


@pytest.fixture(params=_LONG)
def long(request):
    """The name of a file whose blocks of 512 bytes take up all the numbers that there are."""
    return str(request.param)


@pytest.fixture
def large():
    """The name of a file of 8 MiB."""
    return str(_LARGE)


@pytest.fixture
def huge():
    """The name of a file of 100 MiB."""
    return str(_HUGE)


@pytest.fixture(params=_TEXTS)
def text(request):
    """The name of a file that is another in netascii."""
    return request.param


@pytest.fixture(params=_SPELLINGS)
def spelling(request):
    """Another name of the file `firmware_file`."""
    return request.param


@pytest.fixture
def firmware_file():
    return _FIRMWARE_FILE


@pytest.fixture
def missing():
    """The server's words where there is no file."""
    return "there is no such file"


@pytest.fixture
def read_only(files):
    """The server's words for who would write; nothing must have been written."""
    before = sorted(files.rglob("*"))
    yield "this server is read-only"
    assert sorted(files.rglob("*")) == before


@pytest.fixture
def copy(tmp_path):
    """Where a client puts what it fetches; it may be large, and goes with the test."""
    path = tmp_path / "copy"
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def run(tmp_path):
    """Runs a client that knows nothing of this machine's settings; fails, with all that it
    printed, unless it ends with `code`. Returns what it printed, whichever way.
    """
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}

    def call(*arguments, code=0):
        done = subprocess.run(
            list(map(str, arguments)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=CLIENT_TIMEOUT_S,
            check=False,
            cwd=tmp_path,
            env=environment,
        )
        assert done.returncode == code, done
        return done.stdout.decode(errors="replace")

    return call
