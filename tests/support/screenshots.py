"""The pictures in docs/: a listing of an example, as a browser shows it.

Run it as `make screenshots` does: `python -m support.screenshots FOLDER`.
"""

import os
import subprocess
import sys
import tempfile
from base64 import b64decode
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from support.browser import browsing
from support.clients import program
from support.daemon import running

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
SHOWN = "releases/4.2"
# Beneath `SHOWN`; a size in bytes, none of a directory, and the last modification in UTC.
EXAMPLE = (
    ("docs", None, "2026-03-12 09:41"),
    ("images", None, "2026-03-14 16:05"),
    ("packages", None, "2026-03-14 15:58"),
    ("CHANGELOG.md", 18_204, "2026-03-12 09:38"),
    ("SHA256SUMS", 1_126, "2026-03-14 16:11"),
    ("SHA256SUMS.asc", 833, "2026-03-14 16:12"),
    ("install.sh", 6_318, "2026-03-11 17:20"),
    ("netboot.tar.gz", 48_731_402, "2026-03-14 15:31"),
    ("orbit-4.2-amd64.iso", 1_937_768_448, "2026-03-14 15:44"),
    ("orbit-4.2-arm64.iso", 1_802_502_144, "2026-03-14 15:52"),
    ("orbit-4.2-py3-none-any.whl", 412_807, "2026-03-14 14:22"),
    ("orbit-4.2.tar.zst", 23_284_112, "2026-03-14 14:19"),
    ("orbit_4.2-1_amd64.deb", 9_655_320, "2026-03-14 14:27"),
    ("packages.sqlite", 31_850_496, "2026-03-14 15:58"),
    ("release-notes.pdf", 742_115, "2026-03-12 09:41"),
    ("screenshot.png", 331_906, "2026-03-10 11:07"),
    ("tour.webm", 64_920_551, "2026-03-10 18:33"),
    ("vmlinuz", 12_476_128, "2026-03-14 15:29"),
)


class Picture(NamedTuple):
    """A picture to make.

    Attributes:
        name: of the file, without its ending.
        width: of the window, in CSS pixels.
        height: of what is shown; None for the whole page.
        seen: how it is looked at, as for `Browser.look`.
    """

    name: str
    width: int
    height: int | None
    seen: dict[str, object]


SCALE = 2
PICTURES = (
    Picture("listing-light", 920, None, {"prefers_color_scheme": "light"}),
    Picture("listing-dark", 920, None, {"prefers_color_scheme": "dark"}),
    Picture("listing-narrow", 320, 664, {"prefers_color_scheme": "light", "touch": True}),
)


def lay_out(root):
    """Make the example in `root`. Its files hold zeros and take no space."""
    folder = root / SHOWN
    folder.mkdir(parents=True)
    for name, size_bytes, time in EXAMPLE:
        path = folder / name
        if size_bytes is None:
            path.mkdir()
        else:
            path.touch()
            os.truncate(path, size_bytes)
        moment_s = datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp()
        os.utime(path, (moment_s, moment_s))


@contextmanager
def served_example():
    """Serve the example; yield the address of what is shown of it."""
    with tempfile.TemporaryDirectory(prefix="filed-example-") as folder:
        Path(folder).chmod(0o755)
        lay_out(Path(folder))
        with running(folder) as daemon:
            yield f"{daemon.url}/{SHOWN}/"


def take(browser, picture, url):
    """Return a picture of a page as PNG."""
    browser.look(picture.width, scale=SCALE, **picture.seen)
    browser.open(url)
    (whole,) = browser.read(":root", "element.scrollHeight")
    shown = {"x": 0, "y": 0, "width": picture.width, "height": picture.height or whole, "scale": 1}
    taken = browser.cdp("Page.captureScreenshot", captureBeyondViewport=True, clip=shown)
    return b64decode(taken["data"])


def main(folder):
    """Write all pictures to a folder, as small as they get without a loss."""
    optimise = [program("optipng", "optipng"), "-quiet", "-o3"]
    with served_example() as url, browsing() as browser:
        for picture in PICTURES:
            path = Path(folder) / f"{picture.name}.png"
            path.write_bytes(take(browser, picture, url))
            subprocess.run([*optimise, path], check=True)


if __name__ == "__main__":
    main(sys.argv[1])
