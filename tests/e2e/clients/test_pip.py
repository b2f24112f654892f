"""pip: wheels from an index of pages (PEP 503), and from one of directories."""

import hashlib
import os
import random
import sys
import zipfile

import pytest

WHEEL = "demo_wheel-1.0-py3-none-any.whl"
_PAGE = '<!DOCTYPE html><html><body><a href="../../files/{name}#sha256={digest}">{name}</a></body>'
_INFO = "demo_wheel-1.0.dist-info"
_METADATA = "Metadata-Version: 2.1\nName: demo-wheel\nVersion: 1.0\n"
_ABOUT_WHEEL = "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_DATA_BYTES = 3_000_000


@pytest.fixture
def pip(run, served):
    """Runs a command of pip's with no index but `simple/`."""

    def call(command, *arguments):
        return run(
            *(sys.executable, "-m", "pip", command, "--isolated", "--disable-pip-version-check"),
            *("--no-cache-dir", "--retries=0", "--index-url", f"{served.url}/simple/"),
            *arguments,
            PIP_CONFIG_FILE=os.devnull,
        )

    return call


@pytest.fixture
def wheel(tmp_path):
    """The bytes of a wheel, far larger than what describes it."""
    path = tmp_path / WHEEL
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("demo_wheel.bin", random.Random(7788).randbytes(_DATA_BYTES))
        archive.writestr(f"{_INFO}/METADATA", _METADATA)
        archive.writestr(f"{_INFO}/WHEEL", _ABOUT_WHEEL)
        archive.writestr(f"{_INFO}/RECORD", "")
    return path.read_bytes()


def test_a_wheel_is_fetched_by_the_page_of_an_index(served, pip, wheel, tmp_path):
    served.put(f"files/{WHEEL}", wheel)
    digest = hashlib.sha256(wheel).hexdigest()
    served.put("simple/demo-wheel/index.html", _PAGE.format(name=WHEEL, digest=digest).encode())
    pip("download", "--no-deps", "--dest", tmp_path / "copy", "Demo.Wheel==1.0")
    assert (tmp_path / "copy" / WHEEL).read_bytes() == wheel
    names = [line["name"] for line in served.seen("pip/")]
    assert sorted(names) == [f"/files/{WHEEL}", "/simple/demo-wheel/"]


def test_the_listing_of_a_directory_is_an_index_too(served, pip, wheel, tmp_path):
    served.put(f"simple/demo-wheel/{WHEEL}", wheel)
    pip("download", "--no-deps", "--dest", tmp_path / "copy", "demo-wheel")
    assert (tmp_path / "copy" / WHEEL).read_bytes() == wheel
    names = [line["name"] for line in served.seen("pip/")]
    assert sorted(names) == ["/simple/demo-wheel/", f"/simple/demo-wheel/{WHEEL}"]


def test_what_a_wheel_says_of_itself_is_read_by_ranges(served, pip, wheel, tmp_path):
    served.put(f"simple/demo-wheel/{WHEEL}", wheel)
    pip("download", "--use-feature=fast-deps", "--dest", tmp_path / "copy", "demo-wheel")
    assert (tmp_path / "copy" / WHEEL).read_bytes() == wheel
    parts = [line for line in served.seen("pip/") if line["status"] == 206]
    assert 0 < sum(line["sent"] for line in parts) < _DATA_BYTES / 10
