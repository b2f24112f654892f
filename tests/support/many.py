"""A directory of very many files."""

import os

MANY = 100_000


def make_many(folder, count=MANY):
    """Make a directory with `count` empty files in it, named by their numbers."""
    folder.mkdir()
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for number in range(count):
            os.mknod(f"{number:07}.bin", dir_fd=fd)
    finally:
        os.close(fd)
    return folder
