"""A client's side of a TFTP transfer, held to the exact bytes, without a socket or a clock.

It does little for each packet, so that hundreds of them can be had at once. It confirms as firmware
does: a window when it is whole, and once when a block is missing.
"""

from support.tftp import DATA, NUMBERS, OACK, Refused, ack, parse, request


class Download:
    """What a client does with each packet.

    Attributes:
        taken: how many blocks it has, in order.
        done: it has the whole file.
        request: what it begins with.
    """

    def __init__(self, name, expected, *, blksize=512, windowsize=1):
        """Be ready to ask for a file.

        Args:
            name: what it is asked by.
            expected: what the file holds.
            blksize: what to ask for; 512 is not asked for.
            windowsize: the same; 1 is not asked for.
        """
        options = {"blksize": (blksize, 512), "windowsize": (windowsize, 1)}
        asked = {key: value for key, (value, default) in options.items() if value != default}
        self.taken = 0
        self.done = False
        self.request = request(name, **asked)
        self._granted = {key.encode(): b"%d" % value for key, value in asked.items()}
        self._expected = memoryview(expected)
        self._blksize, self._windowsize = blksize, windowsize
        self._in_window = 0
        self._complained = False

    @property
    def taken_bytes(self):
        """How many bytes that is, the last block taken for a full one."""
        return self.taken * self._blksize

    def take(self, datagram):
        """Take a packet of the server's; return what to answer, None for nothing.

        Raises:
            Refused: it is an ERROR.
            AssertionError: it is not what it should be.
        """
        if datagram[1] == DATA:
            return self._take_block(datagram)
        packet = parse(datagram)
        if packet.opcode != OACK:
            raise Refused(packet)
        assert packet.options == self._granted, packet
        return ack(0) if not self.taken else None

    def again(self):
        """Return what to send when nothing has come for a while."""
        return ack(self.taken) if self.taken else self.request

    def _take_block(self, datagram):
        if int.from_bytes(datagram[2:4], "big") != (self.taken + 1) % NUMBERS:
            return self._complain()
        begin = self.taken * self._blksize
        expected = self._expected[begin : begin + self._blksize]
        assert memoryview(datagram)[4:] == expected, f"wrong bytes in block {self.taken + 1}"
        self.taken += 1
        self._in_window += 1
        self._complained = False
        self.done = len(expected) < self._blksize
        if self._in_window < self._windowsize and not self.done:
            return None
        self._in_window = 0
        return ack(self.taken)

    def _complain(self):
        if self._complained and self._windowsize > 1:
            return None
        self._complained = True
        self._in_window = 0
        return ack(self.taken)
