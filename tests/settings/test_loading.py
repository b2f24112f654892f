from pathlib import Path

import pytest
from pydantic import ValidationError

from filed.settings import Address, ConfigError, Settings, load


@pytest.fixture
def file(tmp_path):
    """A configuration file to be written by the test; `FILE` in a complaint."""
    return tmp_path / "filed.toml"


@pytest.fixture
def nowhere(tmp_path):
    return tmp_path / "none.toml"


def complaints(file, content, options=None, environ=None):
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigError) as caught:
        load(options or {}, environ or {}, file=file)
    return [line.replace(str(file), "FILE") for line in caught.value.lines]


def test_without_anything_given_all_is_at_its_default(nowhere):
    loaded = load({}, {}, default_file=nowhere)
    assert loaded.settings.model_dump() == Settings().model_dump()
    assert {str(origin) for origin in loaded.origins.values()} == {"default"}


def test_options_win_over_the_environment_that_over_the_file(file):
    file.write_text("[timeouts]\nhead = 1\nidle = 1\nstall = 1\n")
    environ = {"FILED_TIMEOUTS__IDLE": "2", "FILED_TIMEOUTS__STALL": "2"}
    loaded = load({"timeouts.stall": "3"}, environ, file=file)
    timeouts = loaded.settings.timeouts
    assert (timeouts.head, timeouts.idle, timeouts.stall, timeouts.drain) == (1, 2, 3, 30)
    assert [
        str(loaded.origins[f"timeouts.{key}"]) for key in ("head", "idle", "stall", "drain")
    ] == [
        f"{file}:2",
        "env FILED_TIMEOUTS__IDLE",
        "option --timeouts.stall",
        "default",
    ]


def test_values_are_of_the_types_that_others_count_on(file):
    file.write_text('root = "/srv"\nworkers = 3\nlisten = { tcp = [":80", "127.0.0.1:0"] }\n')
    settings = load({"metrics.listen": "off"}, {"FILED_HTTP__INDEX": "a,b"}, file=file).settings
    assert settings.root == Path("/srv")
    assert settings.resolve_workers() == 3
    assert settings.listen.tcp == (Address("::", 80), Address("127.0.0.1", 0))
    assert settings.listen.udp == (Address("::", 7788),)
    assert settings.http.index == ("a", "b")
    assert settings.metrics.listen is None


def test_auto_means_at_least_one_worker():
    assert 1 <= Settings().resolve_workers() <= 255


def test_a_list_may_be_empty(nowhere):
    assert load({"listen.udp": "[]"}, {}, default_file=nowhere).settings.listen.udp == ()


def test_settings_do_not_change_once_made():
    with pytest.raises(ValidationError):
        Settings().http.listing = False


def test_the_model_alone_does_not_look_into_the_environment(monkeypatch):
    monkeypatch.setenv("WORKERS", "7")
    assert Settings().workers == "auto"


def test_all_faults_are_told_at_once_file_first_then_environment_then_options(file):
    assert complaints(
        file,
        '[log]\nlevel = "loud"\n\n[http]\nlisting = 1\n',
        {"http.listing": "perhaps"},
        {"FILED_WORKERS": "0", "FILED_LOG__LEVEL": "info"},
    ) == [
        'FILE:2: log.level: "loud": expected "debug", "info", "warning" or "error"',
        "FILE:5: http.listing: 1: expected true or false",
        'env FILED_WORKERS: 0: expected a whole number from 1 to 255, or "auto"',
        'option --http.listing: "perhaps": expected true or false',
    ]


def test_several_wrong_elements_of_a_list_are_each_told(file):
    found = complaints(file, '[http]\nindex = [\n  "a/b",\n  "good",\n  3,\n]\n')
    assert [line.split(": expected")[0] for line in found] == [
        'FILE:2: http.index: "a/b"',
        "FILE:2: http.index: 3",
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[http]\nlistng = true", "FILE:2: http.listng: unknown; did you mean http.listing?"),
        ("[htpt]\nlisting = true", "FILE:1: htpt: unknown; did you mean http?"),
        ("listing = true", "FILE:1: listing: unknown; did you mean http.listing?"),
        ('"http.listing" = 1', 'FILE:1: "http.listing": unknown; did you mean http.listing?'),
        ("xyzzy = 1", "FILE:1: xyzzy: unknown"),
        ('"a\\n\\u001b" = 1', 'FILE:1: "a\\n\\u001b": unknown'),
        ("http = 1", "FILE:1: http: 1: expected a table"),
        ("http = [{}]", "FILE:1: http: [{}]: expected a table"),
        ("\n\nx y", "FILE:3: Expected '=' after a key in a key/value pair"),
        ("a = 1\nb = [1,\n2\n\n", "FILE:3: Unclosed array"),
        ("a = 1\r\nb = \r\n", "FILE:2: Invalid value"),
        (b"a = 1\nb = '\xff'\n", "FILE:2: not UTF-8"),
    ],
)
def test_a_fault_of_the_file_is_told_with_its_line(file, content, complaint):
    assert complaints(file, content) == [complaint]


def test_a_number_too_long_for_python_is_a_fault_like_others(file):
    [line] = complaints(file, f"workers = {'9' * 5000}")
    assert line.startswith("FILE: Exceeds the limit")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("FILED_HTTP__LISTNG", "unknown; did you mean FILED_HTTP__LISTING?"),
        ("FILED_http__listing", "unknown"),
        ("FILED__ROOT", "unknown; did you mean FILED_ROOT?"),
        ("FILED_A__\x1b[2J", "unknown"),
    ],
)
def test_an_unknown_variable_of_a_table_is_told(file, name, complaint):
    [line] = complaints(file, "", environ={name: "1"})
    assert line == f"env {name}: {complaint}".replace("\x1b", "\\u001b")


def test_other_unknown_variables_are_left_alone(nowhere):
    environ = {"FILED_PORT": "tcp://10.0.0.1:7788", "filed_root": "/x", "ROOT": "/y", "HTTP": "z"}
    loaded = load({}, environ, default_file=nowhere)
    assert loaded.settings.model_dump() == Settings().model_dump()


def test_an_unknown_option_is_told(nowhere):
    with pytest.raises(ConfigError) as caught:
        load({"http.listng": "1"}, {}, default_file=nowhere)
    assert caught.value.lines == ("option --http.listng: unknown; did you mean http.listing?",)


def test_the_file_is_the_one_named_first(tmp_path):
    files = {}
    for number, name in enumerate(["option", "environment", "default"], start=1):
        files[name] = tmp_path / name
        files[name].write_text(f"workers = {number}")
    named = {"FILED_CONFIG": str(files["environment"])}
    default = files["default"]

    def workers(environ, **file):
        return load({}, environ, default_file=default, **file).settings.workers

    assert workers(named, file=files["option"]) == 1
    assert workers(named) == 2
    assert workers({}) == 3


@pytest.mark.parametrize("by", ["option --config", "env FILED_CONFIG"])
def test_a_named_file_has_to_exist(nowhere, by):
    environ = {"FILED_CONFIG": str(nowhere)} if by.startswith("env") else {}
    file = None if environ else nowhere
    with pytest.raises(ConfigError) as caught:
        load({"workers": "0"}, environ, file=file)
    missing, wrong = caught.value.lines
    assert missing == f"{nowhere}: cannot be read: No such file or directory (named by {by})"
    assert wrong.startswith("option --workers: 0: ")


def test_a_default_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r": cannot be read: Is a directory$"):
        load({}, {}, default_file=tmp_path)


@pytest.mark.parametrize(
    ("place", "told"), [("file", 1), ("environment", 2), ("options", 3), ("none", None)]
)
def test_a_wrong_root_is_told_with_all_else_that_is_wrong(file, place, told):
    lines = complaints(
        file,
        ('root = "/no/such"\n' if place == "file" else "") + "[limits]\nrate = -1\n",
        {"limits.rate": "-3"} | ({"root": "/no/such"} if place == "options" else {}),
        {"FILED_LIMITS__RATE": "-2"}
        | ({"FILED_ROOT": "/no/such"} if place == "environment" else {}),
    )
    roots = [index for index, line in enumerate(lines) if '"/no/such": expected a dir' in line]
    assert roots == ([] if told is None else [told])
    assert len(lines) == 3 + len(roots)


def test_a_wrong_root_that_a_stronger_place_overrides_is_none(file, tmp_path):
    content = 'root = "/no/such"\n[limits]\nrate = -1\n'
    (line,) = complaints(file, content, {"root": str(tmp_path)})
    assert "limits.rate" in line
