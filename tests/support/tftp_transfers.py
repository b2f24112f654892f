"""What a daemon tells of its TFTP transfers, and whether something has harmed them."""

import socket
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from support.daemon import wait_until
from support.tftp import Client

# Longer than any test needs between two of its steps.
_PATIENCE_S = 60
_BLKSIZE = 8192
_NO_FILES = ("socket:", "anon_inode:", "pipe:", "/memfd:", "/dev/")


def under_way(daemon):
    return daemon.metrics()["filed_tftp_transfers_active"]


def wait_until_over(daemon, timeout=20.0):
    """Wait until no transfer is under way."""
    wait_until(lambda: under_way(daemon) == 0, "all transfers to be over", timeout)


def ends(daemon):
    """How many transfers have ended, by how, without the zeros."""
    return _counts(daemon.metrics(), 'filed_tftp_transfers_total{result="')


def dropped(daemon):
    """How many datagrams were dropped, by the reason, without the zeros."""
    return _counts(daemon.metrics(), 'filed_datagrams_dropped_total{reason="')


def errors(daemon):
    """How many ERROR packets were sent, by their code, without the zeros."""
    return _counts(daemon.metrics(), 'filed_tftp_errors_total{code="')


def taken(daemon):
    """How many datagrams the daemon has done something about, if nothing is sent again by time.

    An answer, a transfer, a drop; a request that came once more is among them when its transfer is
    over.
    """
    metrics = daemon.metrics()
    answered = sum(
        value for series, value in metrics.items() if series.startswith("filed_requests_total{")
    )
    refused = sum(_counts(metrics, 'filed_datagrams_dropped_total{reason="').values())
    again = metrics["filed_tftp_retransmits_total"]
    return int(answered + refused + again + metrics["filed_tftp_transfers_active"])


def queued(daemon):
    """How many bytes wait in the queue of the port for requests (proc_net_udp(5))."""
    lines = [
        line.split()
        for family in ("udp", "udp6")
        for line in Path(f"/proc/net/{family}").read_text().splitlines()[1:]
    ]
    local, queues = 1, 4
    return sum(
        int(fields[queues].rpartition(":")[2], 16)
        for fields in lines
        if int(fields[local].rpartition(":")[2], 16) == daemon.udp_port
    )


def _counts(metrics, prefix):
    return Counter(
        {
            series.removeprefix(prefix).removesuffix('"}'): int(value)
            for series, value in metrics.items()
            if series.startswith(prefix) and value
        }
    )


def is_refused(port):
    """Whether nobody has a UDP port: the kernel says so to who has sent there (udp(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.connect(("127.0.0.1", port))
        sock.send(b"small")
        try:
            return not sock.recv(1000)
        except ConnectionRefusedError:
            return True


def outcomes(daemon, client, count=1):
    """The access log's events of a client's transfers, once there are so many."""
    port = client.port

    def found():
        events = [event for event in daemon.events("request") if event["port"] == port]
        return events if len(events) >= count else None

    return wait_until(found, "the transfers to be logged")


def faults(daemon):
    """All that the log tells of what went wrong within the daemon."""
    return [event for event in daemon.events() if event.get("level") in ("error", "critical")]


@contextmanager
def unharmed(daemon):
    """Check after the block that the daemon is as it was before.

    It waits until no transfer is under way. Then it has the same workers, with nothing open that
    was not open before, but for files that the cache keeps; and no fault.
    """
    workers = daemon.workers()
    before = {pid: _open(pid) for pid in workers}
    yield
    wait_until_over(daemon)
    assert daemon.workers() == workers
    assert not faults(daemon)
    assert not any(_open(pid) - before[pid] for pid in workers)


def is_open(pid, path):
    """Say whether a process has a file open."""
    links = Path(f"/proc/{pid}/fd").iterdir()
    return str(path) in map(_target, links)


def _open(pid):
    """What a process has open, but for the files and directories of the tree."""
    targets = [_target(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
    return Counter(target for target in targets if target.startswith(_NO_FILES))


def _target(link):
    try:
        return str(link.readlink())
    except FileNotFoundError:  # closed since
        return ""


class Bystander:
    """A transfer that goes on while something else happens: it must not even notice.

    Its client has the server wait for long, so a packet that comes twice was lost or disturbed.

    Attributes:
        client: who receives it.
    """

    def __init__(self, daemon, name, content, host="127.0.0.1"):
        """Begin to fetch a large file."""
        self.client = Client(daemon, host)
        self._name, self._content = name, content
        self._had = 0

    def __enter__(self):
        self.client.begin(self._name, blksize=_BLKSIZE, timeout=_PATIENCE_S)
        self.client.ack(0)
        return self

    def step(self):
        """Take one block more."""
        packet = self.client.receive()
        begin = self._had * _BLKSIZE
        self._had += 1
        assert packet[1:3] == (self._had, self._content[begin : begin + _BLKSIZE])
        self.client.ack(self._had)

    def __exit__(self, kind, *exception):
        with self.client:
            if kind is None:
                self._finish()

    def _finish(self):
        had = self._content[: self._had * _BLKSIZE]
        assert self.client.finish(self.client.receive(), had=had) == self._content
        assert not self.client.waiting()
        blocks = len(self._content) // _BLKSIZE + 1
        numbers = [packet.number for packet in self.client.packets]
        assert numbers == [0, *range(1, blocks + 1)]
