"""The package as it is installed: wheels of two versions, and an environment to put them into.

Both are built from this very checkout; the second says that it is another version and declares
other metrics in another order, so that its table has another layout.
"""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from filed import __version__

PROJECT = Path(__file__).parents[2]

_PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
OTHER_VERSION = "99.0"
# What the other version has in place of what is written here.
_CHANGES = {
    "__init__.py": {f'"{__version__}"': f'"{OTHER_VERSION}"'},
    "metrics/catalogue.py": {
        # The series in another order,
        'PROTOCOLS: Final = ("http", "plain", "query", "tftp")': (
            'PROTOCOLS: Final = ("tftp", "query", "plain", "http")'
        ),
        # a bucket more,
        "*(0.01, 0.05),\n": "*(0.01, 0.02, 0.05),\n",
        # and a metric more, in the middle.
        "CONNECTIONS: Final = ": (
            'LAYOUT.counter("novelties_total", "What only this version counts.")\n'
            "CONNECTIONS: Final = "
        ),
    },
}


def build_wheel(folder, name, changes=None):
    """Build a wheel from a copy of this checkout; return its path."""
    copy = folder / name
    shutil.copytree(
        PROJECT / "daemon", copy / "daemon", ignore=shutil.ignore_patterns("__pycache__")
    )
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / file, copy)
    for path, replacements in (changes or {}).items():
        _replace(copy / "daemon" / "filed" / path, replacements)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", copy / "dist"]
    subprocess.run([*build, copy], check=True, stdout=subprocess.DEVNULL)
    (wheel,) = (copy / "dist").glob("*.whl")
    return wheel


def _replace(path, replacements):
    text = path.read_text()
    for old, new in replacements.items():
        assert text.count(old) == 1, f"{path.name} has changed: {old!r}"
        text = text.replace(old, new)
    path.write_text(text)


def build_two_versions(folder):
    """Build the wheel of this version and of another one with another layout of the table."""
    return build_wheel(folder, "this"), build_wheel(folder, "other", _CHANGES)


class Installed:
    """An environment with a version of the package.

    Attributes:
        python: its interpreter.
    """

    def __init__(self, folder, wheel):
        """Make one in a folder that is to be its own. It borrows all but the package from ours."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        self.python = folder / "bin" / "python"
        version = f"python{sysconfig.get_python_version()}"
        self._site_packages = folder / "lib" / version / "site-packages"
        # Of a directory that is named so, no `.pth` is read in turn: our own package is not there.
        (self._site_packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
        self.install(wheel)

    def install(self, wheel):
        """Put a version in place of the one that is there, with pip."""
        options = ("--no-deps", "--no-index", "--force-reinstall")
        subprocess.run([*_PIP, "--python", self.python, "install", *options, wheel], check=True)

    def module(self, path):
        """Where a file of the package is."""
        return self._site_packages / "filed" / path
