"""`http.media_types`: what is taken, and what is said of the rest."""

import copy
import json
import pickle

import pytest

from filed.settings import ConfigError, load

TYPE = 'a media type, such as "text/plain; charset=utf-8"'
QUOTED = "a name with a dot in it is quoted"
ONCE = "each ending once, in whatever case"
NAME = 'an ending, such as ".log" or ".tar.gz", or the whole name of a file, such as "Packages"'


@pytest.fixture
def file(tmp_path):
    return tmp_path / "filed.toml"


def types_of(file, content, options=None, environ=None):
    file.write_text(content)
    return load(options or {}, environ or {}, file=file).settings.http.media_types


def complaints(file, content):
    file.write_text(content)
    with pytest.raises(ConfigError) as caught:
        load({}, {}, file=file)
    return [line.replace(str(file), "FILE") for line in caught.value.lines]


def test_endings_and_whole_names_are_taken(file):
    content = '[http.media_types]\n".tar.gz" = "application/gzip"\n"Packages" = "text/plain"\n'
    found = types_of(file, content)
    assert found == {".tar.gz": "application/gzip", "Packages": "text/plain"}
    assert list(found) == [".tar.gz", "Packages"]


def test_a_stronger_place_gives_the_whole_table(file):
    content = '[http.media_types]\n".a" = "text/a"\n".b" = "text/b"\n'
    environ = {"FILED_HTTP__MEDIA_TYPES": '{".b": "text/env", ".c": "text/c"}'}
    assert types_of(file, content, {}, environ) == {".b": "text/env", ".c": "text/c"}
    assert types_of(file, content, {"http.media_types": "{}"}, environ) == {}


def test_the_table_does_not_change_and_can_be_copied(file):
    found = types_of(file, '[http]\nmedia_types = { ".a" = "text/a" }\n')
    with pytest.raises(TypeError):
        found[".a"] = "text/b"
    assert copy.deepcopy(found) == pickle.loads(pickle.dumps(found)) == found
    assert hash(copy.deepcopy(found)) == hash(found)


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/vnd.debian.binary-package",
        "image/svg+xml",
        "text/plain;charset=utf-8",
        "text/plain ; charset=utf-8; format=flowed",
        'text/plain; x="a; \\"b\\""',
    ],
)
def test_a_media_type_may_have_parameters(file, media_type):
    content = f"[http.media_types]\n'.a' = {json.dumps(media_type)}\n"
    assert types_of(file, content) == {".a": media_type}


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text",
        "text/",
        "/plain",
        "text/plain/x",
        "*/*",
        "text/*",
        "text /plain",
        " text/plain",
        "text/plain;",
        "text/plain; charset",
        "text/plain; charset = utf-8",
        'text/plain; x="',
        'text/plain; x="\\"',
        'text/plain; x="\n"',
        "text/plain\r\nX: y",
        "text/plain, text/html",
        "text/pläin",
    ],
)
def test_what_is_no_media_type_is_told(file, media_type):
    shown = json.dumps(media_type, ensure_ascii=False)
    content = f"[http.media_types]\n'.a' = {json.dumps(media_type)}\n"
    assert complaints(file, content) == [f'FILE:2: http.media_types.".a": {shown}: expected {TYPE}']


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", ".a/b", "*.a", "a\0"])
def test_what_is_no_name_is_told(file, name):
    quoted = json.dumps(name)
    content = f'[http.media_types]\n\n{quoted} = "text/plain"\n'
    expected = f"FILE:3: http.media_types.{quoted}: expected {NAME}"
    assert complaints(file, content) == [expected]


def test_all_faults_are_told_each_with_its_line(file):
    content = """\
[http.media_types]
".a" = "text/a"
".A" = "text/A"
"Packages" = "text/a"
"PACKAGES" = "text/a"
b.c = "text/c"
"*" = 3
[http]
listing = 1
"""
    assert complaints(file, content) == [
        f'FILE:3: http.media_types.".A": expected {ONCE}; .a is there already',
        f'FILE:6: http.media_types.b: {{"c": "text/c"}}: expected {TYPE}; {QUOTED}',
        f'FILE:7: http.media_types."*": expected {NAME}',
        f'FILE:7: http.media_types."*": 3: expected {TYPE}',
        "FILE:9: http.listing: 1: expected true or false",
    ]


def test_without_lines_the_key_tells_the_place(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load({"http.media_types": '{".a": "x"}'}, {}, default_file=tmp_path / "none")
    assert caught.value.lines == (f'option --http.media_types: ".a": "x": expected {TYPE}',)
