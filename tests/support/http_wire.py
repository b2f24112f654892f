"""HTTP as it is on the wire: a client that sends exactly the bytes it is told to."""

import socket
from dataclasses import dataclass

from support import lint


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, taken apart; names of fields in lower case."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def __getitem__(self, name):
        """Return a field's value; None where it was not sent. A field sent twice is a failure."""
        values = [value for field, value in self.fields if field == name.lower()]
        assert len(values) <= 1, f"{name} was sent {len(values)} times"
        return values[0] if values else None


def request(target, *fields, method="GET", version="1.1", host="server"):
    """Write a request's head; `target` and `fields` as text or bytes."""
    lines = [b"%b %b HTTP/%b" % (_bytes(method), _bytes(target), _bytes(version))]
    if host is not None:
        lines.append(b"Host: " + _bytes(host))
    return b"".join(line + b"\r\n" for line in (*lines, *map(_bytes, fields), b""))


class HttpClient:
    """One TCP connection that speaks HTTP."""

    def __init__(self, port, *, host="127.0.0.1", timeout=10.0):
        self.sock = socket.create_connection((host, port), timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def get(self, target, *fields, **more):
        """Ask for a target and return the answer; `fields` and `more` as in `request`."""
        asked = request(target, *fields, **more)
        self.send(asked)
        return self.answer(more.get("method", "GET"), asked)

    def answer(self, method="GET", asked=b""):
        """Read one answer, to a request of that method; `asked` is its head, where it is known."""
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        status, fields = _taken_apart(head)
        bodiless = method == "HEAD" or status in (204, 304)
        body = b"" if bodiless else self._take(int(dict(fields)["content-length"]))
        lint.check(head, body, method=_bytes(method), asked=asked)
        return Answer(status, fields, body)

    def is_closed(self):
        """Wait for more; say whether the server has closed instead, with nothing left over."""
        assert not self._buffer, self._buffer
        return self.sock.recv(1) == b""

    def _take(self, size):
        pieces, have = [self._buffer], len(self._buffer)
        while have < size:
            piece = self.sock.recv(1 << 20)
            assert piece, f"closed after {have} of {size} bytes of a body"
            pieces.append(piece)
            have += len(piece)
        whole = b"".join(pieces)
        self._buffer = whole[size:]
        return whole[:size]

    def _receive(self):
        piece = self.sock.recv(65536)
        assert piece, f"closed within a head: {self._buffer!r}"
        self._buffer += piece


def get(port, target, *fields, **more):
    """Ask for a target on a connection of its own."""
    with HttpClient(port) as client:
        return client.get(target, *fields, **more)


def answers(stream, *methods):
    """Take a whole stream apart into its answers, one for each request's method."""
    found = []
    for method in methods:
        head, end, rest = stream.partition(b"\r\n\r\n")
        assert end, f"{len(found)} answers, then {stream[:200]!r}"
        status, fields = _taken_apart(head)
        bodiless = method == "HEAD" or status in (204, 304)
        size = 0 if bodiless else int(dict(fields)["content-length"])
        assert len(rest) >= size, f"{len(rest)} of {size} bytes of a body"
        lint.check(head, rest[:size], method=_bytes(method))
        found.append(Answer(status, fields, rest[:size]))
        stream = rest[size:]
    assert not stream, f"more than the answers: {stream[:200]!r}"
    return found


def _taken_apart(head):
    status_line, *lines = head.split(b"\r\n")
    version, status, _ = status_line.split(b" ", 2)
    assert version == b"HTTP/1.1", status_line
    pairs = (line.decode("latin-1").split(": ", 1) for line in lines)
    return int(status), tuple((name.lower(), value) for name, value in pairs)


def _bytes(value):
    return value if isinstance(value, bytes) else value.encode()
