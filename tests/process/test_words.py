"""How a program has ended, in words."""

import os

import pytest

from filed.process.words import cause_of_death, last_words


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
