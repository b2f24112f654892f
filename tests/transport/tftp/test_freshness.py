"""A file that was replaced is never sent as it was, however quickly a request follows."""

import pytest

from support.daemon import running
from support.served_tree import LARGE
from support.tftp import Client, error

VERSIONS = 300


@pytest.mark.parametrize("size", [600, 100_000], ids=["in memory", "on disk"])
def test_who_asks_after_a_change_gets_what_is_there_now(tmp_path, size):
    """The first block is enough to know; the next request may come within the same turn."""
    path, new = tmp_path / "file", tmp_path / "new"
    options = ("--limits.udp_rate=1000000", "--tftp.per_client=0")
    with running(tmp_path, *options, workers=1) as daemon:
        for number in range(VERSIONS):
            content = b"%06d" % number + LARGE[: size - 6]
            new.write_bytes(content)
            new.replace(path)
            with Client(daemon) as client:
                assert client.begin(b"file").body == content[:512]
                client.send(error(0))  # or its port, once it is another's, was offered this again
