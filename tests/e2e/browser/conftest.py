"""A browser and a daemon for each file of tests; each lays out the tree that it looks at."""

import pytest

from support.browser import browsing
from support.daemon import running
from support.listing_page import ListingPage


@pytest.fixture(scope="module")
def chromium():
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """An empty directory to serve."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def options():
    """More options for the daemon."""
    return ()


@pytest.fixture(scope="module")
def daemon(tree, options):
    """A daemon that serves a file's `tree`; it has one worker, so its log has one order."""
    with running(tree, *options, workers=1) as daemon:
        yield daemon


@pytest.fixture
def browser(chromium):
    """The browser, as good as new; at the end nothing may have been complained of."""
    chromium.reset()
    yield chromium
    complaints = chromium.complaints()
    assert not complaints, complaints


@pytest.fixture
def page(browser, daemon):
    return ListingPage(browser, daemon)
