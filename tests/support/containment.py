"""What containment is tested with: a tree with a secret beside it, and names that try to reach it.

`CLIMBING` holds percent-encoded spellings, as HTTP's targets have them. The bare protocols get
them both as they stand and decoded.
"""

import os
from dataclasses import dataclass
from itertools import product
from pathlib import Path

SECRET = b"the-secret-that-lies-outside-the-root"
# Its size and time would give it away as well.
SECRET_BYTES = 31_337
SECRET_MTIME_S = 1_234_567_890
SECRET_TRACES = (SECRET, b"31337", b"2009-02-13", b"13 Feb 2009", b"%x-" % (SECRET_MTIME_S * 10**9))

INSIDE = b"what lies inside\n"

# How one may try to spell "..", and the slash behind it, past somebody's check.
_PARENTS = (
    "..",
    "%2e%2e",  # encoded
    ".%2E",
    "%252e%252e",  # doubly
    "%25252e%25252e",
    "%c0%ae%c0%ae",  # overlong UTF-8, two bytes
    "%e0%80%ae%e0%80%ae",  # three
    "%f0%80%80%ae%f0%80%80%ae",  # four
    "%ef%bc%8e%ef%bc%8e",  # the full-width dot
    "..%00",
    "%00..",
    "..%20",
    "..;",
    "....",
    "...",
)
_SLASHES = (
    "/",
    "//",
    "/./",
    "%2f",
    "%252f",
    "\\",
    "%5c",
    "%255c",
    "%c0%af",
    "%e0%80%af",
    "%ef%bc%8f",
    "%e2%88%95",
)
_SPECIAL = (
    # Straight up, from everywhere.
    "/..",
    "/../",
    "/../..",
    "/../root/../secret.txt",
    "/../root/inside.txt/../../secret.txt",
    "/dir/../../secret.txt",
    "/dir/deep/../../../secret.txt",
    "/dir/./.././../secret.txt",
    "/./../secret.txt",
    "/.//..//secret.txt",
    "//..//secret.txt",
    "///../secret.txt",
    "/missing/../../secret.txt",
    "/inside.txt/../../secret.txt",
    "/..../..../secret.txt",
    "/....//....//secret.txt",
    "/...././secret.txt",
    "/.../secret.txt",
    "/..%01/secret.txt",
    "/..%ff/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/%2e./%2e./secret.txt",
    "/dir%2f..%2f..%2fsecret.txt",
    "/dir%2f%2e%2e%2f%2e%2e%2fsecret.txt",
    "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/" + "../" * 400 + "etc/passwd",
    "/dir/" + "../" * 400 + "etc/passwd",
    # As if the root of the file system were meant.
    "//etc/passwd",
    "/etc/passwd",
    "/%2fetc/passwd",
    "/%2Fetc%2Fpasswd",
    "/%00/etc/passwd",
    "/inside.txt%00/../../secret.txt",
    "/inside.txt%00.html",
    "/secret.txt%00",
    "/proc/self/root/etc/passwd",
    "/proc/self/cwd",
    "/dev/fd/0",
    "/file:///etc/passwd",
    "/~root/.profile",
    "/~/secret.txt",
    "/$HOME/secret.txt",
    "/`id`",
    # Windows' ways.
    "/C:/secret.txt",
    "/C:%5Csecret.txt",
    "/%5C%5Cserver%5Cshare",
    "/..%5csecret.txt",
    "/dir%5c..%5c..%5csecret.txt",
    "/..%5c..%5c..%5cetc%5cpasswd",
    "/dir/..%5c../secret.txt",
    # Wrong escapes, which are not to be mended.
    "/%",
    "/%2",
    "/%zz/secret.txt",
    "/%u002e%u002e/secret.txt",
    "/%2e%2",
    "/..%2",
    "/%%32%65%%32%65/secret.txt",
)

CLIMBING = tuple(
    dict.fromkeys(
        [f"/{parent}{slash}secret.txt" for parent, slash in product(_PARENTS, _SLASHES)]
        + [
            f"/dir/{parent}{slash}{parent}{slash}secret.txt"
            for parent in _PARENTS
            for slash in "/\\"
        ]
        + list(_SPECIAL)
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """A served tree and what lies around it."""

    base: Path
    root: Path


def make_place(base):
    """Lay a tree to serve, and the secret and a directory beside it."""
    root, outside = base / "root", base / "outside"
    (root / "dir" / "deep").mkdir(parents=True)
    (outside / "inner").mkdir(parents=True)
    for path in ("inside.txt", "dir/file.txt", "dir/deep/file.txt"):
        (root / path).write_bytes(INSIDE)
    for path in (base / "secret.txt", outside / "secret.txt", outside / "inner" / "secret.txt"):
        path.write_bytes(SECRET.ljust(SECRET_BYTES, b"."))
        os.utime(path, (SECRET_MTIME_S, SECRET_MTIME_S))
    return Place(base, root)


# A symlink in the root, what it points to (`{base}` and `{root}` are filled in), and names that
# lead through it to something outside, or to nothing.
LEADING_OUT = (
    ("to_file", "../secret.txt", ["to_file"]),
    ("to_file_absolute", "{base}/secret.txt", ["to_file_absolute"]),
    ("to_dir", "../outside", ["to_dir", "to_dir/", "to_dir/secret.txt", "to_dir/inner/secret.txt"]),
    ("to_dir_absolute", "{base}/outside", ["to_dir_absolute/secret.txt", "to_dir_absolute/"]),
    ("to_dir_slash", "../outside/", ["to_dir_slash/secret.txt"]),
    ("to_parent", "..", ["to_parent", "to_parent/", "to_parent/secret.txt"]),
    ("to_parent_of_dir", "dir/../..", ["to_parent_of_dir/secret.txt"]),
    ("to_top", "/", ["to_top/", "to_top/etc/passwd", "to_top{base}/secret.txt"]),
    ("to_root_by_parent", "../root", ["to_root_by_parent/", "to_root_by_parent/inside.txt"]),
    ("to_inside_by_parent", "../root/inside.txt", ["to_inside_by_parent"]),
    ("to_root_absolute", "{root}", ["to_root_absolute/", "to_root_absolute/inside.txt"]),
    ("to_inside_absolute", "{root}/inside.txt", ["to_inside_absolute"]),
    ("dir/middle", "../../outside", ["dir/middle/secret.txt", "dir/middle/inner/secret.txt"]),
    ("dir/deep/last", "../../../secret.txt", ["dir/deep/last"]),
    ("dir/deep/last_absolute", "{base}/secret.txt", ["dir/deep/last_absolute"]),
    ("chain_1", "chain_2", ["chain_1", "chain_1/secret.txt"]),
    ("chain_2", "dir/chain_3", ["chain_2/secret.txt"]),
    ("dir/chain_3", "../../outside", ["dir/chain_3/secret.txt"]),
    ("through", "to_dir/secret.txt", ["through"]),
    ("through_parent", "to_parent/secret.txt", ["through_parent"]),
    ("out_and_in", "../outside/../root/inside.txt", ["out_and_in"]),
    ("itself", "itself", ["itself", "itself/", "itself/inside.txt"]),
    ("loop_1", "loop_2", ["loop_1", "loop_1/inside.txt"]),
    ("loop_2", "loop_1", ["loop_2"]),
    ("dangling", "nothing/here", ["dangling", "dangling/"]),
    ("file_as_dir", "inside.txt/../../secret.txt", ["file_as_dir"]),
    ("magic_root", "/proc/self/root", ["magic_root/", "magic_root/etc/passwd"]),
    ("magic_cwd", "/proc/self/cwd", ["magic_cwd/", "magic_cwd/pyproject.toml"]),
    ("magic_fd", "/proc/self/fd/0", ["magic_fd"]),
    ("magic_fds", "/proc/self/fd", ["magic_fds/", "magic_fds/0", "magic_fds/1"]),
    ("proc", "/proc", ["proc/self/root/etc/passwd", "proc/version"]),
    ("stdin", "/dev/stdin", ["stdin"]),
)

# The same for symlinks that stay inside, with what each name leads to.
STAYING_INSIDE = (
    ("file_link", "inside.txt", "file_link"),
    ("dir_link", "dir", "dir_link/file.txt"),
    ("dir/up", "..", "dir/up/inside.txt"),
    ("dot", ".", "dot/dot/dot/inside.txt"),
    ("dir/deep/across", "../../dir/file.txt", "dir/deep/across"),
    ("chain_in_1", "chain_in_2", "chain_in_1/file.txt"),
    ("chain_in_2", "dir/deep/../deep", "chain_in_2/file.txt"),
)


def lay_links(place):
    """Make all the symlinks of both tables."""
    fill = {"base": place.base, "root": place.root}
    for link, target, _ in (*LEADING_OUT, *STAYING_INSIDE):
        (place.root / link).symlink_to(target.format_map(fill))


def assert_nothing_of_the_secret(data):
    for trace in SECRET_TRACES:
        assert trace not in data, data[:400]
    assert b"root:x:0:0" not in data
