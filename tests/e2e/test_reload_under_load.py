"""Whatever is asked of the master meanwhile, no client notices."""

import signal
from pathlib import Path

import pytest

from support.daemon import running, wait_until
from support.hammer import downloading, hammering, is_at_rest, make_tree
from support.installed import OTHER_VERSION, Installed, build_two_versions

DOWNLOADS, RELOADS, HUPS = 200, 20, 1000
WORKERS_FDS = 'filed_process_open_fds{role="worker"}'
# The downloads are so slow that the worker's socket has no room for minutes: no stall is meant.
OPTIONS = ("--limits.udp_rate=1000000", "--log.access=false")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("served"))


def master_descriptors(daemon):
    return len(list(Path(f"/proc/{daemon.process.pid}/fd").iterdir()))


def test_20_reloads_and_an_upgrade_cost_no_download_no_request_and_no_count(root, tmp_path):
    this, other = build_two_versions(tmp_path)
    installed = Installed(tmp_path / "environment", this)
    with running(root, *OPTIONS, python=installed.python) as daemon:
        workers, before = daemon.workers(), daemon.metrics()
        descriptors = master_descriptors(daemon)
        with hammering(daemon, DOWNLOADS) as hammer:
            for _ in range(RELOADS):
                daemon.reload(timeout=60)
            installed.install(other)
            daemon.reload()
            assert daemon.events("taking_over")[-1]["version"] == OTHER_VERSION
            assert downloading(daemon) >= DOWNLOADS  # begun before all of it, and still under way
            seen = hammer.finish()
        wait_until(lambda: is_at_rest(daemon), "the workers of before to go", 30)
        metrics = daemon.metrics()
        assert seen.wrong == []
        assert seen.scrapes > RELOADS
        assert {series: metrics[series] for series in seen.metrics()} == seen.metrics()
        ends = [series for series in metrics if series.startswith("filed_transfers_aborted_total")]
        assert {metrics[series] for series in ends} == {0}
        assert metrics[WORKERS_FDS] < 2 * before[WORKERS_FDS]  # nothing of those that have ended
        assert not set(workers) & set(daemon.workers())
        assert len(daemon.children()) == 3
        daemon.reload()  # the table of the version before is not kept any longer
        wait_until(lambda: is_at_rest(daemon), "the workers of before to go", 30)
        assert master_descriptors(daemon) == descriptors


def test_hups_by_the_thousand_are_a_few_reloads_and_then_all_is_settled(root):
    with running(root, *OPTIONS) as daemon:
        with hammering(daemon, 10) as hammer:
            sent = 0
            while sent < HUPS or len(daemon.events("reloaded")) < 3:
                daemon.process.send_signal(signal.SIGHUP)
                sent += 1
            daemon.reload()
            seen = hammer.finish()
        wait_until(lambda: is_settled(daemon), "all reloads that were asked for", 30)
        assert seen.wrong == []
        assert len(daemon.events("reloaded")) < HUPS
        metrics = daemon.metrics()
        assert {series: metrics[series] for series in seen.metrics()} == seen.metrics()


def is_settled(daemon):
    asked, done = (len(daemon.events(name)) for name in ("reload_asked", "reloaded"))
    return asked == done and is_at_rest(daemon)


def test_a_reload_that_is_asked_for_during_another_follows_it_though_downloads_go_on(root):
    with running(root, *OPTIONS) as daemon, hammering(daemon, 10) as hammer:
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for_event("taking_over")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for_event("reloaded", count=2)
        assert downloading(daemon) >= 10
        assert hammer.finish().wrong == []
