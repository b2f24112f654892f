"""What daemons under test serve, and what they run as."""

import os

import pytest

from support.served_tree import make_tree


@pytest.fixture(scope="session")
def as_nobody():
    """Options that make workers somebody with no power over files, whoever runs the tests."""
    return ("--security.user=nobody",) if os.geteuid() == 0 else ()


@pytest.fixture(scope="package")
def tree(tmp_path_factory):
    """A tree with one of everything."""
    return make_tree(tmp_path_factory.mktemp("served"))
