"""The files that the servers serve."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

SIZES: Final[Mapping[str, int]] = {
    "1k.bin": KIB,
    "16k.bin": 16 * KIB,
    "128k.bin": 128 * KIB,
    "1m.bin": MIB,
    "1g.bin": GIB,
}

# One time for all files, so that every server is asked for its 304 with the same bytes.
MODIFIED: Final = "Mon, 01 Jan 2024 00:00:00 GMT"
_MODIFIED_S: Final = 1_704_067_200

# Larger ones are sparse: what is sent comes from the page cache, whatever lies on the disk.
_FILLED_BYTES: Final = 64 * MIB
# Not /tmp, which may be a tmpfs: holes are served differently there.
_PLACE: Final = "/var/tmp"


@contextmanager
def temporary_tree(sizes: Mapping[str, int] = SIZES) -> Iterator[Path]:
    """Make a directory with `root/`, which holds some files; remove it at the end.

    Beside `root/` servers may put what they need to run.

    Args:
        sizes: of the files in bytes, by name.
    """
    folder = Path(tempfile.mkdtemp(prefix="filed-bench-", dir=_PLACE))
    try:
        folder.chmod(0o755)  # a server's workers may be another user
        root = folder / "root"
        root.mkdir()
        for name, size_bytes in sizes.items():
            _make_file(root / name, size_bytes)
        yield folder
    finally:
        shutil.rmtree(folder)


def _make_file(path: Path, size_bytes: int) -> None:
    with path.open("wb") as file:
        if size_bytes <= _FILLED_BYTES:
            file.write(os.urandom(size_bytes))
        else:
            file.truncate(size_bytes)
    os.utime(path, (_MODIFIED_S, _MODIFIED_S))
