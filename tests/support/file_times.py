"""The file system's clock, which moves in steps."""

from support.daemon import wait_until


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
