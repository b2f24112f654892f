"""Requests for a file, any of those whose answers may differ: strategies for hypothesis.

Tags and dates are only known when a request is sent, so they are written as format strings: `{tag}`
is the file's, `{gzip}` its sidecar's, `{imf[before]}` a second before it was modified.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import strategies as st

from support.http_wire import request
from support.reference import ENDINGS, S

TAGS = ["{tag}", "{tag}", "{zstd}", "{br}", "{gzip}", '"1-1"', '""', '"\xfc"']
NO_TAGS = [
    "{tag} {tag}",
    "{tag},x",
    "x, {tag}",
    "{tag}, *",
    "w/{tag}",
    "W/ {tag}",
    "x{tag}",
    '"open, {tag}',
    "open",
    "",
]
FORMS = {
    "imf": "%a, %d %b %Y %H:%M:%S GMT",
    "rfc850": "%A, %d-%b-%y %H:%M:%S GMT",
    "asctime": "%a %b %e %H:%M:%S %Y",
}
MOMENTS_S = {"long before": -1_000_000, "before": -1, "at": 0, "after": 1, "long after": 1_000_000}
NO_DATES = [
    "",
    "0",
    "yesterday",
    "Tue, 14 Nov 2023 22:13:20",
    "Tue, 14 Nov 2023 22:13:20 UTC",
    "Tue, 14 Nov 2023 24:13:20 GMT",
    "Tue, 31 Feb 2023 22:13:20 GMT",
    "Tue, 14 nov 2023 22:13:20 GMT",
    "Tue, 14-Nov-2023 22:13:20 GMT",
    "{imf[at]}, {imf[at]}",
]
NO_RANGES = ["x", "5-3", "--1", "1-2-3", "0x1-2", "1 -2", "-", "+1-2", "1-2;3-4", "\xb2-"]
OTHER_RANGES = ["lines=0-1", "bytes", "0-1", "=0-1", "bytes:0-1", "xbytes=0-1", ""]
CODINGS = ["gzip", "br", "zstd", "x-gzip", "deflate", "identity", "*", "GZip"]
WEIGHTS = ["", ";q=1", ";q=0.5", " ; q=0.5", ";q=0.501", ";Q=0.2", ";q=0.001", ";q=0", ";q=0.000"]
NO_WEIGHTS = [";q=2", ";q=-1", ";q=0.1234", ";q=x", ";q", ";level=1", ";q=1;q=0"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request before its tags and dates are filled in."""

    name: str
    fields: list[tuple[str, str]]
    method: str = "GET"

    def filled_in(self, file):
        """The fields as they are sent for that file."""
        copies = {"tag": file, **dict.fromkeys(ENDINGS, file), **file.sidecars}
        known = {name: _tag(copy, ENDINGS.get(name)) for name, copy in copies.items()}
        known |= {name: _dates(file.mtime_ns // S, form) for name, form in FORMS.items()}
        return [(name, value.format(**known)) for name, value in self.fields]

    def head(self, file):
        """The request as it is sent for that file."""
        lines = [f"{name}: {value}".encode("latin-1") for name, value in self.filled_in(file)]
        return request(f"/{self.name}", *lines, method=self.method)


def _tag(copy, ending):
    return f'"{copy.mtime_ns:x}-{len(copy.content):x}{f"-{ending}" if ending else ""}"'


def _dates(at_s, form):
    moments = {moment: datetime.fromtimestamp(at_s + by, UTC) for moment, by in MOMENTS_S.items()}
    return {moment: when.strftime(form) for moment, when in moments.items()}


def many_ranges(count, step, order=1):
    """Ranges of one byte: adjacent (1), next but one (2), or far apart; -1 for the last first."""
    return ",".join(f"{at}-{at}" for at in range(0, step * count, step)[::order])


def _mostly(usual, odd):
    return st.integers(0, 9).flatmap(lambda at: odd if at == 9 else usual)


def _joined(members, **sizes):
    separators = st.sampled_from([", ", ",", " ,\t", ",,", ", ,"])
    return st.builds(lambda found, by: by.join(found), st.lists(members, **sizes), separators)


_tag_in_list = st.builds(str.__add__, st.sampled_from(["", "", "W/"]), st.sampled_from(TAGS))
_tags = _mostly(
    _mostly(_joined(_tag_in_list, min_size=1, max_size=3), st.just("*")), st.sampled_from(NO_TAGS)
)
_date = _mostly(
    st.builds("{{{}[{}]}}".format, st.sampled_from(list(FORMS)), st.sampled_from(list(MOMENTS_S))),
    st.sampled_from(NO_DATES),
)
_accepted = _mostly(
    _joined(
        st.builds(
            str.__add__,
            st.sampled_from(CODINGS),
            st.one_of(st.just(""), _mostly(st.sampled_from(WEIGHTS), st.sampled_from(NO_WEIGHTS))),
        ),
        max_size=4,
    ),
    st.sampled_from(["gzip, deflate, br, zstd", "gzip", "*"]),
)


def _ranges(sizes):
    """Values of Range whose positions lie about the ends of what may be chosen."""
    ends = [end + by for end in (0, *sizes) for by in (-2, -1, 0, 1, 2, 10)]
    position = st.sampled_from([end for end in ends if end >= 0]) | st.integers(0, max(sizes) + 1)
    closed = st.builds(lambda first, more: f"{first}-{first + more}", position, st.integers(0, 20))
    spec = closed | st.builds("{}-".format, position) | st.builds("-{}".format, position)
    # The heads of two parts weigh about as much as such a gap between them saves.
    gap = st.builds("0-99,{}-".format, st.integers(250, 400))
    many = st.builds(
        many_ranges,
        st.sampled_from([16, 17, 200, 201]),
        st.sampled_from([1, 2, 300]),
        st.sampled_from([1, -1]),
    )
    found = st.one_of(_joined(spec, min_size=1, max_size=1), _joined(spec, max_size=5), many, gap)
    return _mostly(
        st.builds("{}={}".format, st.sampled_from(["bytes"] * 9 + ["Bytes"]), found),
        st.builds("bytes={},{}".format, found, st.sampled_from(NO_RANGES))
        | st.sampled_from(OTHER_RANGES),
    )


@st.composite
def requests(draw, files, names):
    """Requests for one of `names`, as `files` has it."""
    name = draw(st.sampled_from(names))
    file = files[name]
    sizes = {len(file.content), *(len(sidecar.content) for sidecar in file.sidecars.values())}
    values = {
        "Range": _ranges(sizes),
        "Accept-Encoding": _accepted,
        "If-Range": _mostly(_tag_in_list | _date, _tags),
        "If-None-Match": _tags,
        "If-Modified-Since": _date,
        "If-Match": _tags,
        "If-Unmodified-Since": _date,
    }
    often = ["Range"] * 5 + ["If-Range"] * 2 + ["Accept-Encoding"] * (6 if file.sidecars else 1)
    line = st.sampled_from([*often, *values]).flatmap(
        lambda field: st.tuples(st.just(field), values[field])
    )
    once = st.lists(line, min_size=1, max_size=4, unique_by=lambda pair: pair[0])
    fields = draw(_mostly(once, st.lists(line, max_size=4)))
    return Asked(name, fields, draw(st.sampled_from(["GET", "GET", "GET", "GET", "HEAD"])))
