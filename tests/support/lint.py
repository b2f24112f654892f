"""A judge of the server's answers that is not ours: httplint, which knows what the RFCs want.

Wherever a test reads an answer it is judged, so no test has to ask for it. Of answers of one shape,
alike but for what differs with file and time, a process judges only the first.
"""

import re

from httplint import HttpRequestLinter, HttpResponseLinter, levels

# What it calls bad and is not, by the note's name: where, and why.
_EXCEPTIONS = {
    # Each of several parts has its Content-Range; their whole must not (RFC 9110 §15.3.7.2).
    "PARTIAL_WITHOUT_RANGE": lambda answer: _media_type(answer) == "multipart/byteranges",
    # A part of what is compressed does not decompress by itself.
    "BAD_GZIP": lambda answer: answer.status_code == 206,
    "BAD_ZLIB": lambda answer: answer.status_code == 206,
    "BAD_BROTLI": lambda answer: answer.status_code == 206,
    # These blame the request, as the status does.
    "STATUS_URI_TOO_LONG": lambda answer: answer.status_code == 414,
    "STATUS_VERSION_NOT_SUPPORTED": lambda answer: answer.status_code == 505,
}
# What it only warns of, but no server should do: a value that is not in its field's grammar.
_WORSE = {"BAD_SYNTAX", "ENTITY_TAG_WEAK_CASE"}
_VARIES = re.compile(
    rb"^((?:Date|Last-Modified|ETag|Content-Length|Content-Range): )[^\r]*|boundary=[^\r;]*",
    re.IGNORECASE | re.MULTILINE,
)
_FIELD = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n]*"
_REQUEST = re.compile(rb"([A-Z]+) ([^ \r\n]+) HTTP/([0-9.]+)((?:\r\n%b)*)" % _FIELD)
_ANSWER = re.compile(rb"HTTP/([0-9.]+) ([0-9]{3}) ([^\r\n]*)((?:\r\n%b)*)" % _FIELD)
_LENGTH = re.compile(rb"\r\nContent-Length: *([0-9]+)", re.IGNORECASE)
_judged = set()


def check(head, body, *, method=b"GET", asked=b""):
    """Fail where an answer breaks a rule of HTTP.

    Args:
        head: the answer's, from the status line to its last field.
        body: all of its body.
        method: what was asked with.
        asked: the head of the request; empty where it is not known.
    """
    asked_for = frozenset(re.findall(rb"\r\n([^:\r\n]+):", asked)) if asked else None
    shape = method, asked_for, _VARIES.sub(rb"\1", head), bool(body)
    if shape in _judged:
        return
    answer = _linted(head, body, method, asked)
    bad = [note for note in _notes(answer.notes) if _is_bad(note, answer)]
    said = "\n".join(f"{type(note).__name__}: {note.summary}" for note in bad)
    assert not bad, f"{said}\nin the answer to {asked or method!r}:\n{head.decode('latin-1')}"
    _judged.add(shape)


def check_stream(received, sent=b""):
    """Check each answer that came whole over a connection; what was cut off is not judged.

    Args:
        received: all that the server has sent.
        sent: all that the client has.
    """
    requests = _requests(sent)
    while received.startswith(b"HTTP/1.1 "):
        head, end, rest = received.partition(b"\r\n\r\n")
        asked = next(requests, b"")
        method = asked.partition(b" ")[0] or _guessed(rest)
        size = body_bytes(head, method)
        if not end or len(rest) < size:
            return
        check(head, rest[:size], method=method, asked=asked)
        received = rest[size:]


def body_bytes(head, method):
    """How many bytes of a body follow an answer's head."""
    if method == b"HEAD" or head.split(b" ", 2)[1] in (b"204", b"304"):
        return 0
    return _length(head)


def _length(head):
    found = _LENGTH.search(head)
    return int(found[1]) if found else 0


def _requests(sent):
    """The heads of the requests in a stream, up to one whose end cannot be told."""
    while sent:
        head, end, rest = sent.lstrip(b"\r\n").partition(b"\r\n\r\n")
        if not end or b"\r\ntransfer-encoding:" in head.lower():
            return
        yield head
        sent = rest[_length(head) :]


def _guessed(rest):
    """The method of an unknown request, by what follows the head of its answer."""
    return b"HEAD" if rest[:9] in (b"", b"HTTP/1.1 ") else b"GET"


def _linted(head, body, method, asked):
    found = _ANSWER.fullmatch(head)
    assert found, f"no head of an answer: {head!r}"
    answer = HttpResponseLinter()
    answer.request = _asked(asked)
    answer.is_head_response = method == b"HEAD"
    answer.process_response_topline(*found.groups()[:3])
    answer.process_headers(_fields(found[4]))
    answer.feed_content(body)
    answer.finish_content(complete=True)
    return answer


def _asked(head):
    """The request, which belongs to the judgment; None where it is not known or no good one."""
    found = _REQUEST.fullmatch(head.removesuffix(b"\r\n\r\n"))
    if not found:
        return None
    request = HttpRequestLinter()
    request.process_request_topline(*found.groups()[:3])
    request.process_headers(_fields(found[4]))
    request.finish_content(complete=True)
    return request


def _fields(lines):
    pairs = (line.split(b":", 1) for line in lines.split(b"\r\n")[1:])
    return [(name, value.strip(b" \t")) for name, value in pairs]


def _notes(notes):
    for note in notes:
        yield note
        yield from _notes(note.subnotes)


def _is_bad(note, answer):
    name = type(note).__name__
    if name in _EXCEPTIONS and _EXCEPTIONS[name](answer):
        return False
    return note.level is levels.BAD or name in _WORSE


def _media_type(answer):
    return answer.headers.parsed.get("content-type", ("",))[0]
