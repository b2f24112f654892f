"""Another version of the package is put in place of the one that runs, and a reload begins it."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from filed import __version__
from support.daemon import running, wait_until
from support.hammer import Seen, downloading, hammering, is_at_rest, is_growing, make_tree
from support.installed import OTHER_VERSION, Installed, build_two_versions

DOWNLOADS = 20
# The downloads are so slow that the worker's socket has no room for minutes: no stall is meant.
OPTIONS = ("--limits.udp_rate=1000000", "--log.access=false")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The wheels of this version and of another one."""
    return build_two_versions(tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def installed(wheels, tmp_path):
    """An environment with this version."""
    return Installed(tmp_path, wheels[0])


@pytest.fixture
def daemon(root, installed):
    with running(root, *OPTIONS, python=installed.python) as daemon:
        yield daemon


def versions(daemon):
    """The version of the master, as it logged at its start, and of the exporter."""
    (build,) = (series for series in daemon.metrics() if series.startswith("filed_build_info"))
    started = [event for event in daemon.events() if event["event"] in ("starting", "taking_over")]
    return started[-1]["version"], build.partition('version="')[2].rstrip('"}')


def counts(daemon):
    """All that only grows."""
    metrics = daemon.metrics()
    return {series: metrics[series] for series in filter(is_growing, metrics)}


def at_once(counts):
    """Those that are counted at once: the others are written once a second."""
    later = ("filed_process_cpu_seconds_total", "filed_cache_")
    return {series: count for series, count in counts.items() if not series.startswith(later)}


def tables(daemon):
    """How many tables of numbers the master holds."""
    descriptors = Path(f"/proc/{daemon.process.pid}/fd").iterdir()
    # By their inodes: Python's mmap keeps another descriptor of each.
    return len({fd.stat().st_ino for fd in descriptors if "filed-table" in str(fd.readlink())})


def exchange_under_load(daemon, installed, wheel):
    """Install a wheel and reload while downloads go on; return what clients saw."""
    with hammering(daemon, DOWNLOADS) as hammer:
        installed.install(wheel)
        daemon.reload()
        assert tables(daemon) == 2
        assert downloading(daemon) >= DOWNLOADS  # in the old workers
        metrics = daemon.metrics()
        assert metrics['filed_workers{state="running"}'] == 2
        assert 1 <= metrics['filed_workers{state="draining"}'] <= 2
        assert metrics["filed_config_last_reload_successful"] == 1
        seen = hammer.finish()
    wait_until(lambda: is_at_rest(daemon), "the old workers to go", 30)
    assert seen.wrong == []
    return seen


def test_the_new_version_runs_and_all_is_counted_on_by_name_and_so_it_is_back_again(
    daemon, installed, wheels
):
    this, other = wheels
    seen = Seen()
    for wheel, version in ((other, OTHER_VERSION), (this, __version__)):
        seen += exchange_under_load(daemon, installed, wheel)
        assert versions(daemon) == (version, version)
        before = counts(daemon)
        assert {series: before[series] for series in seen.metrics()} == seen.metrics()
        assert ("filed_novelties_total" in before) == (version == OTHER_VERSION)
        daemon.reload()  # the new exporter finds the old table at rest, and its counts are moved
        wait_until(lambda: is_at_rest(daemon), "the old workers to go", 30)
        assert tables(daemon) == 1
        after = counts(daemon)
        assert at_once(after) == at_once(before)
        assert all(after[series] >= count for series, count in before.items())


BROKEN = {
    "No module named 'nothing_of_this_name'": lambda _: "import nothing_of_this_name",
    "SyntaxError": lambda text: text[: text.index("(", text.index("def ")) + 1],  # half a file
    "ImportError": lambda _: "",
}


def test_a_package_that_cannot_be_imported_is_refused_until_it_is_mended(daemon, installed):
    module = installed.module("site/http/files.py")
    whole, workers = module.read_text(), daemon.workers()
    with hammering(daemon, DOWNLOADS) as hammer:
        for why, broken in BROKEN.items():
            module.write_text(broken(whole))
            assert why in daemon.reload("reload_refused")["why"]
        assert daemon.workers() == workers
        assert daemon.metrics()["filed_config_last_reload_successful"] == 0
        module.write_text(whole)
        daemon.reload()
        assert daemon.metrics()["filed_config_last_reload_successful"] == 1
        seen = hammer.finish()
    assert seen.wrong == []


def test_several_versions_serve_their_downloads_at_once(daemon, installed, wheels):
    this, other = wheels
    with ExitStack() as stack:
        hammers = [stack.enter_context(hammering(daemon, DOWNLOADS))]
        for number, wheel in enumerate((other, this, other), 2):
            installed.install(wheel)
            daemon.reload()
            hammers.append(stack.enter_context(hammering(daemon, DOWNLOADS)))
            assert tables(daemon) == number
            assert downloading(daemon) >= number * DOWNLOADS
        seen = sum((hammer.finish() for hammer in hammers), Seen())
    wait_until(lambda: is_at_rest(daemon), "the old workers to go", 30)
    assert seen.wrong == []
    found = counts(daemon)
    assert {series: found[series] for series in seen.metrics()} == seen.metrics()
