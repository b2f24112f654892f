"""What the documents show of a configuration is one."""

import re
import tomllib
from pathlib import Path

import pytest

from filed.settings.loading import load

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = [
    pytest.param(example, id=f"{path.name}-{number}")
    for path in (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")))
    for number, example in enumerate(
        re.findall(r"^```toml\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)
    )
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_says_what_it_seems_to(example, tmp_path):
    path = tmp_path / "filed.toml"
    path.write_text(f'root = "{tmp_path}"\n{example}')
    loaded = load({}, {}, file=path)
    given = {name for name, origin in loaded.origins.items() if origin.is_file} - {"root"}
    assert given == {
        f"{table}.{key}" for table, keys in tomllib.loads(example).items() for key in keys
    }


def test_there_are_examples():
    assert len(EXAMPLES) >= 5
