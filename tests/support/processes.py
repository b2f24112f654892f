"""What /proc and the shared table tell of a daemon's processes."""

import os
from contextlib import contextmanager
from pathlib import Path

from filed.metrics.table import Table


def status(pid):
    """The fields of /proc/PID/status (proc_pid_status(5)), as text."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def client_ports(pid, port):
    """The clients' ports of the TCP connections to `port` that a process holds."""
    inodes = set(_socket_inodes(pid))
    listening = 0
    return {remote for remote, inode in _sockets(port) if inode in inodes} - {listening}


@contextmanager
def shared_table(daemon):
    """The daemon's table of numbers, mapped here too: it can be read when the daemon has ended."""
    folder = Path(f"/proc/{daemon.process.pid}/fd")
    found = next(each for each in folder.iterdir() if "filed-table" in str(each.readlink()))
    table = Table(os.open(found, os.O_RDWR))
    try:
        yield table
    finally:
        table.close()


def _socket_inodes(pid):
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:  # closed since
            continue
        if target.startswith("socket:["):
            yield target[8:-1]


def _sockets(port):
    """The remote port and the inode of each TCP socket of ours (proc_net_tcp(5))."""
    for family in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{family}").read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port:
                yield int(fields[2].rpartition(":")[2], 16), fields[9]
