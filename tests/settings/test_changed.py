"""Which settings differ from their defaults, for the log."""

import json

import pytest

from filed.settings import load
from filed.settings.report import assigned, changed


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {}),
        ({"http.listing": "true"}, {}),  # given, and the same
        ({"timeouts.idle": "75.0"}, {}),
        ({"http.listing": "false"}, {"http.listing": False}),
        ({"limits.per_client": "4"}, {"limits.per_client": 4}),
        ({"timeouts.stall": "0.5"}, {"timeouts.stall": 0.5}),
        ({"log.format": "json"}, {"log.format": "json"}),
        ({"workers": "3"}, {"workers": 3}),
        ({"http.index": "a.html,b.html"}, {"http.index": ["a.html", "b.html"]}),
        ({"listen.tcp": "[::1]:80,0.0.0.0:81"}, {"listen.tcp": ["[::1]:80", "0.0.0.0:81"]}),
        ({"listen.udp": "[]"}, {"listen.udp": []}),
        ({"http.media_types": "{}", "http.headers": "[]"}, {}),
        ({"http.media_types": '{".a": "b/c"}'}, {"http.media_types": {".a": "b/c"}}),
        (
            {"http.headers": '[{"match": "*", "set": {"X-A": "b"}}]'},
            {"http.headers": [{"match": ["*"], "set": {"X-A": "b"}, "always": False}]},
        ),
        ({"metrics.listen": "127.0.0.1:9"}, {"metrics.listen": "127.0.0.1:9"}),
    ],
)
def test_what_differs_from_its_default_is_told_by_the_option_s_name(tmp_path, options, expected):
    found = changed(load({"root": str(tmp_path), **options}, {}, default_file=tmp_path / "none"))
    assert found == {"root": str(tmp_path), **expected}
    assert json.loads(json.dumps(found)) == found


def test_metrics_that_are_off_are_told(tmp_path):
    loaded = load({"metrics.listen": "off", "root": "/"}, {}, default_file=tmp_path / "none")
    assert changed(loaded) == {"root": "/", "metrics.listen": "off"}


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("limits.per_client", "4", "limits.per_client = 4"),
        ("timeouts.stall", "60", "timeouts.stall = 60"),
        ("timeouts.head", "0.4", "timeouts.head = 0.4"),
        ("log.format", "json", 'log.format = "json"'),
    ],
)
def test_a_setting_is_written_as_in_the_configuration_file(tmp_path, name, given, expected):
    loaded = load({name: given}, {}, default_file=tmp_path / "none")
    assert assigned(name, loaded.settings) == expected
