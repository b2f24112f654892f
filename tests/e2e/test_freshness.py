"""A changed file is never served stale, however quickly one version follows the other."""

import os

import pytest

from support.clients import ask, exchange
from support.daemon import running, wait_until
from support.file_times import wait_for_next_tick
from support.http_wire import HttpClient
from support.served_tree import MTIME_S

VERSIONS = 300


def _rewrite(path, content):
    path.write_bytes(content)


def _rewrite_at_one_time(path, content):
    """The same size and the same mtime: only ctime tells."""
    path.write_bytes(content)
    os.utime(path, (MTIME_S, MTIME_S))


def _replace(path, content):
    new = path.with_name("new")
    new.write_bytes(content)
    new.replace(path)


def _replace_at_one_time(path, content):
    new = path.with_name("new")
    new.write_bytes(content)
    os.utime(new, (MTIME_S, MTIME_S))
    new.replace(path)


def _delete_and_create(path, content):
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def _write_in_place(path, content):
    with path.open("r+b") as file:
        file.write(content)


def _truncate_and_append(path, content):
    os.truncate(path, 0)
    with path.open("ab") as file:
        file.write(content)


def _swap_symlink(path, content):
    target = path.with_name(f"target-{content[:8].decode()}")
    target.write_bytes(content)
    link = path.with_name("new")
    link.symlink_to(target.name)
    link.replace(path)


CHANGES = [
    _rewrite,
    _rewrite_at_one_time,
    _replace,
    _replace_at_one_time,
    _delete_and_create,
    _write_in_place,
    _truncate_and_append,
    _swap_symlink,
]
# Small files are kept in memory, large ones open.
SIZES = {"small": 100, "large": 200_000}


@pytest.fixture(scope="module")
def served(tmp_path_factory, as_nobody):
    """A directory, and a daemon whose one worker serves it: its cache sees every request."""
    root = tmp_path_factory.mktemp("changing")
    root.chmod(0o755)
    with running(root, "--limits.udp_rate=1000000", *as_nobody, workers=1) as daemon:
        yield root, daemon


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_every_version_is_served_as_it_is(served, change, size):
    root, daemon = served
    path = root / "file"
    path.unlink(missing_ok=True)
    path.touch()
    with HttpClient(daemon.port) as client:
        for number in range(VERSIONS):
            content = b"%08d" % number * (size // 8)
            change(path, content)
            for _ in range(2):
                answer = client.get("/file")
                assert (answer.status, answer.body) == (200, content)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_file_that_the_cache_keeps_is_not_served_from_it_once_it_has_changed(
    tmp_path, as_nobody, size
):
    tmp_path.chmod(0o755)
    path = tmp_path / "kept"
    path.write_bytes(b"a" * size)
    with running(tmp_path, *as_nobody, workers=1) as daemon, HttpClient(daemon.port) as client:
        # A small one only after two seconds, since nobody can set its ctime back.
        wait_until(lambda: client.get("/kept").body and _hits(daemon), "the cache to have it")
        for number in range(5):
            content = b"%d" % number * size
            _rewrite_at_one_time(path, content)
            assert client.get("/kept").body == content


def _hits(daemon):
    return daemon.metrics()["filed_cache_hits_total"]


def test_the_bare_protocols_see_every_version_too(served):
    root, daemon = served
    for number in range(VERSIONS):
        content = b"v" * number
        (root / "growing").write_bytes(content)
        assert exchange(daemon.port, b"growing\n") == content
        assert ask(daemon.udp_port, b"growing").startswith(b"200 %d " % number)


def test_a_condition_is_decided_on_the_version_that_is_there(served):
    root, daemon = served
    path = root / "conditional"
    with HttpClient(daemon.port) as client:
        for number in range(VERSIONS):
            path.write_bytes(b"v" * number)
            tag = client.get("/conditional")["ETag"]
            assert client.get("/conditional", f"If-None-Match: {tag}").status == 304
            path.write_bytes(b"v" * (number + 1))
            assert client.get("/conditional", f"If-None-Match: {tag}").status == 200


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_file_that_comes_and_goes_is_there_or_not(served, size):
    root, daemon = served
    path = root / "fleeting"
    with HttpClient(daemon.port) as client:
        for _ in range(VERSIONS):
            path.write_bytes(b"x" * size)
            assert client.get("/fleeting").status == 200
            path.unlink()
            assert client.get("/fleeting").status == 404


def test_a_file_that_becomes_a_directory_is_one(served):
    root, daemon = served
    path = root / "either"
    with HttpClient(daemon.port) as client:
        for _ in range(VERSIONS):
            path.write_bytes(b"x")
            assert client.get("/either").status == 200
            path.unlink()
            path.mkdir()
            assert client.get("/either").status == 301
            path.rmdir()


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_permission_that_is_taken_away_holds_from_the_next_request_on(served, size):
    root, daemon = served
    path = root / f"guarded-{size}"
    path.write_bytes(b"x" * size)
    with HttpClient(daemon.port) as client:
        for _ in range(30):
            for mode, status in ((0o644, 200), (0, 403)):
                wait_for_next_tick(path)
                path.chmod(mode)
                assert client.get(f"/{path.name}").status == status


def test_a_directory_that_is_closed_to_the_daemon_hides_its_cached_files(served):
    root, daemon = served
    directory = root / "closing"
    directory.mkdir()
    (directory / "file").write_bytes(b"x" * 200_000)
    with HttpClient(daemon.port) as client:
        for _ in range(VERSIONS):
            directory.chmod(0o755)
            assert client.get("/closing/file").status == 200
            directory.chmod(0)
            assert client.get("/closing/file").status == 403
    directory.chmod(0o755)


def test_a_listing_shows_what_is_there_now(served):
    root, daemon = served
    directory = root / "listed"
    directory.mkdir()
    with HttpClient(daemon.port) as client:
        for number in range(50):
            (directory / f"file-{number}").touch()
            page = client.get("/listed/").body
            assert page.count(b'href="./file-') == number + 1
