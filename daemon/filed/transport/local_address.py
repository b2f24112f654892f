"""Which of this machine's addresses a datagram was sent to, so that the answer leaves from there.

The kernel tells with each datagram (IP_PKTINFO of ip(7), IPV6_PKTINFO of ipv6(7)). On a machine
with several addresses it would choose another one for the answer, by its routes, and clients take
no answer from an address that they have not asked.
"""

import ipaddress
import socket
import struct
from typing import Final, NamedTuple

IP_PKTINFO: Final = 8  # linux/in.h; Python's socket module has it from 3.14 on
_V4_INFO: Final = struct.Struct("=i4s4s")  # in_pktinfo: interface, our address, their destination
_V6_INFO: Final = struct.Struct("=16si")  # in6_pktinfo: their destination, interface
_V6_MULTICAST: Final = 0xFF
_V6_LINK_LOCAL: Final = ipaddress.IPv6Network("fe80::/10")

ANCILLARY_BYTES: Final = socket.CMSG_SPACE(_V4_INFO.size) + socket.CMSG_SPACE(_V6_INFO.size)

Ancillary = list[tuple[int, int, bytes]]
"""Control messages (cmsg(3)): level, type, data."""


class Broadcast(Exception):
    """A datagram that was sent to many: RFC 1123 §4.2.3.4 has TFTP not answer it; nor do we."""


class LocalAddress(NamedTuple):
    """An address of ours.

    Attributes:
        packed: as it is on the wire, 4 or 16 bytes.
        interface: the index of the interface that a link-local address belongs to; else 0.
        control: has an answer leave from there, with sendmsg(2).
    """

    packed: bytes
    interface: int
    control: Ancillary


def asked_at(ancillary: Ancillary) -> LocalAddress | None:
    """Read to which address a datagram was sent; None where the kernel has not said it.

    Raises:
        Broadcast: to a broadcast or multicast address.
    """
    # A dual-stack socket tells both of an IPv4 datagram.
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            return _v4(data)
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            return _v6(data)
    return None


def _v4(data: bytes) -> LocalAddress:
    _, ours, asked = _V4_INFO.unpack(data[: _V4_INFO.size])
    if asked != ours:
        raise Broadcast
    info = _V4_INFO.pack(0, ours, bytes(4))
    return LocalAddress(ours, 0, [(socket.IPPROTO_IP, IP_PKTINFO, info)])


def _v6(data: bytes) -> LocalAddress:
    ours, interface = _V6_INFO.unpack(data[: _V6_INFO.size])
    if ours[0] == _V6_MULTICAST:
        raise Broadcast
    # Only a link-local address is bound to its interface; the rest is for routing.
    if ipaddress.IPv6Address(ours) not in _V6_LINK_LOCAL:
        interface = 0
    info = _V6_INFO.pack(ours, interface)
    return LocalAddress(ours, interface, [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, info)])
