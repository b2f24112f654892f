"""A service manager's end of the notification socket (sd_notify(3))."""

import socket


class Manager:
    """Hears what a service says.

    Attributes:
        socket: bound to the address that the service is told.
    """

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    def heard(self):
        """All that has come since the last time, a message each."""
        messages = []
        while True:
            try:
                messages.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return messages
