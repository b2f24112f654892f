"""Several parts of a file in one body: multipart/byteranges (RFC 9110 §14.6, RFC 2046 §5.1).

The parts themselves are not touched here, so that they can go out from where they lie. What stands
between them is known beforehand, and so is the length of the whole.
"""

from collections.abc import Iterable, Sequence

from filed.protocols.http.ranges import Span, content_range


def content_type(boundary: bytes) -> bytes:
    """Write the value of Content-Type for the whole body.

    Args:
        boundary: up to 70 letters, digits and the like that need no quotes (RFC 2046 §5.1.1).
            Nobody looks whether a file holds it, so it has to be one that nobody can foresee.
    """
    return b"multipart/byteranges; boundary=" + boundary


def frame(
    spans: Sequence[Span], *, size: int, media_type: bytes | None, boundary: bytes
) -> tuple[bytes, ...]:
    """Write what stands around the parts.

    Args:
        spans: the parts, two or more: one alone is sent bare (RFC 9110 §15.3.7.2).
        size: the whole file's length in bytes.
        media_type: the file's; None or empty where nothing is said of it.
        boundary: as in `content_type`.

    Returns:
        What goes before each part, in their order, and what goes after the last one.
    """
    described = b"Content-Type: %b\r\n" % media_type if media_type else b""
    # The CR LF before a delimiter belongs to it and not to the part it ends. Before the first one
    # there is no part, and what stands there would be a preamble.
    heads = [
        b"%b--%b\r\n%bContent-Range: %b\r\n\r\n"
        % (b"\r\n" if number else b"", boundary, described, content_range(span, size))
        for number, span in enumerate(spans)
    ]
    return (*heads, b"\r\n--%b--\r\n" % boundary)


def size_bytes(spans: Iterable[Span], framing: Iterable[bytes]) -> int:
    """Return the length in bytes of these parts with what `frame` puts around them."""
    return sum(span.count for span in spans) + sum(map(len, framing))
