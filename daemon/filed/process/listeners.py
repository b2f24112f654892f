"""The sockets that the master holds for all its children, over reloads too.

Each is known by the address that was asked for, so that one which is still asked for is kept, with
what is queued on it. Sockets that the service manager has bound stand in for all of `[listen]`.
"""

import errno
import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from filed.settings import Address, Settings
from filed.transport.local_address import IP_PKTINFO

_SO_MAX_PACING_RATE: Final = 47  # asm-generic/socket.h; the kernel spreads a socket's bytes
_SO_RCVBUFFORCE: Final = 33  # the same; needs CAP_NET_ADMIN
_QUEUE_BYTES: Final = 2 * 1024 * 1024  # the kernel doubles it (socket(7)): about 5,000 requests
_NO_PACING: Final = -1  # all bits set: what a new socket has (net/core/sock.c)
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


class Kind(StrEnum):
    """What a socket is for."""

    TCP = "tcp"
    UDP = "udp"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A socket and how we came by it.

    Attributes:
        kind: what it is for.
        asked: the address as the settings ask for it; None where the service manager has bound it.
        sock: does not block, and is not inherited over an exec.
    """

    kind: Kind
    asked: Address | None
    sock: socket.socket


@dataclass(slots=True)
class Listeners:
    """Bound sockets; those for TCP and metrics listen.

    Attributes:
        held: those that are asked for.
        given_up: those that were before, and on which only former workers still serve.
    """

    held: list[Held]
    given_up: list[Held] = field(default_factory=list)

    @property
    def tcp(self) -> list[socket.socket]:
        return self._of(Kind.TCP)

    @property
    def udp(self) -> list[socket.socket]:
        return self._of(Kind.UDP)

    @property
    def metrics(self) -> socket.socket | None:
        return next(iter(self._of(Kind.METRICS)), None)

    def __iter__(self) -> Iterator[socket.socket]:
        return (each.sock for each in self.held)

    def close_served(self) -> None:
        """Close those that files are fetched from, in this process."""
        for sock in (*self.tcp, *self.udp):
            sock.close()
        self.close_given_up()

    def close_given_up(self) -> None:
        """Close those that are not asked for any more, in this process."""
        for held in self.given_up:
            held.sock.close()
        self.given_up.clear()

    def close(self) -> None:
        """Close them all in this process."""
        for sock in self:
            sock.close()
        self.close_given_up()

    def _of(self, kind: Kind) -> list[socket.socket]:
        return [each.sock for each in self.held if each.kind is kind]


def handed(sockets: Iterable[socket.socket]) -> list[Held]:
    """Take sockets that the service manager has bound; each says itself what it is for."""
    kinds = {socket.SOCK_STREAM: Kind.TCP, socket.SOCK_DGRAM: Kind.UDP}
    return [Held(kinds[socket.SocketKind(sock.type)], None, sock) for sock in sockets]


def bind(settings: Settings, before: Iterable[Held] = ()) -> Listeners:
    """Have a socket for each address that the settings ask for, or raise and have none more.

    Args:
        settings: say which addresses, and how sockets are to be.
        before: sockets held already. They stay as they are, also those that are not asked for.

    Raises:
        BindError: an address is taken, not this machine's, or not for us to have.
    """
    spare = list(before)
    kept, missing = _kept(settings, spare)
    with ExitStack() as undo:
        for kind, address in _apart_first(missing, spare):
            held = Held(kind, address, _new(kind, address, spare))
            undo.callback(held.sock.close)
            set_options(held, settings)
            kept.append(held)
        undo.pop_all()
    return Listeners(sorted(kept, key=lambda held: list(Kind).index(held.kind)), given_up=spare)


def shown(sock: socket.socket) -> str:
    """Write a socket's address as in the settings, with the port that it really got."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if sock.family == socket.AF_INET6 else f"{host}:{port}"


def _kept(settings: Settings, spare: list[Held]) -> tuple[list[Held], list[tuple[Kind, Address]]]:
    """Say which sockets go on, taking them out of `spare`, and which addresses have none yet."""
    kept = [held for held in spare if held.asked is None]
    wanted = Counter(_wanted(settings, are_handed=bool(kept)))
    for held in spare:
        if held.asked is not None and wanted[held.kind, held.asked]:
            wanted[held.kind, held.asked] -= 1
            kept.append(held)
    for held in kept:
        spare.remove(held)
    return kept, list(wanted.elements())


def _wanted(settings: Settings, *, are_handed: bool) -> Iterator[tuple[Kind, Address]]:
    if not are_handed:
        yield from ((Kind.TCP, address) for address in settings.listen.tcp)
        yield from ((Kind.UDP, address) for address in settings.listen.udp)
    if settings.metrics.listen is not None:
        yield Kind.METRICS, settings.metrics.listen


def _apart_first(
    missing: list[tuple[Kind, Address]], spare: list[Held]
) -> list[tuple[Kind, Address]]:
    # One that overlaps with an address of ours takes its clients from then on: only once nothing
    # else can fail.
    return sorted(missing, key=lambda each: bool(_overlapping(each[0], each[1], spare)))


def _overlapping(kind: Kind, address: Address, spare: list[Held]) -> list[socket.socket]:
    return [
        held.sock
        for held in spare
        if (held.kind is Kind.UDP) == (kind is Kind.UDP)
        and held.sock.getsockname()[1] == address.port
    ]


def _new(kind: Kind, address: Address, spare: list[Held]) -> socket.socket:
    rivals = _overlapping(kind, address, spare)
    try:
        return _bound_anywhere(kind, address, rivals)
    except OSError as error:
        name = "UDP" if kind is Kind.UDP else "TCP"
        raise BindError(
            f"{name} {address}: {_HINTS.get(error.errno or 0, error.strerror)}"
        ) from error


def _bound_anywhere(kind: Kind, address: Address, rivals: list[socket.socket]) -> socket.socket:
    try:
        return _bound(kind, address, rivals)
    except OSError as error:
        if address.host != _EVERYWHERE or error.errno not in _NO_IPV6:
            raise
    return _bound(kind, Address(_EVERYWHERE_V4, address.port), rivals)


def _bound(kind: Kind, address: Address, rivals: list[socket.socket]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    protocol = socket.SOCK_DGRAM if kind is Kind.UDP else socket.SOCK_STREAM
    sock = socket.socket(family, protocol | socket.SOCK_NONBLOCK)
    try:
        if kind is not Kind.UDP:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address.host == _EVERYWHERE:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        with _sharing([sock, *rivals] if rivals else []):
            sock.bind((address.host, address.port))
            if kind is not Kind.UDP:
                sock.listen()
    except OSError:
        sock.close()
        raise
    return sock


@contextmanager
def _sharing(sockets: list[socket.socket]) -> Iterator[None]:
    """Let sockets of ours have overlapping addresses, such as [::]:80 and 127.0.0.1:80.

    Both have to allow it while the second is bound and begins to listen (SO_REUSEPORT, socket(7)),
    and only then: another program of the same user could join as well.
    """
    try:
        for sock in sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        yield
    finally:
        for sock in sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)


def set_options(held: Held, settings: Settings) -> None:
    """Have a socket be as the settings say; it may have been otherwise before."""
    match held.kind:
        case Kind.TCP:
            _set_tcp_options(held, settings)
        case Kind.UDP:
            _set_queue(held.sock)
            # Each datagram says which of our addresses it was sent to (ip(7), ipv6(7)).
            held.sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            if held.sock.family == socket.AF_INET6:
                held.sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)


def _set_queue(sock: socket.socket) -> None:
    # A rack that is switched on asks all at once. What root may have the kernel gives to others up
    # to net.core.rmem_max (socket(7)).
    if sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= 2 * _QUEUE_BYTES:
        return  # the service manager has given it as much, or we have
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _QUEUE_BYTES)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _QUEUE_BYTES)


def _set_tcp_options(held: Held, settings: Settings) -> None:
    # What is accepted inherits both. A reply is either one send or corked: nothing is gained by
    # waiting for more (tcp(7)).
    held.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    held.sock.setsockopt(socket.SOL_SOCKET, _SO_MAX_PACING_RATE, settings.limits.rate or _NO_PACING)
    if held.asked is not None:  # else it is the service manager's setting
        held.sock.listen(settings.listen.backlog)
