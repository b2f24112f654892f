"""Patterns for paths, in the language of .gitignore.

`*` is anything within one segment, `?` one character of it, `[a-z]` and `[!a-z]` one out of a
class, and a backslash takes the character after it as it is. `**` as a segment of its own is any
number of segments. A pattern without a slash is for the last segment of a path, whatever the
directory; one with a slash is for the whole path. A slash at the end is for directories alone.
`/pub/**` is all that begins with `/pub/`, the directory's own listing too.

A pattern becomes a regular expression that cannot backtrack far. What stands between two asterisks
is looked for once, at the first place where it fits, and that choice is never taken back (the
groups are atomic): a place further on would leave less to what follows. The same holds one level
up, for the segments between two `**`.

What git would read in a way that nobody means is refused: `**` beside other characters, which is no
more than `*` there, and segments that no path has.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

_ITEM: Final = re.compile(
    r"""
      (?P<star>\*)
    | (?P<any>\?)
    | \[(?P<negated>[!^]?+)(?P<members>\]?+(?:\\.|[^]\\])*)\]
    | \\(?P<escaped>.)
    | (?P<plain>[^[\\])
    """,
    re.VERBOSE | re.DOTALL,
)
_MEMBER: Final = re.compile(r"(?P<low>\\.|.)(?:-(?P<high>\\.|.))?", re.DOTALL)

_SEGMENTS: Final = r"(?:[^/]*+/)*"
_END_OF_SEGMENT: Final = r"(?![^/])"
# Only the root has an empty name; behind another directory's slash there is none.
_NAME: Final = r"(?!(?<=./)\Z)"
# A directory's path ends in a slash, which for the root is the one that it begins with.
_DIRECTORY: Final = r"/?(?<=/)"
_DIRECTORY_OR_FILE: Final = r"/?"

_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
_IN_NO_PATH: Final = {"", ".", ".."}


class BadPatternError(ValueError):
    """It is no pattern; the message completes a sentence that begins with "expected"."""


class Globs:
    """Patterns of which one has to match."""

    __slots__ = ("_full_match",)

    def __init__(self, patterns: Iterable[str]) -> None:
        """Compile the patterns.

        Raises:
            BadPatternError: one of them is none.
        """
        union = "|".join(map(_expression, patterns))
        self._full_match: Final = re.compile(union, re.DOTALL).fullmatch

    def match(self, path: bytes) -> bool:
        """Say whether one of them matches.

        Args:
            path: begins with a slash, and ends with one if it is a directory's. A byte of it that
                is not UTF-8 is a character by itself.
        """
        return self._full_match(path.decode("utf-8", "surrogateescape")) is not None


def _expression(pattern: str) -> str:
    _refuse_traps(pattern)
    if pattern == "/":
        return "/"
    body = pattern.removesuffix("/")
    segments = body.removeprefix("/").split("/")
    if not _IN_NO_PATH.isdisjoint(segments):
        raise BadPatternError('a pattern without empty segments, "." and "..", which no path has')
    if "/" not in body:
        segments.insert(0, "**")
    ending = _DIRECTORY if pattern.endswith("/") else _DIRECTORY_OR_FILE
    return f"/{_path(segments)}{ending}"


def _refuse_traps(pattern: str) -> None:
    if not pattern or _NO_TEXT.search(pattern):
        raise BadPatternError('a pattern, such as "*.html" or "/pub/**"')
    if pattern.startswith("!"):
        raise BadPatternError('a pattern of what is meant; "!" takes nothing out again here')


def _path(segments: list[str]) -> str:
    runs: list[list[str]] = [[]]
    for segment in segments:
        if segment == "**":
            runs.append([])
        else:
            runs[-1].append(_segment(segment))
    if len(runs) == 1:
        return _to_the_end(runs[0])
    first, *inner, last = runs
    between = "".join(f"(?>{_SEGMENTS}?{_directories(run)})" for run in inner)
    ending = f"{_SEGMENTS}{_to_the_end(last)}" if last else ".*"
    return f"{_directories(first)}{between}{ending}"


def _directories(run: list[str]) -> str:
    return "".join(f"{segment}/" for segment in run)


def _to_the_end(run: list[str]) -> str:
    return f"{_directories(run[:-1])}{_NAME}{run[-1]}"


def _segment(text: str) -> str:
    chunks = [""]
    for item in _items(text):
        if item["star"] is None:
            chunks[-1] += _one(item)
        elif chunks[-1] or len(chunks) == 1:
            chunks.append("")
        else:
            raise BadPatternError('"**" alone between slashes, such as "/pub/**/*.html"')
    if len(chunks) == 1:
        return f"{chunks[0]}{_END_OF_SEGMENT}"
    first, *inner, last = chunks
    between = "".join(f"(?>[^/]*?{chunk})" for chunk in inner)
    return f"(?>{first}{between}[^/]*{last}{_END_OF_SEGMENT})"


def _items(text: str) -> Iterator[re.Match[str]]:
    position = 0
    while position < len(text):
        item = _ITEM.match(text, position)
        if item is None:
            raise BadPatternError(_UNCLOSED[text[position]])
        yield item
        position = item.end()


_UNCLOSED: Final = {
    "[": 'each "[" closed by a "]" before the next slash, such as "[a-z]*"; the character itself '
    'is written "[[]"',
    "\\": "a character after the backslash",
}


def _one(item: re.Match[str]) -> str:
    if item["any"]:
        return "[^/]"
    if item["members"]:
        return f"(?!/)[{'^' if item['negated'] else ''}{_members(item['members'])}]"
    return re.escape(item["escaped"] or item["plain"])


def _members(text: str) -> str:
    if "[:" in text:
        raise BadPatternError('a class of characters and ranges, such as "[a-zA-Z0-9]"')
    return "".join(map(_member, _MEMBER.finditer(text)))


def _member(member: re.Match[str]) -> str:
    low, high = (part and part[-1] for part in member.group("low", "high"))
    if high is None:
        return re.escape(low)
    if low > high:
        raise BadPatternError('a range from the lower character to the higher, such as "[a-z]"')
    return f"{re.escape(low)}-{re.escape(high)}"
