"""What a person at a terminal sees first: how to fetch something."""

import socket
import sys
from typing import Final

from filed.process.listeners import Listeners
from filed.settings import Settings

# Where localhost is ::1 first, clients of UDP would try no other address, and never get an answer
# from a socket of IPv4.
_ANYWHERE: Final = {"::": "localhost", "0.0.0.0": "127.0.0.1"}  # noqa: S104 - recognised, not bound


def show(settings: Settings, listeners: Listeners) -> None:
    """Print a command for each protocol and address, to standard error.

    Args:
        settings: which protocols are on.
        listeners: where they are.
    """
    lines = [f"filed serves {settings.root}", ""]
    for sock in listeners.tcp:
        host, port = _reachable(sock)
        if settings.http.enabled:
            lines.append(f"  curl -O http://{host}:{port}/NAME")
        if settings.plain.enabled:
            lines.append(f"  printf NAME | nc {host.strip('[]')} {port} > NAME")
    for sock in listeners.udp:
        host, port = _reachable(sock)
        if settings.tftp.enabled:
            lines.append(f"  curl -O tftp://{host}:{port}/NAME")
        if settings.query.enabled:
            lines.append(f"  printf NAME | nc -u -w1 {host.strip('[]')} {port}")
    if listeners.metrics is not None:
        host, port = _reachable(listeners.metrics)
        lines.append(f"  curl http://{host}:{port}/metrics")
    sys.stderr.write("\n".join([*lines, "", "Ctrl-C stops it.", ""]) + "\n")
    sys.stderr.flush()


def _reachable(sock: socket.socket) -> tuple[str, int]:
    """Give an address that this machine reaches the socket by, ready for a URL."""
    host, port = sock.getsockname()[:2]
    if host in _ANYWHERE:
        return _ANYWHERE[host], port
    return f"[{host}]" if ":" in host else host, port
