"""The files for Prometheus and Grafana are right, as far as their text alone can tell."""

import re
import subprocess
from itertools import combinations

import pytest

from support.clients import program
from support.monitoring import (
    ALERTS,
    RECORDING,
    RULE_TESTS,
    SCRAPE,
    dashboard,
    dashboard_queries,
    exported,
    names,
    panels,
    rules_text,
)

TARGET_LABELS = {"job", "instance"}
SELECTOR = re.compile(r"(?<![\w:])(filed_\w+)\b(?!:)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
GROUPING = re.compile(r"\b(?:by|without|on|ignoring) \(([^)]*)\)")
COLUMNS = 24


def promtool(*arguments):
    command = [program("promtool", "prometheus"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_finds_no_fault_with_the_rules():
    assert "SUCCESS" in promtool("check", "rules", RECORDING, ALERTS)


def test_promtool_finds_no_fault_with_the_scrape_configuration():
    assert "SUCCESS" in promtool("check", "config", SCRAPE)


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.name)
def test_the_rules_do_what_their_tests_say(path):
    assert "SUCCESS" in promtool("test", "rules", path)


@pytest.mark.parametrize("alert", names(ALERTS, "alert"))
def test_each_alert_is_tested_when_it_fires_and_when_it_does_not(alert):
    tests = "".join(path.read_text() for path in RULE_TESTS)
    cases = re.findall(rf"alertname: {alert}\n +eval_time: \w+\n +exp_alerts:(.*)\n", tests)
    assert set(cases) == {"", " []"}


@pytest.mark.parametrize("record", names(RECORDING, "record"))
def test_each_recording_rule_is_tested(record):
    assert any(f"expr: {record}" in path.read_text() for path in RULE_TESTS)


@pytest.mark.parametrize("alert", names(ALERTS, "alert"))
def test_each_alert_says_how_bad_it_is_and_what_to_do(alert):
    (text,) = re.findall(
        rf"- alert: {alert}\n(.*?)(?=\n\s*- alert|\Z)", rules_text(ALERTS), re.DOTALL
    )
    assert re.search(r"severity: (critical|warning|info)\n", text)
    assert re.findall(r"\n +(summary|description|action): \S", text) == [
        *("summary", "description", "action")
    ]


def test_alerts_ask_for_nothing_that_is_not_recorded():
    asked = set(re.findall(r"\b\w+:\w+:\w+", rules_text(ALERTS) + rules_text(RECORDING)))
    assert asked == set(names(RECORDING, "record"))


QUERIES = {
    "recording rules": rules_text(RECORDING),
    "alerts": rules_text(ALERTS),
    **{f"panel: {name}": query for name, query in dashboard_queries()},
    **{
        f"variable: {variable['name']}": variable["query"]
        for variable in dashboard()["templating"]["list"]
        if variable["type"] == "query"
    },
}


@pytest.mark.parametrize("text", QUERIES.values(), ids=QUERIES)
def test_the_catalogue_knows_every_metric_and_label(text):
    known = exported()
    labels_here = set(TARGET_LABELS)
    for name, matchers in SELECTOR.findall(text):
        assert name in known
        labels_here |= known[name].keys()
        for label, operator, value in MATCHER.findall(matchers):
            assert label in known[name].keys() | TARGET_LABELS, name
            allowed = known[name].get(label)
            if allowed is not None:
                assert matched(operator, value) & set(allowed), f"{name}{{{label}}}"
    for grouped in GROUPING.findall(text):
        assert set(re.findall(r"\w+", grouped)) <= labels_here


def matched(operator, value):
    """The values that a matcher names; the regular expressions here are lists of words only."""
    return set(value.split("|")) if "~" in operator else {value}


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_each_panel_says_what_it_shows_and_in_which_unit(panel):
    assert panel["description"].endswith(".")
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert all(target["legendFormat"] for target in panel["targets"])
    options, defaults = panel["options"], panel["fieldConfig"]["defaults"]
    assert options["yAxis"]["unit"] if panel["type"] == "heatmap" else defaults["unit"]


def test_the_dashboard_has_its_rows():
    rows = [panel["title"] for panel in dashboard()["panels"] if panel["type"] == "row"]
    assert rows == ["At a glance", "All protocols", "TFTP", "Workers", "Limits"]


def test_every_metric_is_on_the_dashboard():
    """But for those that another one shows as well, and the exporter's heartbeat."""
    shown = {name for query in QUERIES.values() for name, _ in SELECTOR.findall(query)}
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exported()}
    missing = families - {re.sub(r"_bucket$", "", name) for name in shown}
    assert missing == {"filed_exporter_heartbeat_timestamp_seconds"}


def test_panels_lie_beside_each_other_and_have_ids_of_their_own():
    everything = dashboard()["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    places = [panel["gridPos"] for panel in everything]
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)
    for one, other in combinations(places, 2):
        assert apart(one, other, "x", "w") or apart(one, other, "y", "h")


def apart(one, other, start, size):
    return one[start] + one[size] <= other[start] or other[start] + other[size] <= one[start]
