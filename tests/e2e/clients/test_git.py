"""git: a bare repository as a tree of files, by what its documentation calls the dumb protocol."""

import os
import random
from functools import partial

import pytest

from support.clients import program

SETTINGS = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Nobody",
    "GIT_AUTHOR_EMAIL": "nobody@example.org",
    "GIT_COMMITTER_NAME": "Nobody",
    "GIT_COMMITTER_EMAIL": "nobody@example.org",
}
FIRST = {"README": b"the first\n", "deep/er/file": b"the same\n"}
SECOND = FIRST | {"README": b"the second\n", "data": random.Random(7788).randbytes(500_000)}


@pytest.fixture
def git(run):
    return partial(run, program("git", "git"), **SETTINGS)


@pytest.fixture
def work(git, tmp_path):
    """A repository in which somebody works."""
    path = tmp_path / "work"
    git("init", "--quiet", "--initial-branch=main", path)
    return path


@pytest.fixture
def publish(served, git, work):
    """Commits files to the work and brings them to `demo.git`, packed if that is wanted; returns
    the commits there are by then.
    """
    bare = served.root / "demo.git"
    git("init", "--quiet", "--bare", "--initial-branch=main", bare)

    def call(files, *, packed=False):
        for name, content in files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(content)
        git("-C", work, "add", ".")
        git("-C", work, "commit", "--quiet", "--message", "Change what has changed")
        git("-C", work, "push", "--quiet", bare, "main")
        if packed:
            git("-C", bare, "gc", "--quiet")
        git("-C", bare, "update-server-info")
        return log(git, work)

    return call


@pytest.mark.parametrize("packed", [False, True], ids=["loose objects", "a pack"])
def test_a_repository_is_cloned(served, git, publish, tmp_path, packed):
    copy = tmp_path / "copy"
    publish(FIRST)
    commits = publish(SECOND, packed=packed)
    git("clone", "--quiet", f"{served.url}/demo.git", copy)
    assert {name: (copy / name).read_bytes() for name in SECOND} == SECOND
    assert log(git, copy) == commits
    git("-C", copy, "fsck", "--strict")
    names = [line["name"] for line in served.seen("git/") if line["status"] == 200]
    assert any(name.endswith(".pack") for name in names) == packed


@pytest.mark.parametrize("packed", [False, True], ids=["loose objects", "a pack"])
def test_commits_that_came_later_are_fetched(served, git, publish, tmp_path, packed):
    copy = tmp_path / "copy"
    publish(FIRST)
    git("clone", "--quiet", f"{served.url}/demo.git", copy)
    commits = publish(SECOND, packed=packed)
    git("-C", copy, "fetch", "--quiet")
    assert log(git, copy, "origin/main") == commits
    assert git("-C", copy, "show", "origin/main:data").stdout == SECOND["data"]
    git("-C", copy, "fsck", "--strict")
    served.seen("git/")


def log(git, repository, branch="main"):
    return git("-C", repository, "log", "--format=%H", branch).stdout.split()
