"""The model as a list of options: what each is called in each place, and what it may be."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, TypeGuard, get_args

from annotated_types import Ge, Gt, Le
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from filed.settings import notation
from filed.settings.faults import Fault, Faulty
from filed.settings.kinds import Unit, Words
from filed.settings.model import Settings
from filed.settings.table import Table

_READERS: Final[Mapping[object, Callable[[str], object]]] = {
    bool: notation.read_switch,
    int: notation.read_whole,
    float: notation.read_number,
}


@dataclass(frozen=True, eq=False)
class Option:
    """One option of the model.

    Attributes:
        table: the TOML table it stands in; empty for the top of the file.
        key: its name there.
        field: what pydantic knows of it.
    """

    table: str
    key: str
    field: FieldInfo

    @cached_property
    def name(self) -> str:
        """Its TOML name with the table's, `listen.tcp`."""
        return f"{self.table}.{self.key}" if self.table else self.key

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return f"--{self.name}"

    @property
    def environment(self) -> str:
        """Its name in the environment."""
        return f"FILED_{self.name.replace('.', '__').upper()}"

    @property
    def description(self) -> str:
        """What it means, in a few sentences."""
        return self.field.description or ""

    @property
    def summary(self) -> str:
        """The first of them."""
        return self.description.split(". ")[0].rstrip(".")

    @property
    def default(self) -> str:
        """Its default as TOML; empty where there is none."""
        return "" if self.field.is_required() else self.written(self.field.default)

    @property
    def unit(self) -> str:
        """What its number counts; empty where the description says it."""
        return next((mark.name for mark in self.field.metadata if isinstance(mark, Unit)), "")

    @cached_property
    def words(self) -> Words:
        """What it may be, in words."""
        given = [mark for mark in self.field.metadata if isinstance(mark, Words)]
        return given[0] if given else self._words_of_type()

    @cached_property
    def parts(self) -> Mapping[str, "Option"]:
        """The keys of each table, where it is an array of tables; otherwise none."""
        tables = filter(_is_table, get_args(self.field.annotation))
        return {
            key: Option(self.name, key, field)
            for table in tables
            for key, field in table.model_fields.items()
        }

    def value(self, settings: Settings) -> object:
        """Take its value out of settings."""
        return getattr(getattr(settings, self.table) if self.table else settings, self.key)

    def written(self, value: object) -> str:
        """Write a value of it as TOML; empty for None where that means that nothing was given."""
        if value is None:
            return notation.as_toml(self.words.absent) if self.words.absent else ""
        return notation.as_toml(value)

    def document(self, value: object) -> dict[str, object]:
        """Nest a value as the model takes it."""
        return {self.table: {self.key: value}} if self.table else {self.key: value}

    def validated(self, value: object) -> object:
        """Have the model make of a value what settings hold.

        Raises:
            Faulty: it is wrong, or some parts of it are.
        """
        try:
            return self.value(Settings.model_validate(self.document(value)))
        except ValidationError as error:
            complaints = error.errors(include_url=False)
            raise Faulty(*(fault for each in complaints for fault in self._faults(each))) from None

    def _faults(self, complaint: Mapping[str, Any]) -> Iterator[Fault]:
        """Put a complaint of pydantic's in our words; the model's keys come first in its place."""
        path = complaint["loc"][2 if self.table else 1 :] if self.parts else ()
        part = self.parts.get(path[-1], self) if path else self
        expected = part.words.expected
        match complaint:
            case {"ctx": {"error": Faulty(faults=faults)}}:
                for fault in faults:
                    inner = path + fault.path
                    yield replace(fault, path=inner, expected=fault.expected or expected)
            case {"type": "extra_forbidden"}:
                yield Fault(path, known=tuple(self.parts))
            case {"type": "missing"}:
                yield Fault.missing(expected, *path)
            case _:
                yield Fault.of(complaint["input"], expected, *path)

    def _words_of_type(self) -> Words:
        kind = self.field.annotation
        choices = get_args(kind)
        if choices:
            return Words(_either(map(notation.as_toml, choices)), "|".join(choices))
        if kind is bool:
            return Words("true or false", "true|false", _READERS[kind])
        return Words(self._range(), self._number_placeholder(), _READERS[kind])

    def _number_placeholder(self) -> str:
        return self.unit.upper() if self.unit in ("bytes", "seconds") else "N"

    def _range(self) -> str:
        noun = "a whole number" if self.field.annotation is int else "a number"
        if self.unit:
            noun += f" of {self.unit}"
        low, high = self._bound(Ge, "ge"), self._bound(Le, "le")
        if low is None:
            return f"{noun} above {self._bound(Gt, 'gt')}, up to {high}"
        return f"{noun}, {low} or more" if high is None else f"{noun} from {low} to {high}"

    def _bound(self, kind: type, attribute: str) -> object:
        marks = (mark for mark in self.field.metadata if isinstance(mark, kind))
        return next((getattr(mark, attribute) for mark in marks), None)


def _either(choices: Iterator[str]) -> str:
    *others, last = choices
    return f"{', '.join(others)} or {last}"


def _is_table(kind: object) -> TypeGuard[type[Table]]:
    return isinstance(kind, type) and issubclass(kind, Table)


def _tables() -> Iterator[tuple[str, type[Table], str]]:
    for name, field in Settings.model_fields.items():
        if _is_table(field.annotation):
            yield name, field.annotation, field.description or ""


def _options() -> Iterator[Option]:
    tables = {name: table for name, table, _ in _tables()}
    for name, field in Settings.model_fields.items():
        if name not in tables:
            yield Option("", name, field)
    for name, table in tables.items():
        for key, field in table.model_fields.items():
            yield Option(name, key, field)


TABLES: Final[Mapping[str, str]] = MappingProxyType({name: title for name, _, title in _tables()})
"""The tables by name, each with what it is about."""

OPTIONS: Final[Mapping[str, Option]] = MappingProxyType({each.name: each for each in _options()})
"""All options by name, in the order of the configuration file."""


def in_table(table: str) -> list[Option]:
    """Name the options of one table; of the top where it is empty."""
    return [option for option in OPTIONS.values() if option.table == table]
