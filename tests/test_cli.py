import os
import pty
import signal
import subprocess
import sys
import tomllib
from contextlib import contextmanager

import pytest

import filed
from filed.settings.options import OPTIONS

FILED = (sys.executable, "-m", "filed")


@pytest.fixture
def run(tmp_path):
    """Run a command away from any terminal, with nothing but the given environment."""

    def command(*words, **environ):
        return subprocess.run(
            [*FILED, *words],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={"FILED_CONFIG": "/dev/null"} | environ,
            timeout=60,
            check=False,
        )

    return command


@contextmanager
def terminal():
    ours, theirs = pty.openpty()
    try:
        yield theirs
    finally:
        os.close(ours)
        os.close(theirs)


def test_without_a_command_the_help_is_printed_and_it_is_a_usage_error(run):
    ran = run()
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("usage: filed COMMAND")


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["serve", "--help"], ["check", "-h"]])
def test_help_fits_a_terminal(run, words):
    ran = run(*words)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("usage: filed")
    assert max(map(len, ran.stdout.splitlines())) <= 80


@pytest.mark.parametrize("command", ["serve", "check"])
def test_every_option_is_in_the_help(run, command):
    words = run(command, "--help").stdout.split()
    assert {option.flag for option in OPTIONS.values()} <= set(words)


@pytest.mark.parametrize("words", [["--version"], ["version"]])
def test_version_is_one_line(run, words):
    ran = run(*words)
    assert (ran.returncode, ran.stdout) == (0, f"filed {filed.__version__}\n")


def test_version_tells_more_when_asked(run):
    lines = run("version", "-v").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "filed",
        "Python",
        "Linux",
        "openat2",
        "Landlock",
        "UDP_SEGMENT",
    ]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--http.listng", "false"], "unknown option --http.listng; did you mean --http.listing?"),
        (["--http.listng=false"], "unknown option --http.listng; did you mean --http.listing?"),
        (["--xyzzy\x1b"], "unknown option --xyzzy\\u001b"),
        (["--http.list", "false"], "unknown option --http.list; did you mean --http.listing?"),
        ([".", "--root", "."], "ROOT and --root are the same: give one of them"),
        ([".", "more"], "one argument too many: more"),
        (["--http.listing"], "argument --http.listing: expected one argument"),
    ],
)
def test_a_usage_error_is_told_and_exits_2(run, words, complaint):
    ran = run("check", *words)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"filed check: {complaint}\nTry: filed check --help\n"


def test_check_prints_every_setting_as_toml_with_where_it_came_from(run, tmp_path):
    file = tmp_path / "my.toml"
    file.write_text("[log]\naccess = false\n")
    ran = run(
        "check", "-c", "my.toml", "--http.listing=off", "--limits.rate", "7", ".", FILED_WORKERS="2"
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    settings = tomllib.loads(ran.stdout)
    assert settings["root"] == str(tmp_path)
    assert settings["workers"] == 2
    assert settings["http"]["listing"] is False
    assert settings["log"] == {"format": "auto", "level": "info", "access": False}
    comments = dict(line.split("  # ") for line in ran.stdout.splitlines() if "  # " in line)
    origins = {setting.strip(): origin for setting, origin in comments.items()}
    assert origins["workers = 2"] == "env FILED_WORKERS"
    assert origins["listing = false"] == "option --http.listing"
    assert origins["access = false"] == "my.toml:2"
    assert origins["backlog = 4096"] == "default"
    assert len(comments) >= len(OPTIONS) - 5  # enabled = true, four times over


def test_what_check_prints_is_a_configuration_that_comes_to_the_same(run, tmp_path):
    first = run("check", "--timeouts.idle", "1.5", "--metrics.listen", "off", ".").stdout
    (tmp_path / "again.toml").write_text(first)
    again = run("check", "--config", "again.toml").stdout
    assert tomllib.loads(again) == tomllib.loads(first)


def test_a_root_that_no_file_can_name_is_told_in_a_comment(run, tmp_path):
    root = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(root)  # noqa: PTH102 - pathlib takes no bytes
    ran = run("check", root)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f'#root is not UTF-8: "{tmp_path}/caf\\xe9"')
    assert "root" not in tomllib.loads(ran.stdout)


def test_check_can_be_quiet(run):
    ran = run("check", "-q", ".")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("words", [["check"], ["check", "-q"], ["serve"]])
def test_a_wrong_configuration_exits_78_with_a_line_for_each_fault(run, words):
    ran = run(*words, "--limits.rate", "-1", ".", FILED_WORKERS="0")
    assert (ran.returncode, ran.stdout) == (78, "")
    assert ran.stderr.splitlines() == [
        'env FILED_WORKERS: 0: expected a whole number from 1 to 255, or "auto"',
        "option --limits.rate: -1: expected a whole number of bytes a second from 0 to 2147483647",
    ]


@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_service_without_a_root_is_a_configuration_error(run, command):
    ran = run(command)
    assert ran.returncode == 78
    assert ran.stderr.startswith("root: not given: expected ROOT")


def test_on_a_terminal_the_current_directory_is_the_root(tmp_path):
    with terminal() as stderr:
        ran = subprocess.run(
            [*FILED, "check"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=tmp_path,
            env={"FILED_CONFIG": "/dev/null"},
            timeout=60,
            check=False,
        )
    assert ran.returncode == 0
    assert tomllib.loads(ran.stdout)["root"] == str(tmp_path)
    assert ran.stdout.splitlines()[0].endswith("  # current directory")


@pytest.mark.parametrize("words", [["check", "/"], ["check", "--help"], ["version", "-v"]])
def test_a_reader_that_leaves_early_brings_no_traceback(words):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = subprocess.run(
            [*FILED, *words], stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False
        )
    finally:
        os.close(writer)
    assert (ran.returncode, ran.stderr) == (128 + signal.SIGPIPE, b"")


def test_an_interrupt_ends_quietly_with_130(tmp_path):
    fifo = tmp_path / "config"
    os.mkfifo(fifo)
    process = subprocess.Popen([*FILED, "check", "-c", fifo], stderr=subprocess.PIPE)
    try:
        with fifo.open("wb"):  # opens once the command reads it, and waits for more
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, stderr) == (130, b"")
