import re
import tomllib
from pathlib import Path

import pytest

from filed.settings import Settings, load
from filed.settings.generate import GENERATED, configuration, main, reference, stale
from filed.settings.options import OPTIONS
from filed.settings.report import changed

REPOSITORY = Path(__file__).parents[2]


def test_the_generated_files_are_fresh():
    assert stale(REPOSITORY) == []
    assert main(["--check"]) == 0


def test_a_stale_and_a_missing_file_are_named(tmp_path):
    first, second = GENERATED
    (tmp_path / first).parent.mkdir()
    (tmp_path / first).write_text("old")
    assert stale(tmp_path) == [first, second]


def test_the_shipped_configuration_changes_nothing(tmp_path):
    file = tmp_path / "filed.toml"
    file.write_text(configuration())
    loaded = load({}, {}, file=file)
    assert loaded.settings.model_dump() == Settings().model_dump()


def without_marks(lines):
    """Take the # away that an option or a table has before it; a comment has a space behind its."""
    return "\n".join(re.sub(r"^#(?=\S)", "", line) for line in lines)


def tables(lines):
    """The lines of each table that is commented out: from its header to the next empty line."""
    blocks = "\n".join(lines).split("\n\n")
    return [block[block.index("#[") :].splitlines() for block in blocks if "#[" in block]


LINES = [line for line in configuration().splitlines() if "# an example" not in line]
TABLES = tables(LINES)


def test_with_every_option_taken_out_of_its_comment_all_is_still_at_its_default(tmp_path):
    in_tables = {line for table in TABLES for line in table}
    uncommented = without_marks(line for line in LINES if line not in in_tables)
    given = {
        name if not isinstance(value, dict) else f"{name}.{key}"
        for name, value in tomllib.loads(uncommented).items()
        for key in (value if isinstance(value, dict) else [""])
    }
    assert given == {
        name for name, option in OPTIONS.items() if option.default and not option.words.table
    }

    file = tmp_path / "filed.toml"
    file.write_text(uncommented)
    assert load({}, {}, file=file).settings.model_dump() == Settings().model_dump()


def test_with_every_table_taken_out_too_its_examples_are_in_effect_and_nothing_else(tmp_path):
    file = tmp_path / "filed.toml"
    file.write_text(without_marks(LINES))
    loaded = load({}, {}, file=file)
    assert set(changed(loaded)) == {"http.media_types", "http.headers"}
    assert loaded.settings.http.media_types[".tar.zst"] == "application/zstd"
    rules = loaded.settings.http.headers
    assert [rule.match for rule in rules] == [
        ("/assets/**",),
        ("*.json", "*.woff2"),
        ("/uploads/**",),
    ]
    assert rules[2].set["Content-Disposition"] == "attachment"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: f"{table[0]} {table[1]}")
def test_each_table_can_be_taken_out_of_its_comment_alone(tmp_path, table):
    file = tmp_path / "filed.toml"
    commented = "\n".join(table)
    file.write_text(configuration().replace(commented, without_marks(table)))
    loaded = load({}, {}, file=file)
    [changed_option] = changed(loaded)
    assert f"[{changed_option}]" in table[0]


def test_the_shipped_configuration_is_readable_without_scrolling():
    assert max(map(len, configuration().splitlines())) <= 100


def test_the_reference_has_a_row_for_every_option_and_for_the_keys_of_its_tables():
    expected = [option.key for option in OPTIONS.values()]
    keys = list(OPTIONS["http.headers"].parts)
    rows = [
        row.replace("\\|", "").strip("| ").split(" | ")
        for row in reference().splitlines()
        if row.startswith("| `")
    ]
    of_options = [row for row in rows if row[-1].startswith("`FILED_")]
    assert [row[0] for row in of_options] == [f"`{key}`" for key in expected]
    assert [row[-1] for row in of_options] == [f"`{each.environment}`" for each in OPTIONS.values()]
    assert {len(row) for row in of_options} == {5}
    others = [row for row in rows if row not in of_options]
    assert [row[0] for row in others] == [f"`{key}`" for key in keys]
    assert {len(row) for row in others} == {4}


def test_the_reference_shows_each_table_by_examples_that_work(tmp_path):
    examples = re.findall(r"```toml\n(.*?)```", reference(), flags=re.DOTALL)
    assert len(examples) == len([option for option in OPTIONS.values() if option.words.table])
    file = tmp_path / "filed.toml"
    file.write_text("\n".join(examples))
    http = load({}, {}, file=file).settings.http
    assert http.media_types
    assert http.headers
