"""Which protocol a TCP connection speaks, by its first bytes.

A name and a request look much alike when only their first bytes are there: every bare git
repository has a file `HEAD`. So what may still become a method waits a moment; nothing else does.
"""

import re
from typing import Final

from filed.protocols.http.request_line import METHODS
from filed.protocols.lines import empty_lines_size
from filed.protocols.messages import Protocol

_LONGEST: Final = max(map(len, METHODS))
_VERSION: Final = re.compile(rb" HTTP/[0-9]\.[0-9]\r?\Z")

# What may yet become empty lines or a method and its space.
_UNDECIDED: Final = frozenset(
    {b"", b"\r"} | {method[:size] for method in METHODS for size in range(1, len(method) + 1)}
)


def decide(data: bytes, *, ended: bool) -> Protocol | None:
    """Decide which protocol a connection speaks; the answer holds for its life.

    Args:
        data: all that has arrived.
        ended: nothing more is waited for: the peer has half-closed, or had its time.

    Returns:
        HTTP or PLAIN; None for "wait", never if `ended`.
    """
    begun = data[empty_lines_size(data) :]
    method, space, _ = begun[: _LONGEST + 1].partition(b" ")
    if space and method in METHODS:
        return Protocol.HTTP
    line, newline, _ = begun.partition(b"\n")
    if newline and _VERSION.search(line):
        return Protocol.HTTP
    return None if begun in _UNDECIDED and not ended else Protocol.PLAIN
