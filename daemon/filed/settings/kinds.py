"""The kinds of values that settings have, with the words that say what each may be.

A kind is an annotated type: what the model checks, and what is told to people. Booleans, numbers
and fixed choices need no words here, since theirs follow from type and bounds (`options`).
"""

import grp
import pwd
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from filed.settings.address import Address
from filed.settings.faults import Fault, Faulty
from filed.settings.notation import read_list, read_text, read_whole
from filed.settings.ports import Ports

MAX_WORKERS: Final = 255
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Unit:
    """What a number counts, in the plural."""

    name: str


@dataclass(frozen=True, slots=True)
class Words:
    """What is told of a kind, and how its text is read.

    Attributes:
        expected: completes a sentence that begins with "expected".
        placeholder: stands for a value in the help.
        read: makes of plain text what TOML would have given.
        absent: how None is written; empty where it means that nothing was given.
        example: a value, where there is no default to show.
        table: examples of how it stands in a file as tables of its own, below their header if it is
            one table.
    """

    expected: str
    placeholder: str
    read: Callable[[str], object] = read_text
    absent: str = ""
    example: str = ""
    table: str = ""


def _address(value: object) -> Address:
    if isinstance(value, Address):
        return value
    if not isinstance(value, str):
        raise ValueError("not text")  # noqa: TRY004 — pydantic makes a complaint of ValueError only
    return Address.parse(value)


def _address_or_off(value: object) -> Address | None:
    return None if value is None or value == "off" else _address(value)


def _ports_or_any(value: object) -> Ports | None:
    if value is None or value == "any":
        return None
    if isinstance(value, Ports):
        return value
    if not isinstance(value, str):
        raise ValueError("not text")  # noqa: TRY004 — as above
    return Ports.parse(value)


def as_tuple(value: object) -> object:
    """Make of an array what settings hold; another value stays what it is."""
    return tuple(value) if isinstance(value, list) else value


def _file_name(name: str) -> str:
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ValueError("not the name of a file in a directory")
    return name


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    doubles = dict.fromkeys(name for name in names if names.count(name) > 1)
    if doubles:
        raise Faulty(*map(Fault.of, doubles))
    return names


def _path(value: object) -> Path | None:
    if value is None or isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("not a path")
    return Path(value)


def _user(name: str) -> str:
    _known(pwd.getpwnam, name)
    return name


def _group(name: str) -> str:
    _known(grp.getgrnam, name)
    return name


def _known(look_up: Callable[[str], object], name: str) -> None:
    try:
        look_up(name)
    except KeyError as error:
        raise ValueError("not known to this system") from error


Bytes = Annotated[int, Unit("bytes")]
Seconds = Annotated[float, Field(gt=0, le=_DAY_S), Unit("seconds")]
# A heartbeat comes each second or a little more; half of that again is no sign of death.
SecondsOfSilence = Annotated[float, Field(ge=2, le=_DAY_S), Unit("seconds")]
SecondsOrNone = Annotated[float, Field(ge=0, le=_DAY_S), Unit("seconds")]

Workers = Annotated[
    Literal["auto"] | Annotated[int, Field(ge=1, le=MAX_WORKERS)],
    Words(f'a whole number from 1 to {MAX_WORKERS}, or "auto"', "N|auto", read_whole),
]
Root = Annotated[
    Path | None,
    BeforeValidator(_path),
    Words("the path of a directory", "DIRECTORY", example="/srv/files"),
]
Addresses = Annotated[
    tuple[Annotated[Address, BeforeValidator(_address)], ...],
    BeforeValidator(as_tuple),
    Words(
        'a list of IP addresses with ports, such as ["[::]:7788"], ["127.0.0.1:7788"], '
        '[":7788"] for all addresses, or [] for none; for a host name give its address',
        "ADDRESS:PORT,...",
        read_list,
    ),
]
AddressOrOff = Annotated[
    Address | None,
    BeforeValidator(_address_or_off),
    Words(
        'an IP address with a port, such as "127.0.0.1:7789" or ":7789" for all addresses, '
        'or "off"; for a host name give its address',
        "ADDRESS:PORT|off",
        absent="off",
    ),
]
PortsOrAny = Annotated[
    Ports | None,
    BeforeValidator(_ports_or_any),
    Words(
        'a range of ports from 1024 on, such as "20000-20999", or "any"',
        "FIRST-LAST|any",
        absent="any",
    ),
]
FileNames = Annotated[
    tuple[Annotated[str, AfterValidator(_file_name)], ...],
    BeforeValidator(as_tuple),
    Words('a list of file names, such as ["index.html"], or [] for none', "NAME,...", read_list),
]
Sidecars = Annotated[
    tuple[Literal["zst", "br", "gz"], ...],
    BeforeValidator(as_tuple),
    AfterValidator(_each_once),
    Words(
        'a list out of "zst", "br" and "gz", each once, or [] for none',
        "ENDING,...",
        read_list,
    ),
]
TftpOptions = Annotated[
    tuple[Literal["blksize", "timeout", "tsize", "windowsize"], ...],
    BeforeValidator(as_tuple),
    AfterValidator(_each_once),
    Words(
        'a list out of "blksize", "timeout", "tsize" and "windowsize", each once, or [] for none',
        "OPTION,...",
        read_list,
    ),
]
User = Annotated[
    Annotated[str, AfterValidator(_user)] | None,
    Words("the name of a user that exists on this system", "NAME", example="filed"),
]
Group = Annotated[
    Annotated[str, AfterValidator(_group)] | None,
    Words("the name of a group that exists on this system", "NAME", example="filed"),
]
