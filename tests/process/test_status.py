"""The sentence that `systemctl status` shows, and how a program's end is put into words."""

import errno
import os

import pytest

from filed.process.status import rate
from filed.process.words import cause_of_death, last_words, why_not

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@pytest.mark.parametrize(
    ("bytes_a_second", "written"),
    [
        (0, "0 B/s"),
        (1.4, "1 B/s"),
        (1023, "1023 B/s"),
        (KIB, "1.0 KiB/s"),
        (9.94 * KIB, "9.9 KiB/s"),
        (10 * KIB, "10 KiB/s"),
        (3.4 * MIB, "3.4 MiB/s"),
        (999 * MIB, "999 MiB/s"),
        (2.5 * GIB, "2.5 GiB/s"),
        (5000 * GIB, "5000 GiB/s"),
    ],
)
def test_a_rate_is_short_and_says_its_unit(bytes_a_second, written):
    assert rate(bytes_a_second) == written


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "exited with 0"), (78 << 8, "exited with 78"), (9, "killed by SIGKILL")],
)
def test_a_death_has_a_cause(status, words):
    assert cause_of_death(status) == words


TRACEBACK = """\
Traceback (most recent call last):
  File "filed", line 3, in <module>
ModuleNotFoundError: No module named 'filed.process'
"""


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ("", 1, "exited with 1"),
        ("one thing\n", 1, "one thing"),
        ("workers: wrong\nroot: not given\n", os.EX_CONFIG, "workers: wrong; root: not given"),
        (TRACEBACK, 1, "ModuleNotFoundError: No module named 'filed.process'"),
        ("\n".join(map(str, range(99))), 1, "; ".join(map(str, range(20)))),
    ],
)
def test_the_last_words_of_a_program_say_why_it_gave_up(said, code, words):
    assert last_words(said, code << 8) == words


def test_an_old_kernel_is_named_as_what_is_missing():
    assert "Linux 5.6" in why_not(OSError(errno.ENOSYS, "Function not implemented"))
