"""Measurements of TFTP servers, side by side. `python -m bench.tftp` runs them.

`cases` says what is asked for and `peers` who is asked; another of either is another row there.
"""
