"""A real Prometheus that scrapes daemons under test: loopback, a port of its own, no sleeping."""

import json
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from support.clients import program
from support.daemon import START_S, STOP_S, wait_until

SCRAPE_S = 0.5

_CONFIG = """\
global:
  scrape_interval: {scrape_ms}ms
  scrape_timeout: {scrape_ms}ms
  evaluation_interval: {scrape_ms}ms
rule_files: [{rules}]
scrape_configs:
  - job_name: filed
    file_sd_configs:
      - files: [targets.json]
        refresh_interval: 1s
"""


@dataclass
class Prometheus:
    """A running Prometheus.

    Attributes:
        url: where its API is.
        folder: where its files are.
        watched: the daemons that it scrapes, by the name that is their `instance`.
    """

    url: str
    folder: Path
    watched: dict

    def watch(self, name, daemon):
        """Scrape a daemon too, and wait for the first scrape."""
        self.watched[name] = daemon.ready["metrics"]
        write_targets(self.folder, self.watched)
        wait_until(lambda: self.values(f'up{{instance="{name}"}} == 1'), f"a scrape of {name}", 20)

    def get(self, path, **parameters):
        """What the API answers (its `data`); a refused query is a failure with its reason."""
        try:
            with urlopen(f"{self.url}/api/v1/{path}?{urlencode(parameters)}", timeout=20) as answer:
                return json.load(answer)["data"]
        except HTTPError as error:
            raise AssertionError(f"{parameters}: {json.load(error)['error']}") from error

    def query(self, expression):
        """The series of an instant query, each with its labels and its value."""
        result = self.get("query", query=expression)["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]

    def values(self, expression):
        return [value for _, value in self.query(expression)]

    def firing(self, instance):
        """The names of the alerts that fire for a daemon."""
        return {
            alert["labels"]["alertname"]
            for alert in self.get("alerts")["alerts"]
            if alert["state"] == "firing" and alert["labels"]["instance"] == instance
        }


@contextmanager
def running_prometheus(folder, rules=(), *, scrape_s=SCRAPE_S):
    """Run Prometheus until the block ends; it scrapes nobody before `watch`.

    Args:
        folder: for its files.
        rules: the paths of rule files.
        scrape_s: seconds between two scrapes, and between two evaluations of the rules.
    """
    paths = ", ".join(f'"{path}"' for path in rules)
    config = _CONFIG.format(scrape_ms=round(scrape_s * 1000), rules=paths)
    (folder / "prometheus.yml").write_text(config)
    write_targets(folder, {})
    log_path = folder / "log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [
                program("prometheus", "prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                "--web.listen-address=127.0.0.1:0",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        address = wait_until(
            lambda: _address(process, log_path.read_text()), "Prometheus to listen", START_S
        )
        prometheus = Prometheus(f"http://{address}", folder, {})
        wait_until(lambda: _is_ready(prometheus), "Prometheus to be ready", START_S)
        yield prometheus
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write_targets(folder, watched):
    """Tell Prometheus whom to scrape, in one step, since it looks at any time."""
    groups = [
        {"targets": [address], "labels": {"instance": name}} for name, address in watched.items()
    ]
    (folder / "targets.new").write_text(json.dumps(groups))
    (folder / "targets.new").rename(folder / "targets.json")


def _address(process, log):
    assert process.poll() is None, log
    found = re.search(r'msg="Listening on" address=(\S+)', log)
    return found and found[1]


def _is_ready(prometheus):
    try:
        with urlopen(f"{prometheus.url}/-/ready", timeout=5) as answer:
            return answer.status == 200
    except OSError:  # not listening yet, or 503
        return False
