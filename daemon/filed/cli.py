"""The commands: `filed serve`, `filed check`, `filed version`."""

import argparse
import os
import platform
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn

from filed import __version__
from filed.settings import ConfigError, Loaded, checked, load
from filed.settings.layers import near_miss
from filed.settings.notation import escaped
from filed.settings.options import OPTIONS, TABLES, Option, in_table

EXIT_OK: Final = 0
EXIT_USAGE: Final = 2
EXIT_CONFIG: Final = 78  # EX_CONFIG of sysexits.h; systemd's RestartPreventExitStatus names it
_EXIT_INTERRUPTED: Final = 128 + signal.SIGINT  # as a shell tells of a process that died of it
_EXIT_READER_GONE: Final = 128 + signal.SIGPIPE

_COLUMNS: Final = 80
_COMMENT_COLUMN: Final = 40

_DESCRIPTION: Final = "A read-only file server: one directory over HTTP, plain TCP and UDP."
_SETTINGS_EPILOG: Final = (
    "Lists are JSON or separated by commas. Every option can also be given in the environment "
    "(FILED_HTTP__LISTING=false) and in the configuration file; options win over the environment, "
    "that over the file. docs/settings.md tells more of each."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: the words after the program's name; by default the process's own.

    Returns:
        The exit code: 0 done or stopped as asked, 1 failed while running, 2 usage,
        78 configuration.
    """
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED
    except ConfigError as error:
        for line in error.lines:
            print(line, file=sys.stderr)
        return EXIT_CONFIG


def _run(argv: Sequence[str]) -> int:
    ...
