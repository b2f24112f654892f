"""The sockets that the master holds for all its children."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from filed.settings import Address, Settings
from filed.transport.datagrams import IP_PKTINFO

_SO_MAX_PACING_RATE: Final = 47  # asm-generic/socket.h; the kernel spreads a socket's bytes
_EVERYWHERE: Final = "::"
_EVERYWHERE_V4: Final = "0.0.0.0"  # noqa: S104 - what the operator asked for, without IPv6
_NO_IPV6: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
_HINTS: Final = {
    errno.EADDRINUSE: "another program has this address already",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "not allowed; ports below 1024 need root or a socket handed over",
}


class BindError(Exception):
    """An address that cannot be bound; its words say which and why."""


@dataclass(slots=True)
class Listeners:
    """Bound sockets: TCP ones listen, all are non-blocking, none is inherited over an exec."""

    tcp: list[socket.socket] = field(default_factory=list)
    udp: list[socket.socket] = field(default_factory=list)
    metrics: socket.socket | None = None

    def __iter__(self) -> Iterator[socket.socket]:
        yield from self.tcp
        yield from self.udp
        if self.metrics is not None:
            yield self.metrics

    def close_served(self) -> None:
        """Close those that files are fetched from, in this process."""
        for sock in (*self.tcp, *self.udp):
            sock.close()

    def close(self) -> None:
        """Close them all in this process."""
        for sock in self:
            sock.close()


def bind(settings: Settings) -> Listeners:
    """Bind all that the settings ask for, or nothing.

    Raises:
        BindError: an address is taken, not this machine's, or not for us to have.
    """
    with ExitStack() as undo:
        listeners = Listeners()
        undo.callback(listeners.close)
        for address in settings.listen.tcp:
            listeners.tcp.append(_listen(address, settings))
        for address in settings.listen.udp:
            listeners.udp.append(_bind_udp(address))
        if settings.metrics.listen is not None:
            sock = _bind(settings.metrics.listen, socket.SOCK_STREAM)
            sock.listen()
            listeners.metrics = sock
        undo.pop_all()
    return listeners


def shown(sock: socket.socket) -> str:
    """Write a socket's address as in the settings, with the port that it really got."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if sock.family == socket.AF_INET6 else f"{host}:{port}"


def _listen(address: Address, settings: Settings) -> socket.socket:
    sock = _bind(address, socket.SOCK_STREAM)
    # What is accepted inherits both. A reply is either one send or corked: nothing is gained by
    # waiting for more (tcp(7)).
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if settings.limits.rate:
        sock.setsockopt(socket.SOL_SOCKET, _SO_MAX_PACING_RATE, settings.limits.rate)
    sock.listen(settings.listen.backlog)
    return sock


def _bind_udp(address: Address) -> socket.socket:
    sock = _bind(address, socket.SOCK_DGRAM)
    # Each datagram says which of our addresses it was sent to (ip(7), ipv6(7)).
    sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    return sock


def _bind(address: Address, kind: socket.SocketKind) -> socket.socket:
    try:
        return _bound(address.host, address.port, kind)
    except OSError as error:
        if address.host == _EVERYWHERE and error.errno in _NO_IPV6:
            return _bind(Address(_EVERYWHERE_V4, address.port), kind)
        name = "TCP" if kind is socket.SOCK_STREAM else "UDP"
        raise BindError(
            f"{name} {address}: {_HINTS.get(error.errno or 0, error.strerror)}"
        ) from error


def _bound(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, kind | socket.SOCK_NONBLOCK)
    try:
        if kind is socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if host == _EVERYWHERE:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
