import pytest

from support.configuration import Configuration
from support.daemon import running
from support.slow import make_tree


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = make_tree(tmp_path_factory.mktemp("root"))
    root.chmod(0o755)  # for another user
    return root


@pytest.fixture
def config(root, tmp_path):
    """A configuration file; calling it writes it anew with other settings."""
    return Configuration(tmp_path / "filed.toml", root)


@pytest.fixture
def daemon(root, config):
    with running(root, config=config.path) as daemon:
        yield daemon
