"""The programs that people use, at their simplest; what some do with HTTP is in `clients/`."""

import subprocess

import pytest

from support.clients import program
from support.served_tree import DIGITS, LARGE

HTTP_ERROR = 22  # curl's CURLE_HTTP_RETURNED_ERROR


def run(*arguments, given=None):
    """Run a client; nothing that it prints is lost when it fails."""
    words = list(map(str, arguments))
    return subprocess.run(words, input=given, capture_output=True, timeout=60, check=False)


@pytest.fixture
def curl():
    path = program("curl", "curl")

    def call(*arguments, code=0):
        done = run(path, "--silent", "--show-error", "--max-time", 30, *arguments)
        assert done.returncode == code, done
        return done.stdout

    return call


@pytest.fixture
def wget():
    path = program("wget", "wget")

    def call(*arguments):
        done = run(path, "--no-verbose", "--tries=1", "--timeout=30", *arguments)
        assert done.returncode == 0, done

    return call


def test_curl_gets_files(daemon, curl):
    assert curl(f"{daemon.url}/digits") == DIGITS
    assert curl(f"{daemon.url}/large.bin") == LARGE
    assert curl("--http1.0", f"{daemon.url}/digits", f"{daemon.url}/empty") == DIGITS
    assert curl(f"http://[::1]:{daemon.port}/digits") == DIGITS


def test_curl_gets_many_files_over_one_connection(daemon, curl):
    counted = curl(*["--write-out", "%{num_connects}\n"], *[f"{daemon.url}/digits"] * 5)
    assert counted.split(DIGITS)[1:] == [b"1\n", b"0\n", b"0\n", b"0\n", b"0\n"]


def test_curl_gets_parts(daemon, curl):
    assert curl("--range", "2-4", f"{daemon.url}/digits") == DIGITS[2:5]
    assert curl("--range", "-3", f"{daemon.url}/digits") == DIGITS[-3:]


def test_curl_gets_no_file_again_that_it_has(daemon, curl, tmp_path):
    path, tag = tmp_path / "digits", tmp_path / "tag"
    code = ("--write-out", "%{http_code}")
    curl("--remote-time", "--output", path, "--etag-save", tag, f"{daemon.url}/digits")
    assert curl("--time-cond", path, *code, f"{daemon.url}/digits") == b"304"
    assert curl("--etag-compare", tag, *code, f"{daemon.url}/digits") == b"304"


def test_curl_follows_a_redirect(daemon, curl):
    assert curl("--location", f"{daemon.url}/indexed") == b"<p>the index</p>"


def test_curl_cannot_upload(daemon, curl, tmp_path):
    for size, status in ((10, b"405"), (65536, b"405"), (2_000_000, b"413"), (20_000_000, b"413")):
        path = tmp_path / "upload"
        path.write_bytes(bytes(size))
        told = curl(
            *("--upload-file", path, "--output", tmp_path / "answer"),
            *("--header", "Expect:", "--write-out", "%{http_code}"),
            f"{daemon.url}/upload",
        )
        assert told == status


def test_curl_waits_for_leave_to_upload_and_is_told_no(daemon, curl, tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(bytes(20_000_000))
    told = curl(
        *("--upload-file", path, "--output", tmp_path / "answer", "--expect100-timeout", 20),
        *("--header", "Expect: 100-continue", "--write-out", "%{http_code} %{size_upload}"),
        f"{daemon.url}/upload",
    )
    assert told == b"405 0"


def test_curl_gets_nothing_from_outside(daemon, curl):
    for path in ("../../etc/passwd", "..%2f..%2fetc/passwd", "dir/../../etc/passwd"):
        curl("--path-as-is", "--fail", f"{daemon.url}/{path}", code=HTTP_ERROR)


def test_curl_gets_files_by_tftp(daemon, curl):
    assert curl(f"tftp://127.0.0.1:{daemon.udp_port}/digits") == DIGITS


def test_wget_gets_files(daemon, wget, tmp_path):
    path = tmp_path / "large.bin"
    wget("--output-document", path, f"{daemon.url}/large.bin")
    assert path.read_bytes() == LARGE


def test_netcat_sends_a_name_and_gets_the_file(daemon):
    netcat = program("nc", "netcat-openbsd")
    for name in (b"digits", b"digits\n", b"HEAD"):
        done = run(netcat, "-N", "127.0.0.1", daemon.port, given=name)
        assert done.stdout == (DIGITS if name != b"HEAD" else b"ref: refs/heads/main\n")


def test_netcat_asks_about_a_file(daemon):
    netcat = program("nc", "netcat-openbsd")
    done = run(netcat, "-u", "-w1", "127.0.0.1", daemon.udp_port, given=b"digits")
    assert done.stdout.startswith(b"200 10 2023-11-14T22:13:20Z ")


def test_promtool_finds_nothing_wrong_with_a_scrape(daemon, curl):
    promtool = program("promtool", "prometheus")
    curl(f"{daemon.url}/digits", f"{daemon.url}/missing")
    scrape = curl(f"{daemon.metrics_url}/metrics")
    assert b"filed_requests_total" in scrape
    done = run(promtool, "check", "metrics", given=scrape)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
