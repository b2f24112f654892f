"""One set of settings out of all that is given.

Options win over the environment, that over the file, and that over the defaults.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Final

from filed.settings.directory import complaint_of
from filed.settings.layers import Layer, Origin
from filed.settings.model import Settings
from filed.settings.notation import escaped
from filed.settings.options import OPTIONS
from filed.settings.sources import FileLayer, read_environment, read_file, read_options

FILE_VARIABLE: Final = "FILED_CONFIG"
DEFAULT_FILE: Final = Path("/etc/filed/filed.toml")


class ConfigError(Exception):
    """The configuration is wrong.

    Attributes:
        lines: what to tell of it, a line for each fault, free of control characters.
    """

    def __init__(self, *lines: str) -> None:
        self.lines: Final = tuple(map(escaped, lines))
        super().__init__("\n".join(self.lines))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings and how they came about.

    Attributes:
        settings: all of them.
        origins: where each was given, by the option's name (`listen.tcp`).
        file_content: what the configuration file held; None where there was none.
    """

    settings: Settings
    origins: Mapping[str, Origin]
    file_content: bytes | None = None


def load(
    options: Mapping[str, str],
    environ: Mapping[str, str],
    *,
    file: Path | None = None,
    default_file: Path = DEFAULT_FILE,
    file_content: bytes | None = None,
) -> Loaded:
    """Read all that is given.

    Args:
        options: what the command line gives, as text by the option's name (`listen.tcp`).
        environ: the environment.
        file: the configuration file that the command line names.
        default_file: the one that is read if nobody names one and it exists.
        file_content: what the file held when it was last read, to be taken for what it holds now.

    Raises:
        ConfigError: something of it is wrong.
    """
    file_layer = _read_named_file(environ, file, default_file, file_content)
    layers = (file_layer, read_environment(environ), read_options(options))
    if any(layer.complaints for layer in layers):
        _look_at_root(layers)
        raise ConfigError(*(complaint for layer in layers for complaint in layer.complaints))
    return Loaded(_merged(layers), _origins(layers), file_layer.content)


def _read_named_file(
    environ: Mapping[str, str], file: Path | None, default: Path, content: bytes | None
) -> FileLayer:
    if file is not None:
        return read_file(file, named_by="option --config", content=content)
    if FILE_VARIABLE in environ:
        named = Path(environ[FILE_VARIABLE])
        return read_file(named, named_by=f"env {FILE_VARIABLE}", content=content)
    return read_file(default, may_be_missing=True, content=content)


def _look_at_root(weakest_first: tuple[Layer, ...]) -> None:
    """Add what is wrong with the root that was given, which is not asked for before all is right.

    That none was given is no fault yet: what could not be read may have named one.
    """
    for layer in reversed(weakest_first):
        if origin := layer.origins.get("root"):
            if complaint := complaint_of(Path(layer()["root"]), origin):
                layer.complaints.append(complaint)
            return


def _merged(weakest_first: tuple[Layer, ...]) -> Settings:
    class Layered(Settings):
        layers: ClassVar = weakest_first[::-1]

    return Layered()


def _origins(layers: tuple[Layer, ...]) -> Mapping[str, Origin]:
    origins = dict.fromkeys(OPTIONS, Origin("default"))
    for layer in layers:
        origins |= layer.origins
    return MappingProxyType(origins)
