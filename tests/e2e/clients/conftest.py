"""What real programs work in, and what the server has seen of them."""

import gzip
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.daemon import Daemon, running
from support.relay import relayed
from support.served_tree import MTIME_S

CLIENT_TIMEOUT_S = 60

# Names that have to be quoted, more levels than wget follows by itself, and a file that has a
# compressed copy beside it.
_TEXT = b"some text, again and again\n" * 1000
_MIRRORED = {
    "a.txt": b"a",
    "with space": b"b",
    "a&b=c": b"c",
    "ümlaut": b"d",
    "q?mark": b"e",
    "x:y": b"f",
    "#1": b"g",
    "100%": b"h",
    "empty": b"",
    "notes.txt": _TEXT,
    "notes.txt.gz": gzip.compress(_TEXT),
    "one/file": b"i",
    "one/two/three/four/five/six/seven/file": b"j",
    "other/file": b"k",
}


@dataclass(frozen=True, slots=True)
class Served:
    """A tree of the test's own, and the daemon that serves it; its address is a relay's, which has
    all answers judged in the end.
    """

    root: Path
    daemon: Daemon
    url: str

    def put(self, name, content, mtime_s=MTIME_S):
        """Write a file of that age beneath the root and return its path."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (mtime_s, mtime_s))
        return path

    def seen(self, agent, outcomes=("done",)):
        """Stop the daemon and return all its access lines.

        Args:
            agent: what the User-Agent of each has to begin with.
            outcomes: how each may have ended.
        """
        assert self.daemon.stop() == 0
        lines = self.daemon.events("request")
        assert lines
        for line in lines:
            assert line["user_agent"].startswith(agent), line
            assert line["outcome"] in outcomes, line
        return lines


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A directory beneath the root that is copied by its listings.

    Attributes:
        path: where it lies; there is a file beside it that is not to be copied.
        url: its address.
        files: how many files are in it.
        directories: how many directories, itself among them.
    """

    path: Path
    url: str
    files: int
    directories: int

    def assert_equals(self, copy):
        """Compare with a copy: the same names, and the same bytes in each."""
        assert _contents(copy) == _contents(self.path)


def _contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture
def served(tmp_path):
    """An empty root, and a daemon that serves what is put there."""
    root = tmp_path / "root"
    root.mkdir()
    with running(root) as daemon, relayed(daemon.port) as port:
        yield Served(root, daemon, f"http://127.0.0.1:{port}")


@pytest.fixture
def mirrored(served):
    """A directory with a bit of everything, some levels deep, and a file beside it."""
    path = served.root / "tree"
    for name, content in _MIRRORED.items():
        served.put(f"tree/{name}", content)
    (path / "nothing here").mkdir()
    served.put("beside", b"not to be copied")
    directories = sum(each.is_dir() for each in path.rglob("*")) + 1
    return Mirrored(path, f"{served.url}/tree/", len(_MIRRORED), directories)


@pytest.fixture
def run(tmp_path):
    """Runs a program that knows nothing of this machine's proxies and settings, in a home of its
    own; fails, with all that it printed, unless it ends with `code`.
    """
    home = tmp_path / "home"
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"}

    def call(*arguments, code=0, cwd=home, **more):
        done = subprocess.run(
            list(map(str, arguments)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CLIENT_TIMEOUT_S,
            check=False,
            cwd=cwd,
            env=environment | more,
        )
        assert done.returncode == code, done
        return done

    return call
