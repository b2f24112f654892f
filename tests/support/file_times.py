"""The file system's clock, which moves in steps."""

import time

from support.daemon import wait_until

SETTLES_S = 2.0


def wait_for_next_tick(path):
    """Wait until a change of a file would show in its ctime.

    Before Linux 6.13 that takes up to 10 ms from its last change on: two within one tick of the
    kernel's clock get the same time.
    """
    probe = path.with_name(".probe")

    def has_passed():
        probe.touch()
        return probe.stat().st_ctime_ns > path.stat().st_ctime_ns

    wait_until(has_passed, "the file system's clock to move on")
    probe.unlink()


def wait_until_settled(*paths):
    """Wait until files have not changed for so long that the daemon takes them for whole."""
    changed_s = max(path.stat().st_ctime for path in paths)
    wait_until(lambda: time.time() - changed_s >= SETTLES_S, "files to settle")
