"""Clients that must not notice what happens to the daemon meanwhile.

Some fetch a large file slowly, others ask for a small one again and again; what they see is counted
exactly, and what is not as it should be is written down. They live in a process of their own
(`hammer_clients`), so that a test can look at its own descriptors meanwhile.
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SMALL = b"a small file\n"
# More than the sockets of both ends hold together; see `support.slow`.
LARGE = random.Random(7788).randbytes(5 << 20)


def make_tree(folder):
    """Put what is asked for into a folder and return it."""
    folder.chmod(0o755)
    (folder / "small").write_bytes(SMALL)
    (folder / "large").write_bytes(LARGE)
    return folder


@dataclass
class Seen:
    """What clients have seen.

    Attributes:
        answered: how many requests were, by protocol. All for files that are there.
        received: bytes by protocol, heads included.
        connections: how many over TCP.
        scrapes: how many.
        wrong: whatever was not as it should be, in words.
    """

    answered: Counter = field(default_factory=Counter)
    received: Counter = field(default_factory=Counter)
    connections: int = 0
    scrapes: int = 0
    wrong: list = field(default_factory=list)

    def __add__(self, other):
        theirs = vars(other)
        return Seen(**{name: value + theirs[name] for name, value in vars(self).items()})

    def take(self, protocol, size_bytes):
        """Count one answer."""
        self.answered[protocol] += 1
        self.received[protocol] += size_bytes

    def write(self):
        return json.dumps(vars(self))

    @classmethod
    def read(cls, text):
        told = json.loads(text)
        counters = {name: Counter(told[name]) for name in ("answered", "received")}
        return cls(**told | counters)

    def metrics(self):
        """What a daemon that served nobody else says of it, by the names of the series."""
        found = {"filed_connections_accepted_total": self.connections}
        for protocol, number in self.answered.items():
            by_protocol = f'{{protocol="{protocol}"}}'
            found[f'filed_requests_total{{code="200",method="GET",protocol="{protocol}"}}'] = number
            found[f"filed_sent_bytes_total{by_protocol}"] = self.received[protocol]
            found[f"filed_time_to_first_byte_seconds_count{by_protocol}"] = number
            if protocol != "query":
                found[f"filed_transfer_size_bytes_sum{by_protocol}"] = self.received[protocol]
                found[f"filed_transfer_size_bytes_count{by_protocol}"] = number
                found[f"filed_transfer_duration_seconds_count{by_protocol}"] = number
        return found


class Hammer:
    """The process of the clients."""

    def __init__(self, daemon, downloads):
        """Let them begin, and wait until each download has."""
        self._seen = None
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "support.hammer_clients",
                json.dumps(daemon.ready),
                str(downloads),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            cwd=Path(__file__).parents[1],
        )
        self._process.stdout.readline()

    def finish(self):
        """Let downloads go on to their end and the others ask no more; return what all saw."""
        if self._seen is None:
            told, _ = self._process.communicate()  # the end of its standard input tells it to end
            self._seen = Seen.read(told)
        return self._seen


@contextmanager
def hammering(daemon, downloads):
    """Let clients ask for everything while the block lasts, or until they are told to finish.

    Args:
        daemon: who is asked. It must serve what `make_tree` makes.
        downloads: how many fetch the large file, half of them over HTTP and half over plain TCP.
    """
    hammer = Hammer(daemon, downloads)
    try:
        yield hammer
    finally:
        hammer.finish()


def is_growing(series):
    """Say whether a series is one of a counter or histogram, by its name."""
    return series.partition("{")[0].endswith(("_total", "_bucket", "_sum", "_count"))


def is_at_rest(daemon):
    """Say whether no connection is open any more and no worker of before is left."""
    metrics = daemon.metrics()
    gauges = [f'filed_connections{{state="{state}"}}' for state in ("reading", "sending", "idle")]
    return not any(metrics[each] for each in (*gauges, 'filed_workers{state="draining"}'))


def downloading(daemon):
    """How many downloads are under way."""
    return daemon.metrics()['filed_connections{state="sending"}']
