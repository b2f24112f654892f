"""aria2: one file over many connections."""

import hashlib
import random
from functools import partial

import pytest

from support.clients import program

SIZE_BYTES = 64 * 1024 * 1024
CONNECTIONS = 16


@pytest.fixture
def aria2(run):
    path = program("aria2c", "aria2")
    return partial(run, path, "--no-conf", "--quiet", "--timeout=30", "--max-tries=1")


@pytest.fixture
def large(served):
    """A file of which no two pieces are alike; it does not outlive the test."""
    path = served.put("large", random.Random(7788).randbytes(SIZE_BYTES))
    yield path
    path.unlink()


def test_a_large_file_comes_in_parts_over_many_connections(served, aria2, large, tmp_path):
    copy = tmp_path / "large"
    aria2(
        *("--split", CONNECTIONS, "--max-connection-per-server", CONNECTIONS),
        *("--min-split-size=1M", "--file-allocation=none", "--dir", tmp_path),
        f"{served.url}/large",
    )
    assert sha256(copy) == sha256(large)
    copy.unlink()
    # It asks for more than a part may need, and hangs up where the next one begins.
    lines = served.seen("aria2/", outcomes=("done", "peer"))
    parts = [line for line in lines if line["status"] == 206]
    assert len({line["range"] for line in parts}) >= CONNECTIONS // 2
    assert len({line["port"] for line in parts}) >= CONNECTIONS // 2


def sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
