"""The socket of one transfer: between the address that was asked and the client's, on a new port.

That port is the server's transfer identifier (RFC 1350 §4). The socket is connected, so what
strangers send to it is refused by the kernel, and a client that is gone shows as ECONNREFUSED.
"""

import errno
import secrets
import socket
from typing import Final

import structlog

from filed.protocols.tftp.packets import HEADER
from filed.settings.ports import Ports
from filed.transport.local_address import LocalAddress
from filed.transport.tftp.burst import Burst

_log = structlog.get_logger()

# linux/in.h, linux/in6.h, linux/udp.h: what Python's socket module does not have.
_PMTUDISC_DONT: Final = 0
_IP_MTU: Final = 14
_IP_BIND_ADDRESS_NO_PORT: Final = 24
_IPV6_MTU: Final = 24
_UDP_SEGMENT: Final = 103
# IP_MTU_DISCOVER, IPV6_MTU_DISCOVER
_MTU_DISCOVER: Final = {
    socket.AF_INET: (socket.IPPROTO_IP, 10),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 23),
}

_UDP_HEADER_BYTES: Final = 8  # RFC 768
_IP_HEADER_BYTES: Final = {socket.AF_INET: 20, socket.AF_INET6: 40}  # RFC 791, RFC 8200
_MAPPED: Final = "::ffff:"  # RFC 4291 §2.5.5.2
_V4_BYTES: Final = 4

# No OACK or ERROR packet is as long. The kernel would cut those too.
_LEAST_CUT_BYTES: Final = 128

# What a kernel or a path says that cannot cut: mostly EMSGSIZE, a packet is longer than the path
# takes (EINVAL in older kernels); EIO, a card or a tunnel lacks the checksums for it.
_UNCUT: Final = frozenset({errno.EMSGSIZE, errno.EINVAL, errno.EIO})

Client = tuple[str, int] | tuple[str, int, int, int]
"""A client's address as recvmsg(2) gives it to Python."""


class Endpoint:
    """Where one transfer's packets leave and arrive.

    Attributes:
        socket: does not block.
    """

    __slots__ = ("_cuts", "socket")

    def __init__(
        self, ours: LocalAddress | None, client: Client, ports: Ports | None = None
    ) -> None:
        """Open a socket towards a client.

        Args:
            ours: the address that was asked; None for whatever the routes say.
            client: who has asked.
            ports: out of which one is to be taken; None where the kernel may choose.

        Raises:
            OSError: no descriptor or port is free, or there is no way to the client.
        """
        host = client[0]
        mapped = ours is not None and len(ours.packed) == _V4_BYTES and host.startswith(_MAPPED)
        family = socket.AF_INET if mapped or ":" not in host else socket.AF_INET6
        self.socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._cuts = False
        try:
            # Many tunnels drop what may not be cut on its way, and tell nobody. And a router that
            # does tell (RFC 8201) is the kernel's concern then, and no error of the socket's.
            self.socket.setsockopt(*_MTU_DISCOVER[family], _PMTUDISC_DONT)
            _bind(self.socket, ours, ports)
            self.socket.connect((host.removeprefix(_MAPPED), client[1]) if mapped else client)
            _drain(self.socket)
        except OSError:
            self.socket.close()
            raise

    def largest_blksize(self) -> int:
        """Return how large a block may be that the path takes in one piece, as far as is known."""
        sock = self.socket
        if sock.family == socket.AF_INET:
            mtu = sock.getsockopt(socket.IPPROTO_IP, _IP_MTU)
        else:
            mtu = sock.getsockopt(socket.IPPROTO_IPV6, _IPV6_MTU)
        return mtu - _IP_HEADER_BYTES[sock.family] - _UDP_HEADER_BYTES - HEADER.size

    def cut(self, packet_bytes: int) -> None:
        """Have the kernel cut whatever is longer into packets of so many bytes, where it can."""
        if packet_bytes < _LEAST_CUT_BYTES:
            return
        try:
            self.socket.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, packet_bytes)
        except OSError as error:
            _log.debug("packets_sent_one_by_one", error=str(error))
        else:
            self._cuts = True

    def send(self, packet: bytes | memoryview) -> bool:
        """Send one packet, and say whether the socket had room for it.

        Raises:
            ConnectionRefusedError: the client is gone.
        """
        try:
            self.socket.send(packet)
        except BlockingIOError:
            return False
        except OSError as error:
            _lost(error)
        return True

    def send_burst(self, burst: Burst, size_bytes: int) -> int:
        """Send the packets that lie in a burst.

        Args:
            burst: full packets, the last one maybe shorter.
            size_bytes: how many bytes they are.

        Returns:
            How many bytes of them the socket had room for; whole packets.

        Raises:
            ConnectionRefusedError: the client is gone.
        """
        if size_bytes <= burst.packet_bytes:
            return size_bytes if self.send(burst.room[:size_bytes]) else 0
        if self._cuts:
            try:
                return self.socket.send(burst.room[:size_bytes])
            except BlockingIOError:
                return 0
            except OSError as error:
                if error.errno not in _UNCUT:
                    _lost(error)
                    return size_bytes
                self._cut_no_more(error)
        return self._send_one_by_one(burst, size_bytes)

    def _cut_no_more(self, error: OSError) -> None:
        _log.debug("packets_sent_one_by_one", error=str(error))
        self._cuts = False
        self.socket.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, 0)

    def _send_one_by_one(self, burst: Burst, size_bytes: int) -> int:
        for at in range(0, size_bytes, burst.packet_bytes):
            if not self.send(burst.room[at : min(at + burst.packet_bytes, size_bytes)]):
                return at
        return size_bytes


def _lost(error: OSError) -> None:
    if isinstance(error, ConnectionRefusedError):
        raise error
    # No route, a firewall, no memory: as good as lost on the way.
    _log.debug("datagram_not_sent", error=str(error))


def _bind(sock: socket.socket, ours: LocalAddress | None, ports: Ports | None) -> None:
    host = "" if ours is None else socket.inet_ntop(sock.family, ours.packed)
    rest = () if sock.family == socket.AF_INET else (0, ours.interface if ours is not None else 0)
    if ports is None:
        # It is chosen as the socket connects, not before: in between strangers could send to it.
        sock.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((host, 0, *rest))
        return
    # Not from the first on, nor from where the other workers look, whose random numbers are the
    # same after the fork.
    start = secrets.randbelow(len(ports))
    for step in range(len(ports)):
        try:
            sock.bind((host, ports.first + (start + step) % len(ports), *rest))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return
    raise OSError(errno.EADDRINUSE, "all ports are in use")


def _drain(sock: socket.socket) -> None:
    """Drop what strangers have sent since the socket had its port and before it was connected."""
    try:
        while True:
            sock.recv(1)
    except BlockingIOError:
        return
