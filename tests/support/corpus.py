"""Requests and their answers as files: found, sent and received, written so that they can be kept.

An answer is kept as it is on the wire, but for what differs each time or is somebody else's matter:

- `Date: <now>`, and `<now>` wherever else the same date stands;
- `<boundary>` between the parts of `multipart/byteranges`;
- a page made for people is kept as its title, with `<length>`, `<tag>` and `<hash>` for what
  depends on the rest of it. What is in such a page has its own tests, next to the code.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from support import lint

_DATE = re.compile(rb"\r\nDate: ([A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT)\r\n")
_BOUNDARY = re.compile(rb"\r\nContent-Type: multipart/byteranges; boundary=([0-9a-f]{32})\r\n")
# Only what is made here has a policy; a file that is HTML has none, and is kept whole.
_MADE = b"\r\nContent-Security-Policy: "
_OF_A_PAGE = (
    (re.compile(rb"(\r\nContent-Length: )\d+(?=\r\n)"), rb"\1<length>"),
    (re.compile(rb'(\r\nETag: )"[0-9a-f]{24}"(?=\r\n)'), rb"\1<tag>"),
    (re.compile(rb"'sha256-[A-Za-z0-9+/]{43}='"), rb"'sha256-<hash>'"),
)
_PAGE = re.compile(rb"<!DOCTYPE html>.*(<title>.*</title>).*</html>\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Case:
    """A request and the answer to it.

    Behind a request whose answer closes there may be anything: it is not answered.
    """

    path: Path
    request: bytes
    answer: bytes

    @property
    def name(self):
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def method(self):
        return self.request.lstrip(b"\r\n").partition(b" ")[0]

    @property
    def head(self):
        return self.request.lstrip(b"\r\n").partition(b"\r\n\r\n")[0]

    @property
    def closes(self):
        return _closes(self.answer.partition(b"\r\n\r\n")[0] + b"\r\n")


def load(folder):
    """The cases in a folder, by name. One without an answer yet has an empty one."""
    return {case.name: case for case in map(_load, sorted(folder.glob("*/*.request")))}


def answer_path(case):
    """Where the answer to a case is kept."""
    return case.path.with_suffix(".answer")


def receive(stream, case):
    """Receive the answer to a request, and judge it; if it is the last one, up to the end.

    Args:
        stream: a file to read from, made of the socket.
        case: what was asked.

    Returns:
        The answer as it is to be kept.
    """
    lines = []
    while (line := stream.readline()) not in (b"\r\n", b""):
        lines.append(line)
    head = b"".join(lines)
    assert line, f"the connection ends within a head: {head!r}"
    body = stream.read() if _closes(head) else stream.read(lint.body_bytes(head, case.method))
    lint.check(head.removesuffix(b"\r\n"), body, method=case.method, asked=case.head)
    return _kept(head, body)


def _load(path):
    answer = path.with_suffix(".answer")
    return Case(path, path.read_bytes(), answer.read_bytes() if answer.exists() else b"")


def _closes(head):
    return b"\r\nConnection: close\r\n" in head


def _kept(head, body):
    if date := _DATE.search(head):
        head = head.replace(date[1], b"<now>")
    if boundary := _BOUNDARY.search(head):
        head, body = (part.replace(boundary[1], b"<boundary>") for part in (head, body))
    if _MADE in head:
        for pattern, placeholder in _OF_A_PAGE:
            head = pattern.sub(placeholder, head)
        body = _PAGE.sub(rb"<!DOCTYPE html>...\1...</html>\n", body)
    return head + b"\r\n" + body
