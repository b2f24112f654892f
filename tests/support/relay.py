"""A relay between clients and the daemon that remembers what both have said.

It hands on bytes, ends and resets as they come, so neither side can tell that it is there. What the
server has answered is judged when the relay closes.
"""

import selectors
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from support import lint

_PIECE_BYTES = 1 << 18
_RESETS = struct.pack("ii", 1, 0)  # SO_LINGER: what is closed is reset


@contextmanager
def relayed(port):
    """Relay to a server's port until the block ends, then check all answers that came whole.

    Args:
        port: the server's, at 127.0.0.1.

    Yields:
        The relay's port, at the same address.

    Raises:
        AssertionError: an answer breaks a rule of HTTP.
    """
    stop, stopped = socket.socketpair()
    listener = socket.create_server(("127.0.0.1", 0))
    with stop, stopped, listener, ThreadPoolExecutor(1) as pool:
        relay = pool.submit(_Relay(listener, port).run, stopped)
        try:
            yield listener.getsockname()[1]
        finally:
            stop.close()
            connections = relay.result()
    for connection in connections:
        lint.check_stream(bytes(connection.answered.said), bytes(connection.asked.said))


class _Relay:
    """What runs in the thread: all connections of a relay, and the one selector they share."""

    def __init__(self, listener, port):
        self._listener = listener
        self._port = port
        self._selector = selectors.DefaultSelector()
        self._connections = []

    def run(self, stopped):
        """Relay until `stopped` can be read; return all connections that there were."""
        with self._selector:
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
            self._selector.register(stopped, selectors.EVENT_READ, None)
            while None not in (ready := {key.data for key, _ in self._selector.select()}):
                for go_on in ready:
                    go_on()
        for connection in self._connections:
            connection.close()
        return self._connections

    def _accept(self):
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self._port))
        except ConnectionRefusedError:
            client.close()
            return
        self._connections.append(_Connection(client, server, self._selector))


class _Connection:
    """A client's connection and the one that it stands for."""

    def __init__(self, client, server, selector):
        self.asked = _Way(client, server)
        self.answered = _Way(server, client)
        self._sockets = client, server
        self._selector = selector
        for sock in self._sockets:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watch()

    def close(self):
        for sock in self._sockets:
            sock.close()

    def _go_on(self):
        try:
            self.asked.go_on()
            self.answered.go_on()
        except OSError:
            self._reset()
        self._watch()

    def _reset(self):
        """One side is gone without an end; let the other see the same."""
        for sock in self._sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS)
        self.asked.ended = self.answered.ended = True

    def _watch(self):
        wanted = dict.fromkeys(self._sockets, 0)
        for way in (self.asked, self.answered):
            sock, event = way.waits_for()
            wanted[sock] |= event
        for sock, events in wanted.items():
            with suppress(KeyError):  # it was not watched
                self._selector.unregister(sock)
            if events:
                self._selector.register(sock, events, self._go_on)
        if not any(wanted.values()):
            self.close()


class _Way:
    """One way of a connection, from a socket to another, and all that was said on it."""

    def __init__(self, source, sink):
        self.said = bytearray()
        self.ended = False
        self._source = source
        self._sink = sink
        self._left = b""

    def waits_for(self):
        """Which socket has to be ready for which event before this way can go on."""
        if self.ended:
            return self._source, 0
        if self._left:
            return self._sink, selectors.EVENT_WRITE
        return self._source, selectors.EVENT_READ

    def go_on(self):
        """Hand on what can be; raise OSError where one of the two is gone."""
        with suppress(BlockingIOError):
            if not self._left and not self.ended:
                self._receive()
            if self._left:
                self._left = self._left[self._sink.send(self._left) :]

    def _receive(self):
        self._left = self._source.recv(_PIECE_BYTES)
        self.said += self._left
        if not self._left:
            self.ended = True
            self._sink.shutdown(socket.SHUT_WR)
