"""What `filed check` prints of the settings."""

import json

import pytest

from filed.settings import load
from filed.settings.report import report

TABLES = {
    "http.media_types": {".tar.gz": "application/gzip", "Packages": 'text/plain; x="a b"'},
    "http.headers": [
        {"match": ["*.css", "/é/[!a]*"], "set": {"X-A": 'q"\\', "X-B": ""}},
        {"match": "*", "set": {"Vary": "Origin"}, "always": True},
    ],
}


@pytest.mark.parametrize("names", [["http.media_types"], ["http.headers"], list(TABLES)])
def test_what_is_in_effect_is_toml_that_gives_the_same_settings(tmp_path, names):
    none = tmp_path / "none"
    loaded = load({name: json.dumps(TABLES[name]) for name in names}, {}, default_file=none)
    file = tmp_path / "filed.toml"
    file.write_text("\n".join(report(loaded)))
    assert load({}, {}, file=file).settings.model_dump() == loaded.settings.model_dump()


def test_tables_are_told_with_the_line_where_they_begin(tmp_path):
    file = tmp_path / "filed.toml"
    file.write_text(
        '[[http.headers]]\nmatch = "*"\nset.X-A = "b"\n[http.media_types]\n"a" = "b/c"\n'
    )
    lines = [line.split("  # ") for line in report(load({}, {}, file=file))]
    assert [place for text, *place in lines if "X-A" in text] == [[f"{file}:1"]]
    assert [place for text, *place in lines if "b/c" in text] == [[f"{file}:4"]]
