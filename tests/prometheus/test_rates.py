"""What happens to a daemon's processes shows in no rate: counters neither reset nor jump."""

import os
import signal
from itertools import pairwise

import pytest

from support.daemon import running, wait_until
from support.installed import OTHER_VERSION, Installed, build_two_versions
from support.load import steady_load
from support.prometheus import running_prometheus

pytestmark = pytest.mark.prometheus

COUNTERS = '{__name__=~"filed_.+_(total|bucket|sum|count)"}[10m]'
REQUESTS = "sum(rate(filed_requests_total[2s]))"
SCRAPE_S = 0.25
PATIENCE_S = 60


def replaced(daemon, name, number):
    """Signal the child of that title, and wait until another one has its place."""
    pid = daemon.children()[name]
    os.kill(pid, number)
    wait_until(lambda: daemon.children().get(name, pid) != pid, f"another {name}")


def kill_a_worker(daemon):
    replaced(daemon, "filed: worker 0", signal.SIGKILL)


def kill_every_worker(daemon):
    for name in [name for name in daemon.children() if "worker" in name]:
        replaced(daemon, name, signal.SIGKILL)


def kill_the_exporter(daemon):
    replaced(daemon, "filed: exporter", signal.SIGKILL)


def reload(daemon):
    daemon.reload()


# Whatever a running daemon may go through: another such is another name here.
EVENTS = [kill_a_worker, kill_every_worker, kill_the_exporter, reload]
NOTICED_BY_NO_CLIENT = [kill_the_exporter, reload]


def scrapes(prometheus):
    """How many scrapes have gone well so far."""
    return sum(prometheus.values('sum_over_time(up{instance="one"}[10m])'))


def wait_for_scrapes(prometheus, count):
    wanted = scrapes(prometheus) + count
    wait_until(lambda: scrapes(prometheus) >= wanted, f"{count} scrapes", PATIENCE_S)


@pytest.mark.parametrize("event", EVENTS)
def test_rates_go_on_as_if_nothing_had_happened(root, tmp_path, event):
    with running(root, "--limits.udp_rate=1000000") as daemon:
        lost = lost_while_watched(daemon, event, tmp_path)
    assert lost == 0 or event not in NOTICED_BY_NO_CLIENT


def test_rates_go_on_over_an_upgrade_to_another_layout_of_the_table(root, tmp_path):
    this, other = build_two_versions(tmp_path)
    installed = Installed(tmp_path / "environment", this)

    def upgrade(daemon):
        installed.install(other)
        daemon.reload()
        assert daemon.events("taking_over")[-1]["version"] == OTHER_VERSION

    python = installed.python
    with running(root, "--limits.udp_rate=1000000", python=python) as daemon:
        assert lost_while_watched(daemon, upgrade, tmp_path) == 0


def lost_while_watched(daemon, event, folder):
    """Let Prometheus watch a daemon under load before and after an event; return requests lost."""
    with (
        running_prometheus(folder, scrape_s=SCRAPE_S) as prometheus,
        steady_load(daemon) as load,
    ):
        prometheus.watch("one", daemon)
        wait_for_scrapes(prometheus, 12)
        event(daemon)
        wait_for_scrapes(prometheus, 12)
        counters = prometheus.get("query", query=COUNTERS)["result"]
        (highest,) = prometheus.values(f"max_over_time({REQUESTS}[10m:250ms])")
        (lowest_since,) = prometheus.values(f"min_over_time({REQUESTS}[2s:250ms])")
    assert len(counters) > 200
    assert [series["metric"] for series in counters if goes_back(series)] == []
    # A rate is as exact as the moments of its scrapes.
    assert highest < 1.5 * load.most_per_second
    assert lowest_since > 0
    assert load.answered > 100
    return load.lost


def goes_back(series):
    """Say what `resets` would, which asks for one name at a time."""
    return any(
        later < one for one, later in pairwise(float(value) for _, value in series["values"])
    )
