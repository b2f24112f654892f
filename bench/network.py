"""A network namespace of its own, with cubic.

Where the default congestion control is BBR, it paces on loopback too, and the figures are about
timers and wake-ups instead of servers. In a namespace of its own the bench may choose another one,
and no firewall rule or setting of the machine takes part.

`python -m bench.network COMMAND…` sets up the namespace that it is run in and becomes the command.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.errors import Missing
from bench.processes import program

_CONTROL: Final = "cubic"
_IPV4: Final = Path("/proc/sys/net/ipv4")
_CURRENT: Final = _IPV4 / "tcp_congestion_control"
_AVAILABLE: Final = _IPV4 / "tcp_available_congestion_control"
_ALLOWED: Final = _IPV4 / "tcp_allowed_congestion_control"
_PORTS: Final = _IPV4 / "ip_local_port_range"

# Set by the outer of the two processes for the inner one.
_MARK: Final = "BENCH_NAMESPACE"
# netdevice(7): struct ifreq is a name of 16 bytes and a union, here of flags; 40 bytes in all.
_IFREQ: Final = struct.Struct("16sh22x")
_IFREQ_ADDRESS: Final = struct.Struct("16sHH4s16x")  # and here of a struct sockaddr_in
_SIOCGIFFLAGS: Final = 0x8913
_SIOCSIFFLAGS: Final = 0x8914
_SIOCSIFADDR: Final = 0x8916
_IFF_UP: Final = 1


def described() -> str:
    """Say for the report which network this is, and which congestion control it has."""
    where = "a network namespace of its own"
    if not _is_own():
        where = f"the machine's own network ({_why_not() or 'as asked'}; figures with BBR mislead)"
    return f"{_CURRENT.read_text().strip()}, in {where}"


def is_wanted() -> bool:
    """Say whether to start anew in a namespace: this is not one, and one can be had."""
    return not _is_own() and not _why_not()


def _is_own() -> bool:
    return _MARK in os.environ


def _why_not() -> str:
    if os.geteuid() != 0:
        return "only root may make one of its own"
    try:
        program("unshare", "util-linux")
    except Missing as missing:
        return str(missing)
    if _CONTROL not in _AVAILABLE.read_text().split():
        return f"this kernel has no {_CONTROL}"
    return ""


def run_inside(command: list[str]) -> int:
    """Run a command in a namespace of its own, set up, and return its exit code.

    What ends this process ends the command too.
    """
    unshare = [program("unshare", "util-linux"), "--net"]
    setup = [sys.executable, "-m", "bench.network"]
    with _allowed(_CONTROL):
        process = subprocess.Popen([*unshare, *setup, *command], env=os.environ | {_MARK: "own"})
        try:
            return process.wait()
        finally:
            process.terminate()
            process.wait()


@contextmanager
def _allowed(control: str) -> Iterator[None]:
    """Let other namespaces choose a congestion control, until the block ends.

    The list of those is the first namespace's; all others only see it.
    """
    before = _ALLOWED.read_text()
    if control in before.split():
        yield
        return
    _ALLOWED.write_text(f"{before.strip()} {control}")
    try:
        yield
    finally:
        _ALLOWED.write_text(before)


def _set_up() -> None:
    _bring_up("lo")
    # With AI_ADDRCONFIG getaddrinfo(3) finds no address where 127.0.0.1 is the only one that there
    # is; tftpd-hpa could not start.
    _add_address("lo:1", "127.0.0.2")
    _CURRENT.write_text(_CONTROL)
    # A connection for each request soon uses up the ports of the default range.
    _PORTS.write_text("10240 65535")


def _bring_up(interface: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        asked = _IFREQ.pack(interface.encode(), 0)
        name, flags = _IFREQ.unpack(fcntl.ioctl(sock, _SIOCGIFFLAGS, asked))
        fcntl.ioctl(sock, _SIOCSIFFLAGS, _IFREQ.pack(name, flags | _IFF_UP))


def _add_address(alias: str, address: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        packed = socket.inet_aton(address)
        asked = _IFREQ_ADDRESS.pack(alias.encode(), socket.AF_INET, 0, packed)
        fcntl.ioctl(sock, _SIOCSIFADDR, asked)


if __name__ == "__main__":
    _set_up()
    os.execv(sys.argv[1], sys.argv[1:])
