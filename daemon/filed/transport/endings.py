"""How a TCP connection ends: what its peer makes of it, and what its peer has made of ours."""

import errno
import socket
import struct
from typing import Final

# What closing comes to (SO_LINGER, socket(7)).
_RESET: Final = struct.pack("ii", 1, 0)
_CLEAN: Final = struct.pack("ii", 0, 0)
# What sending says when there is nobody to send to: tcp(7), and what a network between may say.
_PEER_GONE: Final = frozenset(
    {
        errno.EPIPE,
        errno.ECONNRESET,
        errno.ETIMEDOUT,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.EHOSTDOWN,
    }
)


def reset_when_closed(sock: socket.socket) -> None:
    """Have closing, even by a process that is killed, look like a failure to the peer."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def end_when_closed(sock: socket.socket) -> None:
    """Have closing look like the end of what was sent, as is usual."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLEAN)


def cause(error: OSError) -> str:
    """Say why sending has failed: `peer`, who is gone, or an `error` here."""
    return "peer" if error.errno in _PEER_GONE else "error"
