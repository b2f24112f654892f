"""The header fields of an answer as the operator's rules have them (`[[http.headers]]`)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from filed.protocols.http import disposition
from filed.protocols.http.heads import Field
from filed.settings.field_rules import FieldRule
from filed.settings.globs import Globs

_DISPOSITION: Final = b"content-disposition"
_VARY: Final = b"vary"
# What is said about a content goes where one goes, with two exceptions: a 304 has to repeat
# Content-Location (RFC 9110 §15.4.5), and a policy is about the page that is shown.
_ABOUT_CONTENT: Final = b"content-"
_HOW_TO_SHOW: Final = (_DISPOSITION, b"content-security-policy")
_NOT_ABOUT_CONTENT: Final = (b"content-location", b"content-security-policy")


class FieldRules:
    """Applies rules to the fields of answers."""

    def __init__(self, rules: Sequence[FieldRule]) -> None:
        """Compile the rules, as the settings have checked them."""
        self._rules = tuple(map(_Rule, rules))

    def apply(
        self, path: bytes, fields: Sequence[Field], *, failed: bool, content: bool = True
    ) -> list[Field]:
        """Change fields as the rules for a path say; the last rule wins.

        Args:
            path: the file's or directory's whole path beneath the root, decoded, with a slash at
                its beginning and, if it is a directory's, at its end.
            fields: those that the server has, which stay where no rule names them.
            failed: the answer is an error or a redirect, for which only some rules are.
            content: the answer describes the content at this path. Without it, as in a 304, rules
                add no field about a content.

        Returns:
            The fields to send: the server's in their order, then those that rules have added.
        """
        if not self._rules:
            return list(fields)
        rules = [rule for rule in self._rules if rule.is_for(path, failed=failed)]
        if not rules:
            return list(fields)
        answer = _Answer(fields)
        for rule in rules:
            for key, field in rule.fields_for(path):
                if content or not _is_about_content(key):
                    answer.set(key, field)
        if not failed:
            answer.name(path.rpartition(b"/")[2])
        return answer.fields()


class _Rule:
    """A rule; its fields come with their names in lower case."""

    def __init__(self, rule: FieldRule) -> None:
        self._globs = Globs(rule.match)
        self._of_directories = Globs(each for each in rule.match if each.endswith("/"))
        self._always = rule.always
        pairs = [(name.encode(), value.encode()) for name, value in rule.set.items()]
        self._fields: Final = tuple((field[0].lower(), field) for field in pairs)

    def is_for(self, path: bytes, *, failed: bool) -> bool:
        return (self._always or not failed) and self._globs.match(path)

    def fields_for(self, path: bytes) -> Iterator[tuple[bytes, Field]]:
        """Return the fields for a path that the rule is for.

        How files are to be shown, or that they are to be saved instead, is not meant for the
        listings among them, which would be saved or lose their style, unless those were named.
        """
        shown_as_it_is = path.endswith(b"/") and not self._of_directories.match(path)
        for key, field in self._fields:
            if not (shown_as_it_is and key.startswith(_HOW_TO_SHOW)):
                yield key, field


class _Answer:
    """The fields of one answer while rules change them, by their names in lower case."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self._fields: dict[bytes, list[Field]] = {}
        for field in fields:
            self._fields.setdefault(field[0].lower(), []).append(field)

    def set(self, key: bytes, field: Field) -> None:
        name, value = field
        if not value:
            self._fields.pop(key, None)
        elif key == _VARY:
            self._fields[key] = [(name, _union([*self._values(key), value]))]
        else:
            self._fields[key] = [field]

    def name(self, filename: bytes) -> None:
        """Add the file's name to a disposition; nothing is added where it is empty."""
        if key_fields := self._fields.get(_DISPOSITION):
            self._fields[_DISPOSITION] = [
                (name, disposition.complete(value, filename)) for name, value in key_fields
            ]

    def fields(self) -> list[Field]:
        return [field for fields in self._fields.values() for field in fields]

    def _values(self, key: bytes) -> Iterator[bytes]:
        return (value for _, value in self._fields.get(key, ()))


def _is_about_content(key: bytes) -> bool:
    return key.startswith(_ABOUT_CONTENT) and not key.startswith(_NOT_ABOUT_CONTENT)


def _union(values: Iterable[bytes]) -> bytes:
    """Join the members of some values of Vary, each once; `*` stands for all (RFC 9110 §12.5.5)."""
    members: dict[bytes, bytes] = {}
    for value in values:
        for member in value.split(b","):
            name = member.strip(b" \t")
            members.setdefault(name.lower(), name)
    members.pop(b"", None)
    return b"*" if b"*" in members else b", ".join(members.values())
