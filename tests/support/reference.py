"""What a file server answers to GET and HEAD, word for word as RFC 9110 has it.

It is written to be compared with the daemon, so it takes nothing from it and prefers the obvious to
the quick. Where the RFC leaves a choice, this is the one that the daemon has made:

- A validator is there unless the file's time is second 0 or 1, as of files that have none.
- Several parts of what is compressed are not sent: whether Content-Encoding says something of the
  parts or of what holds them together is nowhere written.
- A file from the future says to be modified now (§8.8.2.1), but is compared by its own time.
- A part that cannot be read makes the whole field what the RFC says of one that is no such thing: a
  list of tags that is none matches nothing, a date or a list of codings that is none is ignored,
  `bytes=` with junk behind it is 416.
- What is accepted twice, with weights that differ, has the higher.
- A field that is no list and comes twice is one with a comma in it (RFC 9110 §5.3), so mostly junk.
"""

import re
from calendar import timegm
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate

ENDINGS = {"zstd": "zst", "br": "br", "gzip": "gz"}  # the better one first
MOST_RANGES = 16
MOST_SPECS = 200
S = 10**9


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A file's bytes in some coding, as they lie beside it."""

    content: bytes
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class File:
    """What the server finds on the disk; sidecars by the name of their coding."""

    content: bytes
    mtime_ns: int
    media_type: str
    sidecars: dict[str, Sidecar] = field(default_factory=dict)

    @property
    def fresh(self):
        """The sidecars that are not older than the file."""
        return {c: s for c, s in self.sidecars.items() if not self._is_older(s)}

    def _is_older(self, sidecar):
        """Compare by the second where that is all that the sidecar's time tells."""
        if sidecar.mtime_ns % S:
            return sidecar.mtime_ns < self.mtime_ns
        return sidecar.mtime_ns // S < self.mtime_ns // S


@dataclass(frozen=True, slots=True)
class Part:
    """One part of `multipart/byteranges`."""

    content_range: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Expected:
    """An answer; `body` is bytes, or a list of parts. A field that is None must not be there."""

    status: int
    body: bytes | list[Part] | None  # None: whatever the server has to say
    fields: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Representation:
    """What was chosen of a file and its sidecars."""

    content: bytes
    mtime_ns: int
    media_type: str
    coding: str | None
    varies: bool

    @property
    def etag(self):
        """The strong tag; None where the time says nothing."""
        if self.mtime_ns // S in (0, 1):
            return None
        ending = f"-{ENDINGS[self.coding]}" if self.coding else ""
        return f'"{self.mtime_ns:x}-{len(self.content):x}{ending}"'

    @property
    def modified_s(self):
        """Seconds of its last modification; None as for `etag`."""
        return None if self.etag is None else self.mtime_ns // S


def expected(method, fields, file, now_s, *, boundary_size):
    """What a server should answer.

    Args:
        method: GET or HEAD.
        fields: the request's, as pairs of name and value.
        file: what it asks for.
        now_s: the time of the answer, as in its `Date`.
        boundary_size: how many bytes the server's multipart boundaries have.
    """
    asked = _combined(fields)
    chosen = _chosen(file, asked.get("accept-encoding"))
    status = _precondition(asked, chosen)
    if status is not None:
        return _without_content(status, chosen, now_s)
    if method == "GET" and chosen.content and _range_applies(asked, chosen, now_s):
        return _partial(asked["range"], chosen, now_s, boundary_size)
    return _whole(method, chosen, now_s)


def _combined(fields):
    combined = {}
    for name, value in fields:
        combined.setdefault(name.lower(), []).append(value.strip(" \t"))
    return {name: ", ".join(values) for name, values in combined.items()}


# Answers.


def _whole(method, chosen, now_s):
    fields = _described(chosen, now_s) | {
        "Content-Length": str(len(chosen.content)),
        "Content-Type": chosen.media_type,
        "Content-Range": None,
    }
    return Expected(200, chosen.content if method == "GET" else b"", fields)


def _without_content(status, chosen, now_s):
    if status == 412:
        return Expected(412, None, {"Content-Range": None, "Content-Encoding": None})
    fields = _described(chosen, now_s) | dict.fromkeys(
        ["Content-Length", "Content-Type", "Content-Range", "Content-Encoding", "Accept-Ranges"]
    )
    return Expected(304, b"", fields)


def _partial(value, chosen, now_s, boundary_size):
    size = len(chosen.content)
    specs = [spec.strip(" \t") for spec in value.partition("=")[2].split(",")]
    if len(specs) > MOST_SPECS:  # empty ones count
        return _whole("GET", chosen, now_s)
    specs = [spec for spec in specs if spec]
    valid = all(map(_is_spec, specs))
    ranges = _merged([found for spec in specs if valid and (found := _range(spec, size))])
    if not ranges:
        fields = {"Content-Range": f"bytes */{size}", "Content-Encoding": None}
        return Expected(416, None, fields)
    parts = [
        Part(f"bytes {first}-{last}/{size}", chosen.media_type, chosen.content[first : last + 1])
        for first, last in ranges
    ]
    if len(parts) == 1:
        return _one_part(parts[0], chosen, now_s)
    length = len(multipart(parts, "b" * boundary_size))
    if chosen.coding or len(parts) > MOST_RANGES or length >= size:
        return _whole("GET", chosen, now_s)
    fields = {"Content-Length": str(length), "Content-Range": None}
    return Expected(206, parts, _described(chosen, now_s) | fields)


def _one_part(part, chosen, now_s):
    fields = {
        "Content-Length": str(len(part.content)),
        "Content-Type": part.media_type,
        "Content-Range": part.content_range,
    }
    return Expected(206, part.content, _described(chosen, now_s) | fields)


def _described(chosen, now_s):
    return {
        "ETag": chosen.etag,
        "Last-Modified": _last_modified(chosen, now_s),
        "Content-Encoding": chosen.coding,
        "Vary": "Accept-Encoding" if chosen.varies else None,
        "Accept-Ranges": "bytes",
    }


def _last_modified(chosen, now_s):
    if chosen.modified_s is None:
        return None
    return formatdate(min(chosen.modified_s, now_s), usegmt=True)  # §8.8.2.1


def multipart(parts, boundary):
    """Write the body of `multipart/byteranges` (RFC 9110 §14.6, RFC 2046 §5.1.1)."""
    written = [
        f"--{boundary}\r\nContent-Type: {part.media_type}\r\n"
        f"Content-Range: {part.content_range}\r\n\r\n".encode()
        + part.content
        + b"\r\n"
        for part in parts
    ]
    return b"".join(written) + f"--{boundary}--\r\n".encode()


# Ranges, §14.


def _range_applies(asked, chosen, now_s):
    if not asked.get("range", "").lower().startswith("bytes="):
        return False
    return "if-range" not in asked or _if_range(asked["if-range"], chosen, now_s)


def _if_range(value, chosen, now_s):
    if _is_tag(value):
        return value == chosen.etag  # which is never weak, so this is the strong comparison
    date_s = seconds(value)
    return date_s is not None and date_s == chosen.modified_s and now_s - date_s >= 1


def _is_spec(spec):
    found = re.fullmatch(r"([0-9]+)-([0-9]*)|-[0-9]+", spec)
    return found is not None and not (found[2] and int(found[2]) < int(found[1]))


def _range(spec, size):
    first, _, last = spec.partition("-")
    if not first:
        return (max(0, size - int(last)), size - 1) if int(last) else None
    if int(first) >= size:
        return None
    return int(first), min(int(last), size - 1) if last else size - 1


def _merged(ranges):
    """Join what overlaps or adjoins; the order is that in which the first of each was asked for."""
    merged = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return sorted(merged, key=lambda one: min(i for i, r in enumerate(ranges) if _within(r, one)))


def _within(inner, outer):
    return outer[0] <= inner[0] <= inner[1] <= outer[1]


# Preconditions, §13.


def _precondition(asked, chosen):
    """The status that they end with; None where they let the request pass (§13.2.2)."""
    if "if-match" in asked:
        if not _matches(asked["if-match"], chosen.etag, weakly=False):
            return 412
    elif _is_later(chosen.modified_s, seconds(asked.get("if-unmodified-since"))):
        return 412
    if "if-none-match" in asked:
        if _matches(asked["if-none-match"], chosen.etag, weakly=True):
            return 304
    elif _is_later(chosen.modified_s, seconds(asked.get("if-modified-since"))) is False:
        return 304
    return None


def _is_later(modified_s, date_s):
    """Say whether it was modified after a date; None where one of the two is not known."""
    return None if modified_s is None or date_s is None else modified_s > date_s


_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'


def _is_tag(value):
    return re.fullmatch(_TAG, value) is not None


def _matches(value, etag, *, weakly):
    if value == "*":
        return True
    item = rf"(?:{_TAG})?"
    if not re.fullmatch(rf"{item}(?:[ \t]*,[ \t]*{item})*", value):
        return False
    tags = re.findall(_TAG, value)
    return etag in ([tag.removeprefix("W/") for tag in tags] if weakly else tags)


# Dates, §5.6.7.

_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_DAY, _LONG_DAY = "|".join(day[:3] for day in _DAYS), "|".join(_DAYS)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTH = "(?P<month>" + "|".join(_MONTHS) + ")"
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_DATES = [
    rf"(?:{_DAY}), (?P<day>\d\d) {_MONTH} (?P<year>\d{{4}}) {_TIME} GMT",
    rf"(?:{_LONG_DAY}), (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_TIME} GMT",
    rf"(?:{_DAY}) {_MONTH} (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
]


def seconds(value):
    """A date's seconds since the epoch; None for what is no date."""
    for pattern in _DATES:
        if found := re.fullmatch(pattern, value or "", re.ASCII):
            return _seconds(**found.groupdict())
    return None


def _seconds(*, day, month, year, hour, minute, second):
    full_year = int(year) if len(year) == 4 else _century(int(year))
    number = _MONTHS.index(month) + 1
    try:
        moment = datetime(
            full_year, number, int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        return None
    return timegm(moment.timetuple())


def _century(year):
    """The year of two digits; what looks like more than 50 years ahead is in the past."""
    this_year = datetime.now(UTC).year
    found = this_year - this_year % 100 + year
    return found - 100 if found > this_year + 50 else found


# Content codings, §12.5.3.

_TOKEN = r"(?P<token>[!#$%&'*+.^_`|~0-9a-z-]+)"
_WEIGHT = r"(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)"


def _chosen(file, accepted):
    best = _best_coding(file.fresh, accepted)
    if best is None:
        found, coding = file, None
    else:
        found, coding = file.fresh[best], best
    return Representation(
        found.content, found.mtime_ns, file.media_type, coding, varies=bool(file.fresh)
    )


def _best_coding(sidecars, accepted):
    """The name of the coding to send; None to send the file as it is."""
    weights = _weights(accepted or "")
    rest = weights.get("*", 0)
    ranked = [(weights.get(coding, rest), coding) for coding in ENDINGS if coding in sidecars]
    weight, best = max(ranked, key=lambda pair: pair[0], default=(0, None))
    # The file as it is needs no mention to be acceptable, but to be preferred.
    return best if weight > 0 and weight >= weights.get("identity", rest) else None


def _weights(accepted):
    weights = {}
    for member in filter(None, re.split(r"[ \t]*,[ \t]*", accepted.lower())):
        found = re.fullmatch(rf"{_TOKEN}(?:[ \t]*;[ \t]*q={_WEIGHT})?", member)
        if not found:
            return {}
        coding = "gzip" if found["token"] == "x-gzip" else found["token"]
        weights[coding] = max(float(found["weight"] or 1), weights.get(coding, 0))
    return weights
