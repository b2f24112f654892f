"""Measurements of `filed` and other file servers, side by side. `python -m bench` runs them.

`cases` says what is asked for and `peers` who is asked; another of either is another row there.
"""
