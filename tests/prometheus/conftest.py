"""What is scraped here."""

import pytest

from support.load import make_tree


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("served"))
