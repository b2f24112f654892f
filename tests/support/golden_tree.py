"""The tree that the corpus of requests is about: small, and with the same times each time."""

import os
from pathlib import Path

from support.file_times import wait_until_settled

MTIME_S = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT; in an ETag 17979cfe362a0000

# "hello" in three codings, written down: what a library makes of it changes with its version.
_GZIP = bytes.fromhex("1f8b0800000000000203cb48cdc9c9070086a6103605000000")
_BROTLI = bytes.fromhex("0b028068656c6c6f03")
_ZSTANDARD = bytes.fromhex("28b52ffd200529000068656c6c6f")

_FILES = {
    # What requests are mostly for.
    b"digits": b"0123456789",
    b"empty": b"",
    b"lines.txt": b"".join(b"line %03d, 20 bytes.\n" % number for number in range(200)),
    b"dir/file": b"in a directory",
    # Names that are hard on somebody.
    b"HEAD": b"ref: refs/heads/main\n",
    b"with space": b"with a space",
    b"100%": b"a percent sign",
    b"%64igits": b"an escape that is a name",
    b"a..b": b"two dots",
    b"back\\slash": b"a backslash",
    b"plus+semi;colon:at@": b"no need of escapes",
    b"what?#": b"what ends a path",
    b'"<&>': b"what markup is made of",
    b"\xff\xfe": b"not UTF-8",
    "grüße".encode(): b"UTF-8",
    b".hidden": b"hidden",
    b".well-known/acme": b"a challenge",
    b".well-known/.hidden": b"hidden",
    b"dir/.hidden/file": b"hidden",
    # Times that say nothing, or something odd.
    b"at_epoch": b"0123456789",
    b"at_second_one": b"0123456789",
    b"before_1970": b"0123456789",
    b"from_the_future": b"0123456789",
    # Compressed beside.
    b"hello.txt": b"hello",
    b"hello.txt.zst": _ZSTANDARD,
    b"hello.txt.br": _BROTLI,
    b"hello.txt.gz": _GZIP,
    b"gzipped.txt": b"hello",
    b"gzipped.txt.gz": _GZIP,
    b"stale.txt": b"hello",
    b"stale.txt.gz": _GZIP,
    # Directories.
    b"indexed/index.html": b"<p>the index</p>\n",
    b"indexed/index.html.gz": _GZIP,
    b"index_is_dir/index.html/file": b"deeper",
    b"odd dir?#%/file": b"in an odd directory",
    b"evil.example/file": b"harmless",
    b"listed/alpha.txt": b"12345",
    b"listed/Beta.iso": b"1234567890",
    b"listed/gamma": b"",
    b"listed/a&b <c>.txt": b"1",
    b"listed/\xff.bin": b"12",
    b"listed/50%": b"123",
    b"listed/c:d": b"1234",
    b"listed/.hidden": b"hidden",
    b"listed/zoo/file": b"",
    b"listed/Aqua/file": b"",
    # Fields of the operator's, by the rules in RULES.
    b"download/plain.txt": b"plain",
    b"download/plain.txt.gz": _GZIP,
    "download/naïve €.txt".encode(): b"of RFC 8187",
    b'download/"quoted"\\.txt': b"quoted",
    b"download/100%41.txt": b"an escape",
    b"download/\xff.bin": b"not UTF-8",
    b"always/file": b"always",
    # Closed to the daemon, which runs as nobody.
    b"unreadable": b"nobody reads this",
    b"unlistable/file": b"nobody gets here",
}
_TIMES_S = {
    b"at_epoch": 0,
    b"at_second_one": 1,
    b"before_1970": -86_400,
    b"from_the_future": 4_102_444_800,  # 2100,
    b"stale.txt.gz": MTIME_S - 1,
    b"listed/alpha.txt": MTIME_S + 86_400,
    b"listed/Beta.iso": MTIME_S - 86_400,
    b"listed/gamma": 0,
    b"listed/zoo": MTIME_S + 3600,
}
_LINKS = {
    "link": "digits",
    "link_out": "../secret",
    "link_to_dir_out": "..",
    "link_to_itself": "link_to_itself",
    "listed/link": "../digits",
    "listed/link_out": "../../secret",
    "listed/link_up": "../dir",
}
_MANY = 1001  # one more than a page of a listing has

RULES = """[
  {"match": "/download/**", "set": {"Content-Disposition": "attachment", "Vary": "Origin"}},
  {"match": "/always/**", "set": {"Access-Control-Allow-Origin": "*"}, "always": true}
]"""


def make_tree(folder):
    """Make the tree, and a file beside it that none of its links may lead to.

    Args:
        folder: where; it is empty.

    Returns:
        The tree's root, a folder in there. As root, make workers somebody else: `unreadable` and
        `unlistable` are closed to all but their owner.
    """
    (folder / "secret").write_bytes(b"nobody is to see this\n")
    root = folder / "root"
    for name, content in _FILES.items():
        _write(root, name, content)
    for number in range(_MANY):
        _write(root, b"many/%04d" % number, b"")
    (root / "bare").mkdir()
    os.mkfifo(root / "fifo")
    for link, target in _LINKS.items():
        (root / link).symlink_to(target)
    (root / "link_absolute").symlink_to(root / "digits")
    _settle(root)
    for closed in ("unreadable", "unlistable"):
        (root / closed).chmod(0)
    wait_until_settled(*root.rglob("*.gz"))
    return root


def _write(root, name, content):
    path = Path(root, os.fsdecode(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _settle(root):
    """Open everything to all, and give it its time; directories last, which filling has changed."""
    for path in sorted(root.rglob("*"), reverse=True):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
            mtime_s = _TIMES_S.get(os.fsencode(path.relative_to(root)), MTIME_S)
            os.utime(path, (mtime_s, mtime_s))
    root.chmod(0o755)
