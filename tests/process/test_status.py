"""The sentence that `systemctl status` shows."""

import pytest

from filed.process.status import rate

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@pytest.mark.parametrize(
    ("bytes_a_second", "written"),
    [
        (0, "0 B/s"),
        (1.4, "1 B/s"),
        (1023, "1023 B/s"),
        (KIB, "1.0 KiB/s"),
        (9.94 * KIB, "9.9 KiB/s"),
        (10 * KIB, "10 KiB/s"),
        (3.4 * MIB, "3.4 MiB/s"),
        (999 * MIB, "999 MiB/s"),
        (2.5 * GIB, "2.5 GiB/s"),
        (5000 * GIB, "5000 GiB/s"),
    ],
)
def test_a_rate_is_short_and_says_its_unit(bytes_a_second, written):
    assert rate(bytes_a_second) == written
