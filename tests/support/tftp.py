"""A TFTP client that sends exactly what it is told to, and shows every packet that comes back.

It keeps to RFC 1350, 2347 and 7440, but has no timer: what is lost on its way is the server's to
send again. Only `ask` takes options as keywords, so `**{"windowsize": 4}` is `windowsize=4`.
"""

import socket
import struct
from typing import NamedTuple

RRQ, WRQ, DATA, ACK, ERROR, OACK = range(1, 7)
NUMBERS = 65536  # of blocks: the one after 65535 is 0

_HEADER = struct.Struct("!HH")
_BUFFER_BYTES = 4 * 1024 * 1024


class Packet(NamedTuple):
    """A packet of the server's.

    Attributes:
        opcode: what it is.
        number: DATA's block, as on the wire, or ERROR's code; 0 of an OACK.
        body: DATA's bytes, ERROR's text without its zero byte, an OACK's fields.
        source: the address and port that it came from.
    """

    opcode: int
    number: int
    body: bytes
    source: tuple[str, int]

    @property
    def options(self):
        """What an OACK grants, as a dict from names to values, both bytes as they came."""
        assert self.opcode == OACK, self
        fields = self.body.split(b"\0")
        assert fields.pop() == b"", "an OACK ends with a zero byte"
        return dict(zip(fields[::2], fields[1::2], strict=True))


class Refused(Exception):
    """The server has sent an ERROR packet, which is the argument `packet`."""

    def __init__(self, packet):
        self.packet = packet
        super().__init__(f"error {packet.number}: {packet.body.decode()}")


def request(name, mode=b"octet", *, opcode=RRQ, **options):
    """A read request; options' values may be numbers or bytes."""
    fields = [name, mode]
    for option, value in options.items():
        fields += [option.encode(), value if isinstance(value, bytes) else b"%d" % value]
    return struct.pack("!H", opcode) + b"".join(field + b"\0" for field in fields)


def ack(block):
    """An ACK; `block` is counted without end, and wraps on the wire."""
    return _HEADER.pack(ACK, block % NUMBERS)


def error(code, text=b"no thanks"):
    return _HEADER.pack(ERROR, code) + text + b"\0"


def parse(datagram, source=("", 0)):
    """Take a server's datagram apart; it must be one that a server may send."""
    (opcode,) = struct.unpack_from("!H", datagram)
    if opcode == OACK:
        return Packet(OACK, 0, datagram[2:], source)
    assert opcode in (DATA, ERROR), f"a server does not send {datagram[:64]!r}"
    number, body = _HEADER.unpack_from(datagram)[1], datagram[_HEADER.size :]
    if opcode == ERROR:
        assert body.endswith(b"\0"), body
        body = body[:-1]
        assert body, "an ERROR tells nothing"
        assert body.isascii(), body
    return Packet(opcode, number, body, source)


class Client:
    """One client, on a port of its own.

    Attributes:
        sock: its socket, which is not connected.
        server: the address and port that takes requests.
        peer: the address and port of the transfer: where the first packet came from that was
            received; None before.
        packets: all that was received, in order.
        terms: what the OACK granted, by names as bytes; {} before and without one.
    """

    def __init__(self, daemon, host="127.0.0.1", *, local=None, timeout=5.0):
        """Open a socket.

        Args:
            daemon: whom to ask.
            host: the address of the daemon's to ask.
            local: the own address and port; by default any.
            timeout: how long to wait for a packet, in seconds.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self.sock.settimeout(timeout)
        self.server = socket.getaddrinfo(host, daemon.udp_port, family)[0][4]
        if local is not None:
            self.sock.bind(local)
        self.peer = None
        self.packets = []
        self.terms = {}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.sock.close()

    @property
    def port(self):
        """Its own port, once it has sent something or was bound."""
        return self.sock.getsockname()[1]

    def knock(self, datagram):
        """Send a datagram to the port that takes requests."""
        self.sock.sendto(datagram, self.server)

    def ask(self, name, mode=b"octet", **options):
        """Send a read request."""
        self.knock(request(name, mode, **options))

    def send(self, datagram):
        """Send a datagram to the transfer's port."""
        self.sock.sendto(datagram, self.peer)

    def ack(self, block):
        self.send(ack(block))

    def receive(self):
        """The next packet; TimeoutError where none comes."""
        datagram, source = self.sock.recvfrom(65536)
        packet = parse(datagram, source[:2])
        self.packets.append(packet)
        if self.peer is None:
            self.peer = source
        if packet.opcode == OACK:
            self.terms = packet.options
        return packet

    def waiting(self):
        """All packets that have come and were not received yet; it waits for none."""
        timeout = self.sock.gettimeout()
        self.sock.setblocking(False)
        found = []
        try:
            while True:
                found.append(self.receive())
        except BlockingIOError:
            return found
        finally:
            self.sock.settimeout(timeout)

    def begin(self, name, mode=b"octet", **options):
        """Send a read request, and return the first packet, which is not confirmed yet.

        Raises:
            Refused: it is an ERROR.
        """
        self.ask(name, mode, **options)
        first = self.receive()
        if first.opcode == ERROR:
            raise Refused(first)
        return first

    def finish(self, first, *, had=b""):
        """Confirm a packet that is the next in order, and all that follow; return the file.

        Args:
            first: an OACK, or the DATA packet that comes after what was had.
            had: the file's bytes from blocks that were confirmed already.

        Raises:
            Refused: the server has broken it off.
        """
        arriving = _Arriving(had, self._term(b"blksize", 512), self._term(b"windowsize", 1))
        packet = first
        while True:
            if packet.opcode == ERROR:
                raise Refused(packet)
            block = 0 if packet.opcode == OACK else arriving.take(packet)
            if block is not None:
                self.ack(block)
            if arriving.is_whole:
                return bytes(arriving.content)
            packet = self.receive()

    def read(self, name, mode=b"octet", **options):
        """Read a whole file.

        Raises:
            Refused: the server has sent an ERROR.
        """
        return self.finish(self.begin(name, mode, **options))

    def _term(self, name, default):
        return int(self.terms.get(name, default))


class _Arriving:
    """A file whose blocks arrive, some of them maybe not."""

    def __init__(self, had, blksize, windowsize):
        self.content = bytearray(had)
        self.is_whole = False
        self._blksize = blksize
        self._windowsize = windowsize
        self._block = self._confirmed = len(had) // blksize  # the last in order, and confirmed
        self._misses = False

    def take(self, packet):
        """Take a DATA packet; return the block to be confirmed, None where it is not the time."""
        ahead = (packet.number - self._block) % NUMBERS
        if ahead != 1:
            return self._take_another(packet)
        assert len(packet.body) <= self._blksize
        self.content += packet.body
        self._block += 1
        self._misses = False
        self.is_whole = len(packet.body) < self._blksize
        if not self.is_whole and self._block - self._confirmed < self._windowsize:
            return None
        self._confirmed = self._block
        return self._block

    def _take_another(self, packet):
        """One ACK for a gap, as U-Boot and atftp do, and one more at the window's end."""
        ends_window = (packet.number - self._confirmed) % NUMBERS == self._windowsize
        if self._misses and not ends_window:
            return None
        self._misses, self._confirmed = True, self._block
        return self._block
