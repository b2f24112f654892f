"""Every query of the dashboard and of the rules has an answer while a real daemon is at work."""

import math
import re

import pytest

from support.daemon import running, wait_until
from support.load import steady_load
from support.monitoring import ALERTS, RECORDING, dashboard, dashboard_queries, filled, names
from support.prometheus import running_prometheus

pytestmark = pytest.mark.prometheus

PATIENCE_S = 30


@pytest.fixture(scope="module")
def prometheus(root, tmp_path_factory):
    """One that scrapes a daemon under load, with the rules as they are shipped."""
    folder = tmp_path_factory.mktemp("prometheus")
    with (
        running(root, "--limits.udp_rate=1000000") as daemon,
        running_prometheus(folder, [RECORDING, ALERTS]) as prometheus,
        steady_load(daemon),
    ):
        prometheus.watch("one", daemon)
        yield prometheus


def numbers(prometheus, query):
    return [value for value in prometheus.values(query) if math.isfinite(value)]


def comes_to_have_data(prometheus, query):
    return wait_until(lambda: numbers(prometheus, query), f"an answer to {query}", PATIENCE_S)


@pytest.mark.parametrize(
    "query",
    [query for _, query in dashboard_queries()],
    ids=[name for name, _ in dashboard_queries()],
)
def test_a_panel_has_something_to_show(prometheus, query):
    assert comes_to_have_data(prometheus, filled(query))


@pytest.mark.parametrize("variable", ["job", "instance"])
def test_a_variable_of_the_dashboard_has_something_to_choose(prometheus, variable):
    (query,) = (
        each["query"] for each in dashboard()["templating"]["list"] if each["name"] == variable
    )
    selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", filled(query)).groups()
    comes_to_have_data(prometheus, selector)
    found = prometheus.get(f"label/{label}/values", **{"match[]": selector})
    assert found == [{"job": "filed", "instance": "one"}[variable]]


@pytest.mark.parametrize("record", names(RECORDING, "record"))
def test_a_recording_rule_records_something(prometheus, record):
    assert comes_to_have_data(prometheus, record)


@pytest.mark.parametrize("alert", names(ALERTS, "alert"))
def test_an_alert_has_something_to_compare(prometheus, alert):
    """With `bool` its comparison says 0 or 1 of each series instead of leaving some out."""
    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    (query,) = (rule["query"] for rule in rules if rule["name"] == alert)
    assert comes_to_have_data(prometheus, re.sub(r" (==|>) ", r" \1 bool ", query, count=1))


def test_nothing_fires_for_a_healthy_daemon(prometheus):
    wait_until(lambda: all_evaluated(prometheus), "all rules to be evaluated", PATIENCE_S)
    assert prometheus.firing("one") == set()


def all_evaluated(prometheus):
    groups = prometheus.get("rules")["groups"]
    return all(rule["health"] == "ok" for group in groups for rule in group["rules"])
