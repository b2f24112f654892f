"""Clients that are not ours, and one that sends exactly the bytes it is told to."""

import os
import shutil
import socket

import pytest

from support import lint


def program(name, package):
    """The path of a client; where it is missing, a skip that says what to install, or in CI a
    failure: there it is a mistake of the build.
    """
    path = shutil.which(name)
    if path is None:
        reason = f"{name} is missing; install Debian's package {package}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def exchange(port, data, *, host="127.0.0.1", half_close=False, timeout=10.0):
    """Send bytes over TCP and return all that comes back until the server closes."""
    with socket.create_connection((host, port), timeout=timeout) as sock:
        sock.sendall(data)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        received = receive_all(sock)
    lint.check_stream(received, data)
    return received


def receive_all(sock):
    """What a socket receives until its peer closes."""
    pieces = []
    while piece := sock.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def ask(port, datagram, *, host="127.0.0.1", timeout=5.0):
    """Send one datagram and return the answer's bytes; None where none comes in time."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect((host, port))
        sock.send(datagram)
        try:
            return sock.recv(65536)
        except TimeoutError:
            return None
