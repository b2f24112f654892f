"""What the settings come to, for `filed check`."""

from collections.abc import Iterator
from typing import Final

from filed.settings.loading import Loaded
from filed.settings.notation import escaped, is_unicode
from filed.settings.options import TABLES, Option, in_table

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


def _all() -> Iterator[Option]:
    for table in ("", *TABLES):
        yield from in_table(table)


def _assignment(option: Option, loaded: Loaded) -> str:
    value = option.value(loaded.settings)
    written = option.written(value)
    if not is_unicode(value):  # TOML is UTF-8 and has no escape for other bytes
        return f"#{option.key} is not UTF-8: {written}"
    return f"{option.key} = {written}" if written else f"#{option.key} is not given"
