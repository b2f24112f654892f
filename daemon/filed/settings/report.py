"""What the settings come to, for `filed check` and for the log."""

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import BaseModel

from filed.settings.loading import Loaded
from filed.settings.model import Settings
from filed.settings.notation import escaped, is_unicode
from filed.settings.options import OPTIONS, TABLES, Option, in_table

_MOST_COLUMNS: Final = 48  # one long value does not push the comments of all others aside


def report(loaded: Loaded) -> Iterator[str]:
    """Write every setting as a line of TOML, with a comment that tells where it was given."""
    assignments = {option: _assignment(option, loaded) for option in _all()}
    column = min(_MOST_COLUMNS, max(map(len, assignments.values())))
    table = ""
    for option, assignment in assignments.items():
        if option.table != table:
            table = option.table
            yield ""
            yield f"[{table}]"
        yield f"{assignment:<{column}}  # {escaped(str(loaded.origins[option.name]))}"


def changed(loaded: Loaded) -> dict[str, object]:
    """Pick the settings that differ from their defaults: their values by the options' names.

    The values are ready for JSON: what JSON has no type for is text.
    """
    values = {option: option.value(loaded.settings) for option in OPTIONS.values()}
    return {
        option.name: _plain(option.words.absent if value is None else value)
        for option, value in values.items()
        if value != option.field.default
    }


def assigned(name: str, settings: Settings) -> str:
    """Write one setting for people, `limits.per_client = 4`, by its option's name."""
    option = OPTIONS[name]
    return f"{name} = {option.written(option.value(settings))}"


def _plain(value: object) -> object:
    match value:
        case bool() | int() | float() | str():
            return value
        case tuple():
            return [_plain(each) for each in value]
        case Mapping() | BaseModel():
            return {str(key): _plain(each) for key, each in dict(value).items()}
        case _:
            return str(value)


def _all() -> Iterator[Option]:
    for table in ("", *TABLES):
        yield from in_table(table)


def _assignment(option: Option, loaded: Loaded) -> str:
    value = option.value(loaded.settings)
    written = option.written(value)
    if not is_unicode(value):  # TOML is UTF-8 and has no escape for other bytes
        return f"#{option.key} is not UTF-8: {written}"
    return f"{option.key} = {written}" if written else f"#{option.key} is not given"
