"""What daemons under test run as."""

import os

import pytest

from support.daemon import running
from support.served_tree import make_tree


@pytest.fixture(scope="session")
def as_nobody():
    """Options that make workers somebody with no power over files, whoever runs the tests."""
    return ("--security.user=nobody",) if os.geteuid() == 0 else ()


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A tree with one of everything."""
    return make_tree(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def daemon(tree, as_nobody):
    """A daemon that serves it with default settings."""
    with running(tree, "--limits.udp_rate=1000000", *as_nobody) as daemon:
        yield daemon
