"""A tree with one of everything that a server may meet."""

import os
import random
import stat
from dataclasses import dataclass
from pathlib import Path

DIGITS = b"0123456789"
# Larger than a socket's buffers: it takes more than one turn to send.
LARGE = random.Random(7788).randbytes(6 * 1024 * 1024 + 1)
# Small enough to be kept in memory, large enough to be sent in parts.
MEDIUM = LARGE[:50_000]
MTIME_S = 1_700_000_000
LAST_MODIFIED = "Tue, 14 Nov 2023 22:13:20 GMT"
ETAG = f'"{MTIME_S * 10**9:x}-{len(DIGITS):x}"'

_FILES = {
    b"digits": DIGITS,
    b"empty": b"",
    b"large.bin": LARGE,
    b"medium.bin": MEDIUM,
    b"a b&c.txt": b"odd name",
    b"\xff\xfe.bin": b"not UTF-8",
    "grüße.txt".encode(): b"UTF-8",
    b"back\\slash": b"a backslash",
    b"HEAD": b"ref: refs/heads/main\n",
    b"GET": b"got\n",
    b"Grub.cfg": b"set timeout=1\n",
    b".hidden": b"hidden",
    b".well-known/acme": b"challenge",
    b".well-known/.hidden": b"hidden",
    b"dir/.hidden/file": b"hidden",
    b"dir/file": b"in a directory",
    b"indexed/index.html": b"<p>the index</p>",
    b"indexed/other.html": b"<p>another</p>",
    b"index_is_dir/index.html/file": b"deeper",
    b"index_is_dir/start.html": b"the second index",
}
# Regular files that are neither epoch nor second 1, and one of each.
_TIMES = {b"at_epoch": 0, b"at_second_one": 1}


@dataclass(frozen=True, slots=True)
class Special:
    """Something in a directory that is no file: its name, and what mknod(2) is to make."""

    name: str
    kind: int
    root_only: bool = False


SPECIAL = (
    Special("fifo", stat.S_IFIFO),
    Special("socket", stat.S_IFSOCK),
    Special("device", stat.S_IFCHR, root_only=True),
)


def make_tree(root):
    """Fill a directory; only the owner of `unreadable` could read it."""
    root.chmod(0o755)
    for name, content in _FILES.items():
        _write(root, name, content, MTIME_S)
    for name, mtime_s in _TIMES.items():
        _write(root, name, DIGITS, mtime_s)
    for special in SPECIAL:
        if os.geteuid() == 0 or not special.root_only:
            os.mknod(root / special.name, special.kind | 0o666, os.makedev(1, 5))  # zeros
    _write(root, b"unreadable", b"nobody reads this", MTIME_S)
    (root / "unreadable").chmod(0)
    (root / "unlistable").mkdir(0o700)
    _write(root, b"unlistable/file", b"nobody gets here", MTIME_S)
    (root / "unlistable").chmod(0)
    return root


def _write(root, name, content, mtime_s):
    path = Path(root, os.fsdecode(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (mtime_s, mtime_s))
