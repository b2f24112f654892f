"""For every option, what it refuses and in which words, wherever it was given."""

from typing import NamedTuple

import pytest

from filed.settings import ConfigError, load
from filed.settings.options import OPTIONS


class Wrong(NamedTuple):
    """Values an option refuses, each with how the complaint quotes it.

    `toml` as they stand in the file, `text` as in the environment and on the command line.
    """

    expected: str
    toml: dict[str, str]
    text: dict[str, str]


def numbers(expected, *wrong):
    as_text = {value: value for value in wrong}
    return Wrong(
        expected,
        as_text | {'"4"': '"4"', "true": "true", "[1]": "[1]"},
        as_text | {"": '""', "4k": '"4k"', "0x10": '"0x10"', "1_0": '"1_0"'},
    )


def seconds(expected, *wrong):
    fault = numbers(expected, *wrong)
    return fault._replace(
        toml=fault.toml | {"inf": "Infinity", "nan": "NaN"},
        text={f"{value}": shown for value, shown in fault.text.items() if value not in wrong}
        | {"inf": '"inf"', "-0.5": "-0.5", "86401": "86401.0"},
    )


def choice(expected):
    return Wrong(
        expected,
        {'"nosuch"': '"nosuch"', "1": "1", "true": "true"},
        {"nosuch": '"nosuch"', "": '""'},
    )


SWITCH = Wrong(
    "true or false",
    {'"yes"': '"yes"', "1": "1", "[]": "[]"},
    {"maybe": '"maybe"', "": '""', "2": '"2"'},
)
ADDRESSES = Wrong(
    'a list of IP addresses with ports, such as ["[::]:7788"], ["127.0.0.1:7788"], [":7788"] for '
    "all addresses, or [] for none; for a host name give its address",
    {
        '":80"': '":80"',
        "80": "80",
        "[80]": "80",
        '[":80", "localhost:80"]': '"localhost:80"',
        '["[::]:65536"]': '"[::]:65536"',
    },
    {"": '""', "80": '"80"', ":80,example.org:80": '"example.org:80"', "[80]": "80", "{}": '"{}"'},
)
POSITIVE = "a whole number, 1 or more"
NOT_NEGATIVE = "a whole number, 0 or more"
SECONDS = seconds("a number of seconds above 0, up to 86400", "0", "-1", "86401")
SECONDS_OR_NONE = seconds("a number of seconds from 0 to 86400", "-1", "86401")

WRONG = {
    "root": Wrong(
        "the path of a directory",
        {'""': '""', "1": "1", '"a\\u0000b"': '"a\\u0000b"', "{}": "{}"},
        {"": '""'},
    ),
    "workers": Wrong(
        'a whole number from 1 to 255, or "auto"',
        {"0": "0", "256": "256", '"many"': '"many"', '"2"': '"2"', "1.5": "1.5", "true": "true"},
        {"0": "0", "256": "256", "many": '"many"', "": '""', "1.5": '"1.5"'},
    ),
    "listen.tcp": ADDRESSES,
    "listen.udp": ADDRESSES,
    "listen.backlog": numbers("a whole number from 1 to 65535", "0", "65536"),
    "files.symlinks": choice('"inside" or "never"'),
    "files.hidden": SWITCH,
    "files.cache_entries": numbers(NOT_NEGATIVE, "-1"),
    "files.cache_bytes": numbers("a whole number of bytes, 0 or more", "-1"),
    "files.small_file_bytes": numbers("a whole number of bytes, 0 or more", "-1"),
    "http.enabled": SWITCH,
    "http.index": Wrong(
        'a list of file names, such as ["index.html"], or [] for none',
        {'"index.html"': '"index.html"', '["a/b"]': '"a/b"', '[".."]': '".."', "[1]": "1"},
        {"": '""', "a,b/c": '"b/c"', "[1]": "1"},
    ),
    "http.listing": SWITCH,
    "http.listing_entries": numbers(POSITIVE, "0", "-1"),
    "http.precompressed": Wrong(
        'a list out of "zst", "br" and "gz", each once, or [] for none',
        {'"gz"': '"gz"', '["xz", "gz"]': '"xz"', '["gz", "br", "gz"]': '"gz"', "[1]": "1"},
        {"": '""', "zst,xz": '"xz"', "br,br": '"br"', '["GZ"]': '"GZ"'},
    ),
    "http.server_header": SWITCH,
    "http.media_types": Wrong(
        'a table of media types by name, such as ".log" = "text/plain"; outside of the file JSON, '
        'such as {".log": "text/plain"}',
        {"1": "1", '".log"': '".log"', "[]": "[]"},
        {"": '""', "[]": "[]", "{": '"{"', '{".a" = 1}': '"{\\".a\\" = 1}"'},
    ),
    "http.headers": Wrong(
        "tables [[http.headers]] with match, set and maybe always; outside of the file JSON, such "
        'as [{"match": "*.html", "set": {"Cache-Control": "no-cache"}}]',
        {"1": "1", '"*"': '"*"', "{}": "{}"},
        {"": '""', "{}": "{}", "[": '"["', "X-A: b": '"X-A: b"'},
    ),
    "plain.enabled": SWITCH,
    "tftp.enabled": SWITCH,
    "tftp.options": Wrong(
        'a list out of "blksize", "timeout", "tsize" and "windowsize", each once, or [] for none',
        {
            '"tsize"': '"tsize"',
            '["tsize", "utimeout"]': '"utimeout"',
            '["tsize", "tsize"]': '"tsize"',
            "[1]": "1",
        },
        {"": '""', "tsize,multicast": '"multicast"', '["TSIZE"]': '"TSIZE"'},
    ),
    "tftp.max_blksize": numbers("a whole number of bytes from 8 to 65464", "7", "65465"),
    "tftp.max_windowsize": numbers("a whole number of blocks from 1 to 32767", "0", "32768"),
    "tftp.timeout": seconds("a number of seconds from 0.1 to 255", "0", "-1", "256"),
    "tftp.retries": numbers("a whole number from 0 to 16", "-1", "17"),
    "tftp.ports": Wrong(
        'a range of ports from 1024 on, such as "20000-20999", or "any"',
        {'"2002-2001"': '"2002-2001"', '"69-70"': '"69-70"', '"1-65536"': '"1-65536"', "69": "69"},
        {"": '""', "20000": '"20000"', "1-2-3": '"1-2-3"', "-1-5": '"-1-5"'},
    ),
    "tftp.max_transfers": numbers(POSITIVE, "0"),
    "tftp.per_client": numbers(NOT_NEGATIVE, "-1"),
    "query.enabled": SWITCH,
    "limits.connections": numbers(POSITIVE, "0"),
    "limits.per_client": numbers(NOT_NEGATIVE, "-1"),
    "limits.request_line": numbers("a whole number of bytes from 256 to 1048576", "255", "1048577"),
    "limits.request_head": numbers(
        "a whole number of bytes from 1024 to 1048576", "1023", "1048577"
    ),
    "limits.udp_rate": numbers("a whole number of answers a second, 1 or more", "0"),
    "limits.rate": numbers(
        "a whole number of bytes a second from 0 to 2147483647", "-1", "2147483648"
    ),
    "timeouts.head": SECONDS,
    "timeouts.idle": SECONDS,
    "timeouts.stall": SECONDS,
    "timeouts.min_rate": numbers("a whole number of bytes a second, 0 or more", "-1"),
    "timeouts.min_rate_grace": SECONDS_OR_NONE,
    "timeouts.drain": SECONDS_OR_NONE,
    "timeouts.reload_drain": SECONDS_OR_NONE,
    "timeouts.worker": seconds("a number of seconds from 2 to 86400", "1", "86401"),
    "log.format": choice('"auto", "json" or "console"'),
    "log.level": choice('"debug", "info", "warning" or "error"'),
    "log.access": SWITCH,
    "metrics.listen": Wrong(
        'an IP address with a port, such as "127.0.0.1:7789" or ":7789" for all addresses, or '
        '"off"; for a host name give its address',
        {'"localhost:1"': '"localhost:1"', '""': '""', "false": "false", "7789": "7789"},
        {"localhost:1": '"localhost:1"', "": '""', "7789": '"7789"'},
    ),
    "security.user": Wrong(
        "the name of a user that exists on this system",
        {'"no such user"': '"no such user"', '""': '""', "0": "0"},
        {"no such user": '"no such user"', "": '""'},
    ),
    "security.group": Wrong(
        "the name of a group that exists on this system",
        {'"no such group"': '"no such group"', '""': '""', "0": "0"},
        {"no such group": '"no such group"', "": '""'},
    ),
    "security.landlock": choice('"auto", "require" or "off"'),
}

IN_FILES = [
    (name, value, shown) for name, wrong in WRONG.items() for value, shown in wrong.toml.items()
]
IN_TEXTS = [
    (name, value, shown) for name, wrong in WRONG.items() for value, shown in wrong.text.items()
]


def complaints(options, environ, **file):
    with pytest.raises(ConfigError) as caught:
        load(options, environ, **file)
    return caught.value.lines


def test_the_table_covers_every_option():
    assert list(WRONG) == list(OPTIONS)


@pytest.mark.parametrize(("name", "value", "shown"), IN_FILES)
def test_a_wrong_value_in_the_file_is_told(tmp_path, name, value, shown):
    file = tmp_path / "filed.toml"
    file.write_text(f"# settings\n\n{name} = {value}\n")
    expected = WRONG[name].expected
    assert complaints({}, {}, file=file) == (f"{file}:3: {name}: {shown}: expected {expected}",)


@pytest.mark.parametrize(("name", "value", "shown"), IN_TEXTS)
def test_a_wrong_value_in_the_environment_is_told(tmp_path, name, value, shown):
    variable = "FILED_" + name.upper().replace(".", "__")
    expected = WRONG[name].expected
    assert complaints({}, {variable: value}, default_file=tmp_path / "none") == (
        f"env {variable}: {shown}: expected {expected}",
    )


@pytest.mark.parametrize(("name", "value", "shown"), IN_TEXTS)
def test_a_wrong_value_of_an_option_is_told(tmp_path, name, value, shown):
    expected = WRONG[name].expected
    assert complaints({name: value}, {}, default_file=tmp_path / "none") == (
        f"option --{name}: {shown}: expected {expected}",
    )


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_every_option_says_what_it_means(option):
    assert option.description.endswith(".")
    assert option.summary
    assert option.default or option.words.example
