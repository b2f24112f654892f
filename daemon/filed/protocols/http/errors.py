"""What is wrong with a request, as the reader of a part of it found out."""


class RefusedError(Exception):
    """A part of a request that rules out any answer from the tree.

    Attributes:
        status: HTTP's status for it.
        reason: a sentence for the client, which quotes nothing that was sent.
        method, target: what is known of the request line, for the log.
    """

    def __init__(self, status: int, reason: str, method: bytes = b"", target: bytes = b"") -> None:
        """Say which status, and why."""
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.method = method
        self.target = target
