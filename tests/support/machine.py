"""A machine of its own whose init is a real systemd: a container that is booted from a tree."""

import json
import shutil
import subprocess
from pathlib import Path

from support.daemon import wait_until

BOOT_S = 60.0
END_S = 60.0
# What the daemon is confined with, and what some versions do not let through.
_LANDLOCK = "landlock_create_ruleset landlock_add_rule landlock_restrict_self"
_NSPAWN = (
    "systemd-nspawn",
    "--quiet",
    "--register=no",
    "--keep-unit",
    "--private-network",
    f"--system-call-filter={_LANDLOCK}",
    "--boot",
)
_ENVIRONMENT = ("env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin")


class Machine:
    """A booted container: Debian's systemd, and a network that has a loopback and nothing else.

    Attributes:
        tree: what is `/` in there.
    """

    def __init__(self, tree, log_path):
        """Boot a tree, which is then this machine's own.

        Args:
            tree: a system made by debootstrap.
            log_path: a file for what is printed on the console.
        """
        self.tree = tree
        with log_path.open("wb") as log:
            self._nspawn = subprocess.Popen(
                [*_NSPAWN, "-D", tree],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            wait_until(self._has_booted, f"systemd to boot; see {log_path}", BOOT_S)
        except BaseException:
            self.end()
            raise

    def _has_booted(self):
        assert self._nspawn.poll() is None, "the container has ended"
        return self._init() and self.run("systemctl", "is-system-running", check=False) == "running"

    def _init(self):
        """The process that is 1 in there, None as long as there is none."""
        pid = self._nspawn.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return children[0] if children else None

    def _inside(self, *command):
        enter = ("nsenter", "--target", self._init(), "--all", *_ENVIRONMENT)
        return [*enter, *map(str, command)]

    def run(self, *command, check=True):
        """Run a command in there; return what it prints."""
        ended = self.try_(*command)
        if check and ended.returncode:
            raise AssertionError(f"{command}: {ended.returncode}\n{ended.stdout}{ended.stderr}")
        return ended.stdout.strip()

    def try_(self, *command):
        """Run a command in there that may fail; return how it has ended."""
        return subprocess.run(
            self._inside(*command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    def begin(self, *command):
        """Begin a command in there that ends when its standard input does."""
        return subprocess.Popen(
            self._inside(*command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def path(self, path):
        """Where a file of that machine is for us; its folder exists afterwards."""
        found = self.tree / path.lstrip("/")
        found.parent.mkdir(parents=True, exist_ok=True)
        return found

    def write(self, path, content):
        self.path(path).write_text(content)

    def end(self):
        """Shut it down, and let nothing remain of it."""
        self._nspawn.terminate()  # which it passes on as a request to halt, systemd-nspawn(1)
        try:
            self._nspawn.wait(END_S)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()
        shutil.rmtree(self.tree)


class Service:
    """filed.service on such a machine, and what it logs from now on."""

    CONFIG = "/etc/filed/filed.toml"

    def __init__(self, machine):
        self.machine = machine
        shown = machine.run("journalctl", "--lines=0", "--show-cursor")
        self._since = shown.rpartition("cursor: ")[2]

    def configure(self, text):
        self.machine.write(self.CONFIG, text)

    def change_unit(self, text, unit="filed.service"):
        """Change the unit as an operator would, by a drop-in."""
        self.machine.write(f"/etc/systemd/system/{unit}.d/test.conf", text)
        self.machine.run("systemctl", "daemon-reload")

    def systemctl(self, verb, unit="filed.service"):
        """Tell systemd what to do with a unit; return the exit code."""
        return self.machine.try_("systemctl", verb, unit).returncode

    def start(self):
        assert self.systemctl("start") == 0, self.journal()

    def show(self, name):
        """A property of the unit's, systemctl(1)."""
        return self.machine.run("systemctl", "show", "--property", name, "--value", "filed.service")

    @property
    def main_pid(self):
        return int(self.show("MainPID"))

    def pids(self):
        """The pids of its processes in there, by their titles."""
        listed = self.machine.run("ps", "-o", "pid=,args=", "--ppid", self.main_pid)
        rows = (line.split(maxsplit=1) for line in listed.splitlines())
        return {title: int(pid) for pid, title in rows}

    def workers(self):
        return {title: pid for title, pid in self.pids().items() if "worker" in title}

    def journal(self):
        """The journal's entries on it, as dicts."""
        self.machine.run("journalctl", "--sync")
        select = ("--unit=filed", f"--after-cursor={self._since}")
        lines = self.machine.run("journalctl", "--output=json", *select)
        return [json.loads(line) for line in lines.splitlines()]

    def events(self, name):
        """Its log events of that name."""
        messages = (entry["MESSAGE"] for entry in self.journal())
        found = [json.loads(each) for each in messages if each.startswith('{"ts"')]
        return [event for event in found if event["event"] == name]

    def fetch(self, name, port=7788):
        """A text file's only line, and the status; ("", 0) where nobody answers."""
        answer = self.machine.run(
            *("curl", "--silent", "--max-time", 20, "--write-out", "\n%{http_code}"),
            f"http://127.0.0.1:{port}{name}",
            check=False,
        )
        body, _, status = answer.rpartition("\n")
        return body.strip(), int(status)
