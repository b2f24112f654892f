"""The files for Prometheus and Grafana that are shipped, taken apart as text.

The rules are read as text, not as YAML: what is looked for is the same in every notation.
"""

import json
import re
from pathlib import Path

from filed.metrics.catalogue import LAYOUT, PREFIX
from filed.metrics.layout import Histogram, RowGauge

CONFIG = Path(__file__).parents[2] / "config"
SCRAPE = CONFIG / "prometheus" / "scrape.yml"
RECORDING = CONFIG / "prometheus" / "recording.rules.yml"
ALERTS = CONFIG / "prometheus" / "alerts.rules.yml"
RULE_TESTS = tuple(sorted((CONFIG / "prometheus").glob("*.test.yml")))
DASHBOARD = CONFIG / "grafana" / "filed.json"

# As Grafana fills them in when all of both are chosen; a rate over some scrapes of the tests.
VARIABLES = {"$job": "filed", "$instance": ".+", "$__rate_interval": "3s"}

_MILLISECONDS = {"s": 1000, "m": 60_000, "h": 3_600_000}
_DURATION = re.compile(r"(?<=\[)(\d+)([smh])(?=\])|(?<=for: )(\d+)([smh])")


def rules_text(path):
    """A rule file without its comments."""
    return re.sub(r"(?m)(^|\s)#.*$", "", path.read_text())


def names(path, keyword):
    """The names of the rules of a kind, `record` or `alert`."""
    return re.findall(rf"- {keyword}: (\S+)", path.read_text())


def shortened(path, folder, by):
    """A copy of a rule file whose windows and waits are shorter: a test cannot wait for minutes.

    Args:
        path: the rule file.
        folder: where the copy goes.
        by: what each `for` and each window is divided by; nothing else changes.
    """

    def shorter(found):
        number, unit = filter(None, found.groups())
        return f"{int(number) * _MILLISECONDS[unit] // by}ms"

    copy = folder / path.name
    copy.write_text(_DURATION.sub(shorter, path.read_text()))
    return copy


def dashboard():
    return json.loads(DASHBOARD.read_text())


def panels():
    """All panels that show something, in their order."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def dashboard_queries():
    """Each query of a panel or an annotation, by what it is for; Grafana's variables in place."""
    for panel in panels():
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for annotation in dashboard()["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


def filled(expression):
    """A query with Grafana's variables filled in."""
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression


def exported():
    """The names that a scrape has: of each, its labels and their values; None where any will do."""
    found = {}
    for metric in LAYOUT.metrics:
        labels = dict(metric.label_values())
        if isinstance(metric, Histogram):
            bounds = {"le": None}
            found[f"{PREFIX}{metric.name}_bucket"] = labels | bounds
            found[f"{PREFIX}{metric.name}_sum"] = found[f"{PREFIX}{metric.name}_count"] = labels
        else:
            row = {"row": None} if isinstance(metric, RowGauge) else {}
            found[PREFIX + metric.name] = labels | row
    for computed in LAYOUT.computed:
        found[PREFIX + computed.name] = dict.fromkeys(computed.label_names)
    return found
