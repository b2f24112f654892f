"""A real daemon for a test: started on ports of its own, always ended by its process ids."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

START_S = 20.0
STOP_S = 20.0


@dataclass
class Daemon:
    """A running daemon.

    Attributes:
        process: the master; its pid is the daemon's.
        log_path: the file that its standard error goes to.
        ready: its `ready` event.
    """

    process: subprocess.Popen
    log_path: Path
    ready: dict = field(default_factory=dict)

    @property
    def port(self):
        return int(self.ready["tcp"][0].rpartition(":")[2])

    @property
    def udp_port(self):
        return int(self.ready["udp"][0].rpartition(":")[2])

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def metrics_url(self):
        return f"http://{self.ready['metrics']}"

    def events(self, name=None):
        """The events logged so far, as dicts; whole lines only."""
        text = self.log_path.read_bytes()
        whole = text[: text.rfind(b"\n") + 1].decode().splitlines()
        found = [json.loads(line) for line in whole if line.startswith("{")]
        return [event for event in found if name is None or event["event"] == name]

    def wait_for_event(self, name, count=1, timeout=10.0):
        """Return the first `count` events of that name, once they are there."""
        return wait_until(
            lambda: found[:count] if len(found := self.events(name)) >= count else None,
            f"{count} log events {name!r}",
            timeout,
        )

    def reload(self, outcome="reloaded", timeout=20.0):
        """Ask for a reload, and return the event that it ends with."""
        count, former = len(self.events(outcome)) + 1, self.workers()
        self.process.send_signal(signal.SIGHUP)
        event = self.wait_for_event(outcome, count, timeout)[-1]
        if outcome == "reloaded":
            self.ready = event
            wait_until(lambda: not set(former) & self._serving(), "the old workers to be told")
        return event

    def _serving(self):
        return {pid for name, pid in self._processes() if "draining" not in name}

    def metrics(self):
        """A scrape, as a dict from the series as written to its value."""
        with urlopen(f"{self.metrics_url}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {series: float(value) for series, _, value in pairs}

    def children(self):
        """The pids of the master's living children, by their title; of two alike the younger."""
        return dict(self._processes())

    def workers(self):
        """The pids of all workers, by their number; those that drain are among them."""
        return [pid for name, pid in sorted(self._processes()) if "worker" in name]

    def _processes(self):
        """The title and the pid of each living child, in the order in which they were started."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        found = [(title(pid), int(pid)) for pid in path.read_text().split()]
        return [(name, pid) for name, pid in found if name]

    def stop(self, number=signal.SIGTERM):
        """Ask it to stop and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOP_S)


def requests(metrics):
    """`filed_requests_total` of a scrape by protocol, method and code, without the zeros."""
    found = Counter()
    for series, value in metrics.items():
        if value and series.startswith("filed_requests_total{"):
            labels = dict(pair.split("=") for pair in series[21:-1].replace('"', "").split(","))
            found[labels["protocol"], labels["method"], labels["code"]] = int(value)
    return found


def title(pid):
    """What ps(1) shows for a process; empty for one that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def wait_until(condition, what, timeout=10.0):
    """Return what `condition` returns once that is true, looking often; fail after `timeout` s."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s in vain for {what}")
        time.sleep(0.01)


def free_port():
    """A TCP port that nobody has just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def command(*arguments, python=sys.executable):
    """The command line of a filed command, run by this Python or another."""
    return [str(python), "-m", "filed", *map(str, arguments)]


def environment(**extra):
    """The environment without any FILED_ variable of the caller's, and with `extra`."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("FILED_")}
    return clean | extra


@contextmanager
def running(
    root,
    *options,
    config=None,
    env=None,
    stderr=None,
    wrap=(),
    workers=2,
    wait=True,
    python=sys.executable,
):
    """Serve `root` with these options until the block ends; check that nothing is left behind.

    Args:
        root: the directory to serve.
        options: more of the command line, as `"--http.listing=false"`.
        config: the configuration file, which then says all: root, addresses, number of workers.
        env: more of the environment.
        stderr: a file or descriptor for standard error instead of a log file of its own; then
            nothing is waited for.
        wrap: a command to put before, such as `["prlimit", "--nofile=64"]`.
        workers: how many.
        wait: until the daemon is ready.
        python: the interpreter to run it with.
    """
    with tempfile.TemporaryDirectory(prefix="filed-test-") as folder:
        log_path = Path(folder) / "log"
        given = ["-c", config]
        if config is None:
            given = [root, "--listen.tcp", "[::]:0", "--listen.udp", "[::]:0"]
            given += ["--metrics.listen", "127.0.0.1:0", "--workers", workers]
        arguments = command("serve", *given, *options, python=python)
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                [*wrap, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log if stderr is None else stderr,
                env=environment(**(env or {})),
                start_new_session=True,
            )
        daemon = Daemon(process, log_path)
        try:
            if stderr is None and wait:
                daemon.ready = wait_until(
                    lambda: next(iter(daemon.events("ready")), None) or _fail_if_gone(daemon),
                    "the daemon to be ready",
                    START_S,
                )
            yield daemon
        except BaseException:
            sys.stderr.write(log_path.read_text(errors="replace")[-8000:])
            raise
        finally:
            end(process)


def _fail_if_gone(daemon):
    code = daemon.process.poll()
    if code is not None:
        raise AssertionError(
            f"the daemon ended with {code}:\n{daemon.log_path.read_text(errors='replace')}"
        )


def end(process):
    """End a daemon and all of its session; fail if something had to be killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGQUIT)
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    left = wait_until_gone(process.pid)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, f"processes of the daemon were left behind: {left}"


def session(sid):
    """The pids of all living processes of a session (but zombies)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[3]) == sid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def wait_until_gone(sid, timeout=5.0):
    """Wait for a session's processes to end; return those that have not."""
    deadline = time.monotonic() + timeout
    while (left := session(sid)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left
