"""Words of the command line that more than one command has."""

import argparse
from collections.abc import Iterable
from typing import Final

_ROUNDS: Final = 5


def parser_of(prog: str, description: str, cases: Iterable[str]) -> argparse.ArgumentParser:
    """Make a parser of what to measure, how often.

    Args:
        prog: how the command is called.
        description: what it does.
        cases: the names of what it can measure.
    """
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument(
        "--case",
        action="append",
        choices=cases,
        help="measure this case only; may be given more than once (default: all of them)",
    )
    parser.add_argument(
        "--rounds", type=count, default=_ROUNDS, help="rounds that count (default: %(default)s)"
    )
    return parser


def count(text: str) -> int:
    """Read a number of something there has to be one of at least."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("expected 1 or more")
    return number
