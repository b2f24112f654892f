"""What a socket unit of systemd does: bind, then become the service with the descriptors from 3 on.

As a program: `socket_unit.py KIND… -- COMMAND…`.
"""

import os
import socket
import sys

ANY_PORT = ("127.0.0.1", 0)


def tcp():
    return socket.create_server(ANY_PORT)


def tcp6():
    return socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)


def udp():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(ANY_PORT)
    return sock


def silent_tcp():
    sock = socket.socket()
    sock.bind(ANY_PORT)
    return sock


def unbound_udp():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def unix():
    sock = socket.socket(socket.AF_UNIX)
    sock.bind("")  # an abstract name of the kernel's choice, unix(7)
    sock.listen()
    return sock


def netlink():
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)


def icmp():
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


def file():
    return open("/dev/null", "rb")  # noqa: PTH123 - it is for the program that follows


def become(kinds, command):
    """Become the command, with a descriptor of each kind from 3 on, named after its kind."""
    made = [globals()[kind]() for kind in kinds]
    # Out of the way first: one may have the number that another is to have.
    high = [os.dup(each.fileno()) for each in made]
    while min(high, default=3 + len(kinds)) < 3 + len(kinds):
        high = [os.dup(fd) for fd in high]
    for number, fd in enumerate(high, 3):
        os.dup2(fd, number)
    for name, value in (
        ("LISTEN_PID", os.getpid()),
        ("LISTEN_FDS", len(kinds)),
        ("LISTEN_FDNAMES", ":".join(kinds)),
    ):
        os.environ.setdefault(name, str(value))
    os.execvp(command[0], command)


if __name__ == "__main__":
    split = sys.argv.index("--")
    become(sys.argv[1:split], sys.argv[split + 1 :])
