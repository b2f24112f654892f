"""What one place gives of the settings: a source of pydantic-settings' that knows its places.

A layer keeps the values that the model takes and a complaint for each of the others, so that all of
what is wrong can be told at once, also where a stronger layer would hide it.
"""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from filed.settings.faults import Fault, Faulty
from filed.settings.key_lines import KeyPath
from filed.settings.model import Settings
from filed.settings.notation import as_key
from filed.settings.options import Option


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was given.

    Attributes:
        place: `default`, `FILE:LINE`, `env NAME` or `option --NAME`.
        is_file: what was given there has to be named besides.
    """

    place: str
    is_file: bool = False

    def __str__(self) -> str:
        return self.place

    def subject(self, name: str, *inner: str | int) -> str:
        """Begin a complaint about what was given here under a name, or of a part within it."""
        part = as_key(*inner)
        if self.is_file:
            part = name + ("." if part and isinstance(inner[0], str) else "") + part
        return f"{self.place}: {part}" if part else self.place


class Layer(PydanticBaseSettingsSource):
    """The settings of one place.

    Attributes:
        origins: where each of its values was given, by the option's name.
        complaints: a line for each value or name that was wrong.
    """

    def __init__(self) -> None:
        super().__init__(Settings)
        self.origins: dict[str, Origin] = {}
        self.complaints: list[str] = []
        self._document: dict[str, Any] = {}

    def __call__(self) -> dict[str, Any]:
        """Give pydantic-settings the values, nested as in TOML."""
        return self._document

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Give one of them; part of a source's interface."""
        del field
        return self._document.get(field_name), field_name, False

    def take(
        self,
        option: Option,
        value: object,
        origin: Origin,
        origin_of: Callable[[KeyPath], Origin] | None = None,
    ) -> None:
        """Take a value, or complain of it.

        Args:
            option: whose it is.
            value: as it was given.
            origin: where.
            origin_of: where its parts were given, by their path, if that is known any better.
        """
        try:
            taken = option.validated(value)
        except Faulty as error:
            for fault in error.faults:
                place = origin_of(fault.path) if origin_of else origin
                self._complain(place.subject(option.name, *fault.path), fault)
            return
        self.origins[option.name] = origin
        holder = self._document.setdefault(option.table, {}) if option.table else self._document
        holder[option.key] = taken

    def _complain(self, subject: str, fault: Fault) -> None:
        if fault.known:
            self.refuse(subject, str(fault.path[-1]), fault.known)
        else:
            self.reject(subject, fault.shown, fault.expected)

    def reject(self, subject: str, shown: str, expected: str) -> None:
        """Complain of a value, as it is shown; once where pydantic finds several faults in it."""
        complaint = ": ".join(filter(None, (subject, shown, f"expected {expected}")))
        if complaint not in self.complaints:
            self.complaints.append(complaint)

    def refuse(self, subject: str, name: str, known: Iterable[str]) -> None:
        """Complain of a name that is not known."""
        self.complaints.append(f"{subject}: unknown{near_miss(name, known)}")


def near_miss(name: str, known: Iterable[str]) -> str:
    """Suggest the known name most like an unknown one, as the end of a complaint; or nothing."""
    candidates = list(known)
    in_a_table = [candidate for candidate in candidates if candidate.endswith(f".{name}")]
    likely = in_a_table or difflib.get_close_matches(name, candidates, n=1)
    return f"; did you mean {likely[0]}?" if likely else ""
