"""Words of the command line that more than one command has."""

import argparse


def count(text: str) -> int:
    """Read a number of something there has to be one of at least."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("expected 1 or more")
    return number
