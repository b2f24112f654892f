"""apt: a repository of packages, seen and fetched by a system of its own."""

import gzip
import random
import re
from collections import Counter
from functools import partial

import pytest

from support.clients import program

AGENT = "Debian APT-HTTP/"
PACKAGES = [f"demo-{number}" for number in range(8)]

_CONTROL = """\
Package: {name}
Version: 1.0
Architecture: all
Maintainer: Nobody <nobody@example.org>
Description: a file of random bytes
"""
# Nothing of the machine's apt is read or written. The file takes effect before the machine's own
# settings would be read, so these are not.
_SETTINGS = """\
Dir "{apt}";
Dir::State "{apt}/state";
Dir::State::status "{apt}/status";
Dir::Cache "{apt}/cache";
Dir::Log "{apt}/log";
Dir::Etc "{apt}/etc";
Dir::Etc::sourcelist "{apt}/etc/sources.list";
Dir::Etc::sourceparts "{apt}/etc/none";
Dir::Etc::parts "{apt}/etc/none";
Dir::Etc::main "{apt}/etc/none.conf";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "0";
"""


@pytest.fixture
def repository(served, run, tmp_path):
    """Packages in `pool/`, their index plain and compressed, and a Release file, unsigned."""
    builder, archiver = program("dpkg-deb", "dpkg"), program("apt-ftparchive", "apt-utils")
    pool = served.root / "pool"
    pool.mkdir()
    for name in PACKAGES:
        run(builder, "--build", "--root-owner-group", "-Znone", unpacked(tmp_path, name), pool)
    index = run(archiver, "packages", "pool", cwd=served.root).stdout
    served.put("Packages", index)
    served.put("Packages.gz", gzip.compress(index))
    served.put("Release", run(archiver, "release", ".", cwd=served.root).stdout)
    return pool


def unpacked(folder, name):
    """Lay out a package for dpkg-deb."""
    root = folder / "packages" / name
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(_CONTROL.format(name=name))
    (root / "data").write_bytes(random.Random(name).randbytes(100_000))
    return root


@pytest.fixture
def apt_get(served, run, tmp_path):
    """A system that knows this repository only, and has no packages."""
    path, apt = program("apt-get", "apt"), tmp_path / "apt"
    for name in ("etc/none", "state/lists/partial", "cache/archives/partial", "log"):
        (apt / name).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "etc" / "sources.list").write_text(f"deb [trusted=yes] {served.url} ./\n")
    (apt / "settings").write_text(_SETTINGS.format(apt=apt))
    return partial(run, path, APT_CONFIG=str(apt / "settings"))


@pytest.fixture
def downloads(tmp_path):
    path = tmp_path / "downloads"
    path.mkdir()
    return path


def test_a_package_is_found_and_fetched(served, repository, apt_get, downloads):
    apt_get("update")
    apt_get("download", PACKAGES[0], cwd=downloads)
    assert_fetched(downloads, repository, PACKAGES[:1])
    names = [line["name"] for line in served.seen(AGENT) if line["status"] == 200]
    assert sorted(names) == ["/./Packages.gz", "/./Release", f"/pool/{PACKAGES[0]}_1.0_all.deb"]


def test_an_index_that_has_not_changed_is_not_fetched_again(served, repository, apt_get):
    assert repository.is_dir()
    apt_get("update")
    assert re.search("^Hit:.* Release$", apt_get("update").stdout.decode(), re.MULTILINE)
    answers = Counter((line["name"], line["status"]) for line in served.seen(AGENT))
    assert answers == {
        ("/./InRelease", 404): 2,
        ("/./Release", 200): 1,
        ("/./Release", 304): 1,
        ("/./Release.gpg", 404): 2,
        ("/./Packages.gz", 200): 1,
    }


def test_many_packages_come_over_one_connection_with_several_requests_under_way(
    served, repository, apt_get, downloads
):
    apt_get("update")
    shown = apt_get(
        *("--option", "Acquire::http::Pipeline-Depth=10"),
        *("--option", "Debug::Acquire::http=true", "download", *PACKAGES),
        cwd=downloads,
    )
    assert_fetched(downloads, repository, PACKAGES)
    assert most_under_way((shown.stdout + shown.stderr).decode().splitlines()) > 1
    ports = {line["port"] for line in served.seen(AGENT) if line["name"].endswith(".deb")}
    assert len(ports) == 1


def most_under_way(lines):
    """How many requests were sent at most that were not answered yet, by apt's own account."""
    under_way = most = 0
    for line in lines:
        under_way += line.startswith("GET ") - line.startswith("Answer for: ")
        most = max(most, under_way)
    return most


def assert_fetched(downloads, repository, packages):
    names = {f"{package}_1.0_all.deb" for package in packages}
    assert {path.name for path in downloads.iterdir()} == names
    for name in names:
        assert (downloads / name).read_bytes() == (repository / name).read_bytes()
