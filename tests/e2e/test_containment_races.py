"""Nothing outside the root can be had while the tree is changed under the requests' feet."""

import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from support.clients import ask, exchange
from support.containment import INSIDE, assert_nothing_of_the_secret, make_place
from support.daemon import running
from support.http_wire import HttpClient, request

BATCHES = 20
REQUESTS_A_BATCH = 100
# A file that is not small is cached at once, however lately it has changed.
KEEPING = ("--files.small_file_bytes=0", "--workers=1")


@pytest.fixture
def place(tmp_path):
    return make_place(tmp_path)


def _exchange_with_link(place, name, target):
    """Let a symlink to the outside and what it stands in for take turns at one name."""
    path, link, real = place.root / name, place.base / "link", place.base / "real"
    link.symlink_to(target)
    while True:
        path.rename(real)
        link.rename(path)
        yield
        path.rename(link)
        real.rename(path)
        yield


def _replace_links(place, name, target):
    """Put a symlink to the inside and one to the outside at one name, each by one rename."""
    path, new = place.root / name, place.base / "new"
    path.rename(place.root / "real")
    while True:
        for leads_to in (target, "real"):
            new.symlink_to(leads_to)
            new.rename(path)
            yield


def _move_directory_out(place, name, target):
    """Move a directory out of the root and back, and hold its place by a symlink to it."""
    del target
    path, moved = place.root / name, place.base / "moved"
    while True:
        path.rename(moved)
        path.symlink_to("../" * (name.count("/") + 1) + moved.name)
        yield
        path.unlink()
        moved.rename(path)
        yield


@contextmanager
def swapping(steps):
    """Take one step after the other in a thread, until the block ends."""
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            next(steps)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@dataclass(frozen=True)
class Swap:
    """How a name is swapped, and what is asked for meanwhile.

    Attributes:
        steps: makes the steps, each a state of the tree.
        name: what is swapped.
        target: what its symlink points to.
        asked: names that lead through it: to a file inside, and to one outside.
    """

    steps: Callable
    name: str
    target: str
    asked: tuple[str, str]


SWAPS = [
    Swap(_exchange_with_link, "dir", "../outside", ("dir/file.txt", "dir/secret.txt")),
    Swap(_exchange_with_link, "dir", "..", ("dir/file.txt", "dir/secret.txt")),
    Swap(
        _exchange_with_link,
        "dir/deep",
        "../../outside",
        ("dir/deep/file.txt", "dir/deep/secret.txt"),
    ),
    Swap(_exchange_with_link, "inside.txt", "../secret.txt", ("inside.txt", "dir/../inside.txt")),
    Swap(_replace_links, "dir", "../outside", ("dir/file.txt", "dir/secret.txt")),
    Swap(_replace_links, "dir", "/", ("dir/file.txt", "dir/etc/passwd")),
    Swap(_replace_links, "inside.txt", "../secret.txt", ("inside.txt", "dir/../inside.txt")),
    Swap(_move_directory_out, "dir", "", ("dir/file.txt", "dir/deep/file.txt")),
]


@pytest.mark.parametrize("swap", SWAPS, ids=lambda swap: f"{swap.steps.__name__} {swap.name}")
def test_a_symlink_swapped_while_requests_run_lets_nothing_out(place, swap):
    statuses = set()
    with running(place.root, "--limits.udp_rate=1000000") as daemon:
        steps = swap.steps(place, swap.name, swap.target)
        with swapping(steps), HttpClient(daemon.port) as client:
            for _ in range(BATCHES):
                statuses |= _ask_over_http(client, swap.asked)
                _ask_over_the_bare_protocols(daemon, swap.asked)
        assert not daemon.events("connection_failed")
    assert {200, 404} <= statuses  # both were met: there was a race to lose


def _ask_over_the_bare_protocols(daemon, names):
    for name in map(str.encode, names):
        assert exchange(daemon.port, name, half_close=True) in (b"", INSIDE)
        assert_nothing_of_the_secret(ask(daemon.udp_port, name))


def _ask_over_http(client, names):
    """Ask for both names in turn; return the statuses of the first, which comes and goes."""
    client.send(b"".join(request("/" + name) for name in names) * (REQUESTS_A_BATCH // 2))
    found = [client.answer() for _ in range(REQUESTS_A_BATCH)]
    for answer in found:
        assert_nothing_of_the_secret(answer.body)
        # 403 where a directory is moved out after its name was resolved: Landlock sees it there.
        assert answer.status in (200, 403, 404, 503)
        assert answer.status != 200 or answer.body == INSIDE
    return {answer.status for answer in found[::2]}


def test_a_directory_moved_outside_is_gone_though_a_symlink_leads_there(place):
    """Its files are the same ones as before, and cached."""
    with running(place.root, *KEEPING) as daemon, HttpClient(daemon.port) as client:
        assert client.get("/dir/file.txt").status == 200
        steps = _move_directory_out(place, "dir", "")
        next(steps)
        assert client.get("/dir/file.txt").status == 404
        assert ask(daemon.udp_port, b"dir/file.txt") == b"404 not found\n"
        next(steps)
        assert client.get("/dir/file.txt").body == INSIDE


def test_a_directory_replaced_by_a_symlink_is_gone_where_none_is_followed(place):
    never = ("--files.symlinks=never", *KEEPING)
    with running(place.root, *never) as daemon, HttpClient(daemon.port) as client:
        assert client.get("/dir/file.txt").status == 200
        (place.root / "dir").rename(place.root / "renamed")
        (place.root / "dir").symlink_to("renamed")
        assert client.get("/dir/file.txt").status == 404
        assert client.get("/renamed/file.txt").status == 200


def test_a_root_replaced_by_a_symlink_is_still_the_one_that_was_opened(place):
    with running(place.root) as daemon, HttpClient(daemon.port) as client:
        place.root.rename(place.base / "moved")
        place.root.symlink_to("outside")
        assert client.get("/secret.txt").status == 404
        assert client.get("/inside.txt").body == INSIDE
