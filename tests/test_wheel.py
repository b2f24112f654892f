"""The wheel: what users install, on each Python that it promises to run on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from support.daemon import running

pytestmark = [pytest.mark.wheel, pytest.mark.timeout(600)]

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", folder, PROJECT]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    (path,) = folder.glob("*.whl")
    return path


def interpreter(version):
    """A Python of that version: on the PATH, or kept by pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    candidates = [shutil.which(f"python{version}")]
    candidates += sorted(pyenv.glob(f"{version}.*/bin/python{version}"))
    for candidate in filter(None, candidates):
        tried = subprocess.run([candidate, "-c", ""], check=False, stderr=subprocess.DEVNULL)
        if tried.returncode == 0:  # pyenv puts a stand-in on the PATH that may lead nowhere
            return candidate
    pytest.skip(f"there is no Python {version} here; install it to test the wheel on it")


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_wheel_installs_into_an_empty_environment_and_serves(wheel, version, tmp_path):
    environment = tmp_path / "environment"
    subprocess.run([interpreter(version), "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", wheel]
    subprocess.run(pip, check=True, cwd=tmp_path)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "hello.txt").write_text("hello\n")

    with running(tree, python=python) as daemon:
        with urlopen(f"{daemon.url}/hello.txt") as answer:
            assert answer.read() == b"hello\n"
        (build,) = (series for series in daemon.metrics() if "build_info" in series)
        assert f'python="{version}.' in build
