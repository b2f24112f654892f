"""A directory of very many files."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

MANY = 100_000


@contextmanager
def folder_in_memory():
    """A temporary directory that is fast to fill, where there is one: a disk may take a minute."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


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
