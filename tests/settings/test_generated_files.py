import re
import tomllib
from pathlib import Path

from filed.settings import Settings, load
from filed.settings.generate import GENERATED, configuration, main, reference, stale
from filed.settings.options import OPTIONS

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


def test_with_every_option_taken_out_of_its_comment_all_is_still_at_its_default(tmp_path):
    lines = [line for line in configuration().splitlines() if "# an example" not in line]
    uncommented = "\n".join(re.sub(r"^#(?=[a-z])", "", line) for line in lines)
    given = {
        name if not isinstance(value, dict) else f"{name}.{key}"
        for name, value in tomllib.loads(uncommented).items()
        for key in (value if isinstance(value, dict) else [""])
    }
    assert given == {name for name, option in OPTIONS.items() if option.default}

    file = tmp_path / "filed.toml"
    file.write_text(uncommented)
    assert load({}, {}, file=file).settings.model_dump() == Settings().model_dump()


def test_the_shipped_configuration_is_readable_without_scrolling():
    assert max(map(len, configuration().splitlines())) <= 100


def test_the_reference_has_a_row_for_every_option():
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) == len(OPTIONS)
    for row, option in zip(rows, OPTIONS.values(), strict=True):
        cells = row.replace("\\|", "").strip("| ").split(" | ")
        assert cells[0] == f"`{option.key}`"
        assert cells[-1] == f"`{option.environment}`"
        assert len(cells) == 5
