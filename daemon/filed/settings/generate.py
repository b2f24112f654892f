"""Write what is made from the model: the commented configuration file and the reference.

`python -m filed.settings.generate` writes both, `--check` tells which of them are stale.
"""

import argparse
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from filed.settings.notation import as_toml
from filed.settings.options import TABLES, Option, in_table

_REPOSITORY: Final = Path(__file__).parents[3]
_COLUMNS: Final = 88
_SECTIONS: Final = ("", *TABLES)
_COLUMN_NAMES: Final = ("key", "meaning", "allowed", "default", "environment")

_CONFIGURATION_HEAD: Final = """\
# The configuration of filed. Generated from the program: all options, at their defaults.
#
# filed reads the file that -c or --config names, else the one that FILED_CONFIG names, else
# /etc/filed/filed.toml where it exists. Environment variables win over the file, and options of
# the command line over both:
#
#     [http]
#     listing = false           FILED_HTTP__LISTING=false           --http.listing false
#
# A line that begins with a # and a name is an option: take the # away to set it. Lines below one
# that begins with a # and a bracket belong to it, and are examples. Times are in seconds, sizes in
# bytes. `filed check` tells what is in effect and where each value came from.
"""

_REFERENCE_HEAD: Final = """\
# Settings

Generated from the program by `python -m filed.settings.generate`.

Every setting can be given in the configuration file, in the environment and on the command line;
options win over the environment, the environment over the file, the file over the defaults.

- **File**: TOML; the one that `-c` or `--config` names, else the one that `FILED_CONFIG` names,
  else `/etc/filed/filed.toml` where it exists. [config/filed.toml](../config/filed.toml) is one
  with every key in it.
- **Environment**: the names below. Booleans are `true`, `yes`, `on`, `1` or `false`, `no`, `off`,
  `0`; lists are JSON or separated by commas, tables are JSON.
- **Command line**: `--TABLE.KEY VALUE`, such as `--http.listing false`, the value written as in the
  environment; also `--root` and `--workers`.

`filed check` prints what is in effect and where each value came from. What is wrong is told all at
once, one line each, with the place where it was given; an unknown key or option is an error.
"""


def configuration() -> str:
    """Compose the configuration file."""
    lines = _CONFIGURATION_HEAD.splitlines()
    for table in _SECTIONS:
        lines += _table_head(table)
        for option in _tables_last(table):
            lines += ["", *_commented(option)]
    return _text(lines)


def _tables_last(table: str) -> list[Option]:
    """List the options of a table: keys below the header of an inner table would be that one's."""
    return sorted(in_table(table), key=lambda option: bool(option.words.table))


def _table_head(table: str) -> list[str]:
    return ["", "", f"# {TABLES[table]}", f"[{table}]"] if table else []


def _commented(option: Option) -> list[str]:
    told = (option.description, f"Allowed: {option.words.expected}.")
    comment = [line for text in told for line in _comment(text)]
    for part in option.parts.values():
        comment += _comment(f"{part.key}: {part.description} Allowed: {part.words.expected}.", "  ")
    if option.words.table:
        gap = [""] if option.parts else []
        return [*comment, *gap, *map(_as_comment, _as_tables(option).splitlines())]
    if option.default:
        return [*comment, f"#{option.key} = {option.default}"]
    example = f"#{option.key} = {as_toml(option.words.example)}"
    return [*comment, f"{example}  # an example; it has no default"]


def _comment(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _COLUMNS,
        initial_indent=f"# {indent}",
        subsequent_indent=f"# {indent * 2}",
        break_on_hyphens=False,
    )


def _as_tables(option: Option) -> str:
    """Compose examples of an option that stands in a file as tables of its own."""
    return option.words.table if option.parts else f"{_header(option)}\n{option.words.table}"


def _header(option: Option) -> str:
    return f"[[{option.name}]]" if option.parts else f"[{option.name}]"


def _as_comment(line: str) -> str:
    return line if not line or line.startswith("#") else f"#{line}"


def reference() -> str:
    """Compose the reference."""
    lines = _REFERENCE_HEAD.splitlines()
    for table in _SECTIONS:
        title = [f"## [{table}]", "", TABLES[table]] if table else ["## Top of the file"]
        lines += ["", *title, *_rows(_COLUMN_NAMES, map(_cells, in_table(table)))]
        for option in in_table(table):
            lines += _subsection(option) if option.words.table else []
    return _text(lines)


def _subsection(option: Option) -> list[str]:
    parts = option.parts.values()
    rows = _rows(_COLUMN_NAMES[:-1], (_cells(part)[:-1] for part in parts)) if parts else []
    example = ["", "```toml", *_as_tables(option).splitlines(), "```"]
    return ["", f"### {_header(option)}", *rows, *example]


def _rows(names: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return ["", _row(names), _row(["---"] * len(names)), *map(_row, rows)]


def _cells(option: Option) -> list[str]:
    default = f"`{option.default}`" if option.default else "none"
    told = [_prose(option.description), _prose(option.words.expected)]
    return [f"`{option.key}`", *told, default, f"`{option.environment}`"]


def _prose(text: str) -> str:
    """Write text for Markdown, where an asterisk would be a mark."""
    return text.replace("*", r"\*")


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def stale(repository: Path) -> list[Path]:
    """Name the generated files, below the repository, that are not what the model says."""
    return [
        path
        for path, compose in GENERATED.items()
        if not (repository / path).is_file() or (repository / path).read_text() != compose()
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Write the generated files, or check them.

    Returns:
        0, or 1 where a file is stale.
    """
    parser = argparse.ArgumentParser(prog="python -m filed.settings.generate")
    parser.add_argument("--check", action="store_true", help="name stale files and write nothing")
    if parser.parse_args(argv).check:
        return _check()
    for path in stale(_REPOSITORY):
        (_REPOSITORY / path).write_text(GENERATED[path]())
    return 0


def _check() -> int:
    found = stale(_REPOSITORY)
    for path in found:
        sys.stderr.write(f"{path}: stale; run python -m filed.settings.generate\n")
    return 1 if found else 0


GENERATED: Final[Mapping[Path, Callable[[], str]]] = {
    Path("config/filed.toml"): configuration,
    Path("docs/settings.md"): reference,
}

if __name__ == "__main__":
    sys.exit(main())
