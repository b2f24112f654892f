import errno
import os
import socket
import stat
from contextlib import closing
from pathlib import Path

import pytest

from filed.files.errors import (
    BadName,
    Broken,
    Forbidden,
    IsDirectory,
    NotFound,
    Unavailable,
    from_os_error,
)
from filed.files.tree import Tree, Version
from support.containment import INSIDE, LEADING_OUT, STAYING_INSIDE, lay_links, make_place
from support.file_times import wait_for_next_tick

LINKED = [name.rstrip("/") for _, _, names in LEADING_OUT for name in names]
INSIDE_LINKS = [name for _, _, name in STAYING_INSIDE]


@pytest.fixture
def place(tmp_path):
    place = make_place(tmp_path)
    lay_links(place)
    return place


@pytest.fixture
def tree(place):
    with closing(Tree(place.root, "inside")) as tree:
        yield tree


@pytest.fixture
def tree_without_links(place):
    with closing(Tree(place.root, "never")) as tree:
        yield tree


@pytest.mark.parametrize("path", [b"inside.txt", b"dir/file.txt", b"dir/deep/file.txt"])
def test_a_file_is_opened_and_read(tree, path):
    file = tree.open_file(path)
    assert file.read() == INSIDE
    assert file.version.size_bytes == len(INSIDE)
    assert not file.is_directory


def test_the_root_is_a_directory(tree):
    assert tree.open(b"").is_directory
    assert stat.S_ISDIR(tree.stat(b"dir").st_mode)


@pytest.mark.parametrize("path", [b"", b"dir", b"dir/deep", b"dir_link", b"dot"])
def test_a_directory_is_no_file(tree, path):
    with pytest.raises(IsDirectory):
        tree.open_file(path)


@pytest.mark.parametrize("path", [b"missing", b"inside.txt/x", b"n" * 300, b"n/" * 3000 + b"n"])
def test_what_is_not_there_is_not_found(tree, path):
    for ask in (tree.open, tree.open_file, tree.stat):
        with pytest.raises(NotFound):
            ask(path)
    assert tree.current_version(path) is None


@pytest.mark.parametrize("path", LINKED)
def test_a_symlink_that_leads_outside_is_not_found(tree, place, path):
    name = path.format(base=place.base).encode()
    for ask in (tree.open, tree.open_file, tree.stat):
        with pytest.raises(NotFound):
            ask(name)
    assert tree.current_version(name) is None


@pytest.mark.parametrize("path", [b"..", b"../secret.txt", b"dir/../../secret.txt", b"/etc/passwd"])
def test_the_kernel_holds_a_path_beneath_the_root_by_itself(tree, path):
    with pytest.raises(NotFound):
        tree.open(path)


@pytest.mark.parametrize("path", INSIDE_LINKS)
def test_a_symlink_that_stays_inside_is_followed(tree, path):
    assert tree.open_file(path.encode()).read() == INSIDE


@pytest.mark.parametrize("path", INSIDE_LINKS + LINKED)
def test_no_symlink_is_followed_where_none_shall_be(tree_without_links, place, path):
    name = path.format(base=place.base).encode()
    for ask in (tree_without_links.open, tree_without_links.stat):
        with pytest.raises(NotFound):
            ask(name)
    assert tree_without_links.current_version(name) is None


@pytest.mark.parametrize("path", [b"self/root/etc/passwd", b"self/cwd", b"self/fd/0", b"self/exe"])
def test_no_magic_link_is_followed(path):
    """They lead anywhere, without a path that could be held beneath the root."""
    with closing(Tree(Path("/proc"), "inside")) as tree:
        assert stat.S_ISDIR(tree.stat(b"self").st_mode)
        with pytest.raises(NotFound):
            tree.open(path)


def test_a_root_may_be_named_by_a_symlink(place):
    link = place.base / "link"
    link.symlink_to(place.root)
    with closing(Tree(link, "never")) as tree:
        assert tree.open_file(b"inside.txt").read() == INSIDE


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFCHR])
def test_what_is_neither_file_nor_directory_is_not_found_and_hangs_nobody(tree, place, kind):
    if kind == stat.S_IFCHR and os.geteuid() != 0:
        pytest.skip("only root can make a device")
    os.mknod(place.root / "special", kind | 0o666, os.makedev(1, 5))
    for ask in (tree.open, tree.open_file):
        with pytest.raises(NotFound):
            ask(b"special")


def test_a_socket_that_somebody_listens_at_is_not_found(tree):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(f"/proc/self/fd/{tree.root_fd}/listening")  # a path is at most 108 bytes long
        sock.listen()
        with pytest.raises(NotFound):
            tree.open(b"listening")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_forbidden(tree, place):
    (place.root / "inside.txt").chmod(0)
    with pytest.raises(Forbidden):
        tree.open(b"inside.txt")
    assert tree.current_version(b"inside.txt") is not None


def test_a_nul_byte_is_a_bad_name_and_does_not_end_it(tree):
    with pytest.raises(BadName):
        tree.open(b"inside.txt\0.html")


def descriptors():
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_a_descriptor_is_closed_with_the_last_reference(tree):
    before = descriptors()
    file = tree.open_file(b"inside.txt")
    assert descriptors() - before
    del file
    assert descriptors() == before


def test_no_descriptor_is_inherited_or_blocks(tree):
    file = tree.open_file(b"inside.txt")
    assert not os.get_inheritable(file.fd)
    assert not os.get_inheritable(tree.root_fd)
    assert not os.get_blocking(file.fd)


def test_a_version_tells_any_change_of_a_file(tree, place):
    path = place.root / "inside.txt"
    versions = {tree.current_version(b"inside.txt")}
    for change in (
        lambda: path.write_bytes(INSIDE + b"x"),
        lambda: path.chmod(0o600),
        lambda: os.utime(path, (1, 1)),
        lambda: os.utime(path, (1, 1)),  # all that it sets is as before
        lambda: _replace(path),
    ):
        wait_for_next_tick(path)
        change()
        version = tree.current_version(b"inside.txt")
        assert version == tree.open_file(b"inside.txt").version == Version.of(path.stat())
        assert version not in versions
        versions.add(version)


def _replace(path):
    path.with_name("new").write_bytes(path.read_bytes())
    os.utime(path.with_name("new"), (1, 1))
    path.with_name("new").replace(path)


@pytest.mark.parametrize("size", [0, 5, 100])
def test_a_file_that_changes_its_length_while_it_is_read_is_not_served(tree, place, size):
    file = tree.open_file(b"inside.txt")
    os.truncate(place.root / "inside.txt", size)
    with pytest.raises(Unavailable):
        file.read()


def test_a_root_that_is_no_directory_is_refused(place):
    with pytest.raises(NotADirectoryError):
        Tree(place.root / "inside.txt", "inside")
    with pytest.raises(FileNotFoundError):
        Tree(place.root / "missing", "inside")


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOENT, NotFound),
        (errno.ELOOP, NotFound),
        (errno.EXDEV, NotFound),
        (errno.EACCES, Forbidden),
        (errno.EAGAIN, Unavailable),
        (errno.EMFILE, Unavailable),
        (errno.ESTALE, Unavailable),
        (errno.EIO, Broken),
        (errno.ENOSYS, Broken),
        (None, Broken),
    ],
)
def test_an_errno_says_what_it_means_for_a_name(number, kind):
    error = OSError(number, "words") if number else OSError("words")
    assert type(from_os_error(error)) is kind
    assert str(from_os_error(error)) == "words"
