"""The answers to TFTP: a file's bytes, or an ERROR packet."""

from typing import Final

from filed.files import errors
from filed.metrics import catalogue
from filed.protocols.messages import Message, Protocol, Refusal
from filed.protocols.tftp.packets import ErrorCode, error
from filed.site.lookup import Lookup
from filed.site.outcomes import status_of
from filed.site.reply import Reply, slice_of

# U-Boot gives up on the codes 1 and 2 only and starts over on all others. So these are for whatever
# asking again will not change, and 0 is for what it may.
_FAULTS: Final = {
    400: (ErrorCode.ACCESS_VIOLATION, "no file can have such a name"),  # none yet: it ends at NUL
    403: (ErrorCode.ACCESS_VIOLATION, "the server may not read this file"),
    404: (ErrorCode.FILE_NOT_FOUND, "there is no such file"),
    500: (ErrorCode.NOT_DEFINED, "the file could not be read"),
    503: (ErrorCode.NOT_DEFINED, "not now: ask again"),
}
_REFUSALS: Final = {400: ErrorCode.ILLEGAL_OPERATION, 403: ErrorCode.ACCESS_VIOLATION}


class TftpSite:
    """TFTP: a name in, the file's bytes out, block by block."""

    def __init__(self, lookup: Lookup, *, enabled: bool) -> None:
        """Serve nothing unless `enabled`."""
        self._lookup = lookup
        self._enabled = enabled

    def answer(self, message: Message) -> Reply:
        """Answer with the file, or where the status is not 200 with an ERROR packet."""
        if not self._enabled:
            return _refused(message, 403, ErrorCode.ACCESS_VIOLATION, "TFTP is switched off here")
        if isinstance(message, Refusal):
            return _refused(message, message.status, _REFUSALS[message.status], message.reason)
        try:
            file = self._lookup.file_of_firmware(message.name)
        except errors.FileError as fault:
            status = status_of(fault)
            return _refused(message, status, *_FAULTS[status])
        segment = slice_of(file, 0, file.version.size_bytes)
        return Reply(200, b"", segment, counter=_counter(message, 200))


def _refused(message: Message, status: int, code: ErrorCode, reason: str) -> Reply:
    return Reply(status, error(code, reason), counter=_counter(message, status))


def _counter(message: Message, status: int) -> int:
    method = "GET" if message.method == b"GET" else "other"
    return catalogue.REQUESTS.slot(Protocol.TFTP, method, str(status))
