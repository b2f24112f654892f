"""Networks of a test's own: namespaces (network_namespaces(7)) and links between them; for root."""

import ctypes
import json
import os
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import PIPE

import pytest

from support.clients import program
from support.daemon import wait_until

_CLONE_NEWNET = 0x40000000  # linux/sched.h
_OWN = "/proc/thread-self/ns/net"

_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A network with a loopback of its own. What is begun within it stays there."""

    def __init__(self):
        self._fd = _in_new_network()
        self.run("ip", "link", "set", "lo", "up")

    @property
    def path(self):
        """Where others find it."""
        return f"/proc/{os.getpid()}/fd/{self._fd}"

    @contextmanager
    def entered(self):
        """Be in there, with all sockets and programs that are begun meanwhile."""
        with _coming_back():
            _check(_libc.setns(self._fd, _CLONE_NEWNET))
            yield

    def run(self, *command):
        """Run a command in there, ip(8) or tc(8), and return what it prints."""
        path = [program(command[0], "iproute2")]
        with self.entered():
            return subprocess.run([*path, *map(str, command[1:])], check=True, stdout=PIPE).stdout

    def is_up(self, device):
        """Say whether what is sent there leaves; a little later than it was set up."""
        (link,) = json.loads(self.run("ip", "-json", "link", "show", "dev", device))
        return link["operstate"] == "UP" and link["qdisc"] != "noop"

    def forward(self):
        """Let it be a router."""
        with self.entered():
            for family in ("ipv4", "ipv6"):
                Path(f"/proc/sys/net/{family}/conf/all/forwarding").write_text("1")

    def close(self):
        os.close(self._fd)


@contextmanager
def namespaces(count):
    """Make so many networks; skip where that is not allowed."""
    with ExitStack() as stack:
        made = []
        for _ in range(count):
            try:
                made.append(Namespace())
            except PermissionError:
                pytest.skip("only root may make network namespaces")
            stack.callback(made[-1].close)
        yield made


def join(one, other, number, mtu=1500):
    """Join two networks by a cable.

    One end has the addresses 10.77.NUMBER.1, fd77:NUMBER::1 and fe80::1, the other those with .2
    and ::2. The device is vNUMBER at both ends.
    """
    device = f"v{number}"
    peer = ("peer", "name", device, "mtu", mtu, "netns", other.path)
    one.run("ip", "link", "add", device, "mtu", mtu, "type", "veth", *peer)
    for end, host in ((one, 1), (other, 2)):
        end.run("ip", "link", "set", device, "addrgenmode", "none")
        end.run("ip", "address", "add", f"10.77.{number}.{host}/24", "dev", device)
        for address in (f"fd77:{number}::{host}/64", f"fe80::{host}/64"):
            end.run("ip", "address", "add", address, "dev", device, "nodad")
        end.run("ip", "link", "set", device, "up")
    for end in (one, other):
        wait_until(lambda end=end: end.is_up(device), "the cable to carry packets")


def _in_new_network():
    with _coming_back():
        _check(_libc.unshare(_CLONE_NEWNET))
        return os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)


@contextmanager
def _coming_back():
    before = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        _check(_libc.setns(before, _CLONE_NEWNET))
        os.close(before)


def _check(result):
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
