"""A real browser: Chromium without a window, which tells what its console and its policies say."""

import os
import re
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import ChromeOptions, Remote
from selenium.webdriver.chrome.remote_connection import ChromeRemoteConnection
from selenium.webdriver.common.by import By
from selenium.webdriver.common.proxy import Proxy
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.support.ui import WebDriverWait

from support.clients import program
from support.daemon import end, title, wait_until

WAIT_S = 10.0
# Bounds a command that is not answered, not one that is slow.
_COMMAND_S = 60
_WIDTH, _HEIGHT = 1024, 768
_BLANK = "about:blank"
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # root cannot have one, and what is opened here is our own
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have little of it
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    # Nothing beyond this machine.
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
)


class Browser:
    """A browser with one page open.

    Attributes:
        driver: selenium's, for what is not here.
    """

    def __init__(self, driver):
        self.driver = driver

    def cdp(self, command, **parameters):
        """Give a command of the Chrome DevTools Protocol; return what it answers."""
        asked = {"cmd": command, "params": parameters}
        return self.driver.execute("executeCdpCommand", asked)["value"]

    def reset(self):
        """Make it as it was at the start: nothing open, nothing emulated, nothing complained of."""
        self.look()
        self.scripts(on=True)
        self.driver.get(_BLANK)
        self.cdp("Page.resetNavigationHistory")
        self.complaints()

    def look(self, width=_WIDTH, height=_HEIGHT, *, scale=1, touch=False, media="", **features):
        """Set what the page is looked at with.

        Args:
            width: of the window, in CSS pixels.
            height: the same.
            scale: device pixels to one of CSS.
            touch: it is pointed at with a finger.
            media: "print", or empty for a screen.
            features: such as `prefers_color_scheme="dark"`.
        """
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self.cdp("Emulation.setDeviceMetricsOverride", **size)
        self.cdp("Emulation.setTouchEmulationEnabled", enabled=touch)
        wanted = {"prefers_color_scheme": "light"} | features
        listed = [{"name": n.replace("_", "-"), "value": value} for n, value in wanted.items()]
        self.cdp("Emulation.setEmulatedMedia", media=media, features=listed)

    def scripts(self, *, on):
        """Let pages that are opened from now on run scripts, or not."""
        self.cdp("Emulation.setScriptExecutionDisabled", value=not on)

    def open(self, url):
        self.driver.get(url)

    @property
    def url(self):
        return self.driver.current_url

    def evaluate(self, script, *arguments):
        """Run the body of a function in the page; return what that returns."""
        return self.driver.execute_script(script, *arguments)

    def read(self, selector, what):
        """Return what an expression says for each element that matches, as `element.href` would."""
        script = "return [...document.querySelectorAll(arguments[0])].map(element => %s)"
        return self.evaluate(script % what, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        (found,) = self.all(selector)
        return found

    @property
    def focused(self):
        return self.driver.switch_to.active_element

    def press(self, *keys):
        """Press keys one after the other, wherever the focus is then."""
        for key in keys:
            self.focused.send_keys(key)

    def wait(self, condition, what):
        """Return what `condition` returns once that is true."""
        return WebDriverWait(self.driver, WAIT_S, poll_frequency=0.02).until(
            lambda _: condition(), f"waited {WAIT_S} s in vain for {what}"
        )

    def complaints(self):
        """Take what the console was told since the last time: errors and violated policies too."""
        told = self.driver.execute("getLog", {"type": "browser"})["value"]
        return [f"{each['level']} {each['source']}: {each['message']}" for each in told]


@contextmanager
def browsing():
    """Have a browser until the block ends, with a profile of its own that goes with it."""
    chromium, driver = program("chromium", "chromium"), program("chromedriver", "chromium-driver")
    with tempfile.TemporaryDirectory(prefix="filed-browser-") as home:
        process = _start(driver, Path(home))
        try:
            browser = Browser(_connect(process, chromium, Path(home)))
            try:
                yield browser
            finally:
                browser.driver.quit()
        finally:
            process.stdout.close()
            end(process)
            wait_until(lambda: not _naming(home), "what the browser has started to end")


def _naming(folder):
    """The processes that have a folder in their command line, of whatever session."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if pid != os.getpid() and folder in title(pid)]


def _start(driver, home):
    environment = {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home, "LC_ALL": "C.UTF-8"}
    return subprocess.Popen(
        [driver, "--port=0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        start_new_session=True,
    )


def _port(process):
    for line in process.stdout:
        if found := re.search(r" on port ([1-9][0-9]*)", line):
            return found[1]
    raise AssertionError("chromedriver has ended without saying on which port it listens")


def _connect(process, chromium, home):
    url = f"http://127.0.0.1:{_port(process)}"
    direct = Proxy({"proxyType": "direct"})
    connection = ChromeRemoteConnection(
        url, client_config=ClientConfig(url, proxy=direct, timeout=_COMMAND_S)
    )
    options = ChromeOptions()
    options.binary_location = chromium
    for argument in (*_ARGUMENTS, f"--user-data-dir={home / 'profile'}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return Remote(connection, options=options)
