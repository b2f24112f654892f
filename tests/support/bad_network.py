"""A bad network on this machine: packets take their time, and some of them get lost.

Either is real but for what it does to packets, and needs root and iproute2:

- `netem` has the kernel do it (tc-netem(8)), on the loopback of a namespace. What the server hands
  to the kernel in one piece is lost in one piece there.
- `line` is a line between two namespaces. Each has one end of it, a TUN device
  (networking/tuntap.rst in the kernel's documentation); what passes is handed on by this file as a
  program, `bad_network LOSS DELAY_S`. It writes down where the two are once all is there.
"""

import ctypes
import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass

_SERVER, _CLIENT = "192.0.2.1", "192.0.2.2"  # RFC 5737
_IFREQ = struct.Struct("16sH22x")  # netdevice(7)
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_CLONE_NEWNET = 0x40000000
_PACKET_BYTES = 65536
_SEED = 1350


class UnavailableError(Exception):
    """This machine has no such network; the argument says what it lacks."""


@dataclass(frozen=True)
class Network:
    """A network, seen from the programs in it.

    Attributes:
        server: the address of the server's side.
        to_server, to_client: what to put before a command to have it run on either side.
    """

    server: str
    to_server: list
    to_client: list


@contextmanager
def netem(*, loss, delay_s):
    """Have the kernel's, while the block lasts.

    Args:
        loss: which part of all packets gets lost, each way.
        delay_s: how long each of the others takes, each way.

    Raises:
        UnavailableError: not on this machine.
    """
    rule = f"tc qdisc add dev lo root netem delay {delay_s * 1000}ms loss {loss * 100}%"
    script = f"ip link set lo up && {rule} && echo there && exec cat"
    with _holding("unshare", "--net", "sh", "-c", script) as (process, _):
        side = _into(f"/proc/{process.pid}/ns/net")
        yield Network("127.0.0.1", side, side)


@contextmanager
def line(*, loss, delay_s):
    """Have our own; all as with `netem`."""
    with _holding(sys.executable, __file__, str(loss), str(delay_s)) as (_, told):
        yield Network(_SERVER, *map(_into, told.split()))


@contextmanager
def _holding(*command):
    """Run what holds a network while the block lasts, and give what it says when that is there."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            if not (told := process.stdout.readline()):
                why = process.stderr.read().strip()
                assert "Traceback" not in why, why
                raise UnavailableError(why)
            yield process, told
        finally:
            process.kill()


def _into(namespace):
    return ["nsenter", f"--net={namespace}", "--"]


def main(loss, delay_s):
    """Make both ends, tell where they are, and be the line between them."""
    try:
        ends = [_end(address) for address in (_SERVER, _CLIENT)]
    except OSError as error:
        sys.exit(str(error))
    sys.stdout.write(" ".join(f"/proc/{os.getpid()}/fd/{namespace}" for namespace, _ in ends))
    sys.stdout.write("\n")
    sys.stdout.flush()
    _pass_packets([tun for _, tun in ends], float(loss), float(delay_s))


def _end(address):
    """Make one end in a namespace of its own; return descriptors of that and of its device."""
    _enter_new_namespace()
    return os.open("/proc/self/ns/net", os.O_RDONLY), _tun(address)


def _enter_new_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _tun(address):
    """Make this end's device, with an address; return the descriptor that its packets come from."""
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, _TUNSETIFF, _IFREQ.pack(b"line", _IFF_TUN | _IFF_NO_PI))
    for command in (
        "ip link set lo up",
        f"ip address add {address}/30 dev line",
        "ip link set line up",
    ):
        subprocess.run(command.split(), check=True)
    return tun


def _pass_packets(tuns, loss, delay_s):
    chance = random.Random(_SEED)
    other = dict(zip(tuns, reversed(tuns), strict=True))
    under_way, order = [], itertools.count()
    with select.epoll() as epoll:
        for tun in tuns:
            epoll.register(tun, select.EPOLLIN)
        while True:
            wait_s = under_way[0][0] - time.monotonic() if under_way else -1
            for tun, _ in epoll.poll(max(0, wait_s) if under_way else -1):
                packet = os.read(tun, _PACKET_BYTES)
                if chance.random() >= loss:
                    arrival = (time.monotonic() + delay_s, next(order), other[tun], packet)
                    heapq.heappush(under_way, arrival)
            while under_way and under_way[0][0] <= time.monotonic():
                _, _, tun, packet = heapq.heappop(under_way)
                os.write(tun, packet)


if __name__ == "__main__":
    main(*sys.argv[1:])
