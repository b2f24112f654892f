import platform

from filed.process.kernel import features


def test_each_feature_is_present_or_said_why_not():
    found = features()
    assert list(found) == ["openat2", "Landlock", "UDP_SEGMENT"]
    for state in found.values():
        assert state.startswith(("present", "ABI ", "absent ("))


def test_a_kernel_that_can_run_the_daemon_has_openat2():
    major, minor = map(int, platform.release().split(".")[:2])
    assert (features()["openat2"] == "present") == ((major, minor) >= (5, 6))
