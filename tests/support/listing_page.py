"""A listing in a browser: what somebody sees of it and does with it."""

import json
from itertools import count
from urllib.parse import urlsplit

from selenium.webdriver.common.by import By

from support.daemon import wait_until
from support.http_wire import get

_ENTRIES = "#entries tbody tr:not(.up):not([hidden]) a"
_numbers = count()


class ListingPage:
    """A page of a daemon's, open in a browser."""

    def __init__(self, browser, daemon):
        self._browser = browser
        self._daemon = daemon
        self._begin = self._mark()

    def open(self, target):
        """Go to a target, such as `/dir/?sort=size`."""
        self._browser.open(self._daemon.url + target)

    def reload(self):
        self._browser.driver.refresh()

    def back(self):
        self._browser.driver.back()

    @property
    def address(self):
        """Path and query of what stands in the address bar."""
        parts = urlsplit(self._browser.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def wait_for(self, address):
        """Wait until that stands in the address bar, and all of it is there."""
        ready = "return document.readyState === 'complete'"
        self._browser.wait(
            lambda: self.address == address and self._browser.evaluate(ready),
            f"{address} in the address bar",
        )

    # What it shows.

    @property
    def names(self):
        """The entries that are visible, as shown."""
        return self._browser.read(_ENTRIES, "element.textContent")

    @property
    def links(self):
        """Where they lead, as written."""
        return self._browser.read(_ENTRIES, "element.getAttribute('href')")

    @property
    def summary(self):
        return self._browser.one("#summary").text

    @property
    def heads(self):
        """The columns' directions and addresses."""
        directions = self._browser.read("th", "element.ariaSort")
        return list(zip(directions, self._browser.read("th a", "element.href"), strict=True))

    @property
    def box(self):
        """The filter."""
        return self._browser.one("input[type=search]")

    def link(self, text):
        """The link that reads so."""
        (found,) = self._browser.driver.find_elements(By.LINK_TEXT, text)
        return found

    # What the server says and sees.

    def links_of_the_server(self, address):
        """Where the entries lead that the server lists for an address."""
        answer = get(self._daemon.port, address, "Accept: application/json")
        return [entry["href"] for entry in json.loads(answer.body)["entries"]]

    def asked(self):
        """The targets that were asked for since the test began, in the order of their answers.

        This takes as long as the server, which has one worker, waits before it writes its log.
        """
        end = self._mark()
        named = wait_until(lambda: self._logged_until(end), "the log to tell of a mark")
        return named[named.index(self._begin) + 1 : -1]

    def _mark(self):
        """Ask for a name that is asked for but once, and return it."""
        name = f"/-mark-{next(_numbers)}"
        get(self._daemon.port, name)
        return name

    def _logged_until(self, name):
        named = [line["name"] for line in self._daemon.events("request")]
        return named if named[-1:] == [name] else None
