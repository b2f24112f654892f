"""Whether there is a root to serve, asked before anything is started."""

from dataclasses import replace
from pathlib import Path

from filed.settings.directory import complaint_of
from filed.settings.layers import Origin
from filed.settings.loading import ConfigError, Loaded


def checked(loaded: Loaded, *, on_terminal: bool) -> Loaded:
    """Make sure of the root, made absolute in the result.

    Args:
        loaded: what was read.
        on_terminal: somebody sits there and sees which directory is served, so that without a root
            it may be the current one.

    Raises:
        ConfigError: there is no root, or it is no directory that can be entered.
    """
    root, origin = loaded.settings.root, loaded.origins["root"]
    if root is None:
        root, origin = _current_directory(on_terminal=on_terminal), Origin("current directory")
    if complaint := complaint_of(root, origin):
        raise ConfigError(complaint)
    return replace(
        loaded,
        settings=loaded.settings.model_copy(update={"root": root.absolute()}),
        origins={**loaded.origins, "root": origin},
    )


def _current_directory(*, on_terminal: bool) -> Path:
    if not on_terminal:
        raise ConfigError(
            "root: not given: expected ROOT or --root on the command line, FILED_ROOT in the "
            "environment, or root in the configuration file"
        )
    current = Path.cwd()
    if current == Path("/"):
        raise ConfigError(
            'root: not given, and the current directory is "/": expected it to be named if all of '
            "the system is to be served (filed serve /)"
        )
    return current
