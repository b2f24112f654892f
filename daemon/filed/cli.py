"""The commands: `filed serve`, `filed check`, `filed version`."""

import argparse
import os
import platform
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias

from filed import __version__
from filed.settings import ConfigError, Loaded, checked, load
from filed.settings.layers import near_miss
from filed.settings.notation import escaped
from filed.settings.options import OPTIONS, TABLES, Option, in_table
from filed.settings.report import report

EXIT_OK: Final = 0
EXIT_USAGE: Final = 2
EXIT_CONFIG: Final = os.EX_CONFIG  # 78; systemd's RestartPreventExitStatus names it
EXIT_INTERRUPTED: Final = 128 + signal.SIGINT  # what a shell makes of a death by that signal
EXIT_READER_GONE: Final = 128 + signal.SIGPIPE

_STDOUT: Final = 1
_STDERR: Final = 2

_PURPOSE: Final = "A read-only file server: one directory over HTTP, plain TCP and UDP."
_PRECEDENCE: Final = (
    "Lists are JSON or separated by commas, tables are JSON. Each setting can also be given in the "
    "environment (FILED_HTTP__LISTING=false) and in the configuration file (listing = false below "
    "[http]); options win over the environment, the environment over the file."
)

_Command: TypeAlias = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: the words after the program's name; by default the process's own.

    Returns:
        The exit code: 0 done or stopped as asked, 1 failed while running or could not bind,
        2 no command, 78 configuration, 130 interrupted.

    Raises:
        SystemExit: with 2 for a usage error, with 141 where nobody reads what is printed.
    """
    _complete_standard_streams()
    try:
        arguments = _parse(sys.argv[1:] if argv is None else argv)
        command: _Command = arguments.show or arguments.run
        return command(arguments)
    except ConfigError as error:
        sys.stderr.write("".join(f"{line}\n" for line in error.lines))
        return EXIT_CONFIG
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _complete_standard_streams() -> None:
    """Open /dev/null for each standard stream that is closed.

    The lowest free number is the next to be given away: a connection could get that of standard
    error, and the log with it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 — it stays open


def _serve(arguments: argparse.Namespace) -> int:
    # Imported here, since it is the whole daemon: check and version are quicker without.
    from filed.process.daemon import serve  # noqa: PLC0415

    return serve(partial(_load, arguments), banner=arguments.banner or os.isatty(_STDERR))


def _check(arguments: argparse.Namespace) -> int:
    loaded = _load(arguments)
    if not arguments.quiet:
        _print(report(loaded))
    return EXIT_OK


def _version(arguments: argparse.Namespace) -> int:
    facts = {"filed": __version__}
    if arguments.verbose:
        from filed.process.kernel import features  # noqa: PLC0415 — needed nowhere else

        facts |= {"Python": platform.python_version(), platform.system(): platform.release()}
        facts |= features()
    width = max(map(len, facts))
    _print(f"{name:<{width}} {fact}" for name, fact in facts.items())
    return EXIT_OK


def _help(arguments: argparse.Namespace) -> int:
    _print([arguments.parser.format_help().rstrip()])
    return EXIT_OK


def _no_command(arguments: argparse.Namespace) -> int:
    arguments.parser.print_help(sys.stderr)
    return EXIT_USAGE


def _print(lines: Iterable[str]) -> None:
    """Print to a reader that may have left, as in `filed check | head`."""
    try:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
    except BrokenPipeError as error:
        # What is left in the buffer goes nowhere, or the interpreter would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)
        raise SystemExit(EXIT_READER_GONE) from error


def _load(arguments: argparse.Namespace, file_content: bytes | None = None) -> Loaded:
    given = vars(arguments)
    options = {name: given[name] for name in OPTIONS if name in given}
    if arguments.positional_root is not None:
        if "root" in options:
            arguments.parser.error("ROOT and --root are the same: give one of them")
        options["root"] = arguments.positional_root
    loaded = load(options, os.environ, file=arguments.config, file_content=file_content)
    loaded = checked(loaded, on_terminal=os.isatty(_STDOUT) or os.isatty(_STDERR))
    from filed.process import sandbox  # noqa: PLC0415 - only commands that read settings need it

    sandbox.check(loaded)
    return loaded


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    arguments, unknown = _parser().parse_known_args(argv)
    if unknown:
        arguments.parser.error(_unknown(unknown))
    return arguments


def _unknown(words: Sequence[str]) -> str:
    flags = [word.partition("=")[0] for word in words if word.startswith("-")]
    if not flags:
        return f"one argument too many: {words[0]}"
    known = [option.flag for option in OPTIONS.values()]
    return f"unknown option {flags[0]}{near_miss(flags[0], known)}"


class _Parser(argparse.ArgumentParser):
    def __init__(self, **texts: Any) -> None:  # noqa: ANN401 — whatever argparse takes
        super().__init__(
            **texts,
            formatter_class=partial(argparse.HelpFormatter, max_help_position=34, width=80),
            allow_abbrev=False,
            add_help=False,  # argparse's own would not bear a reader that leaves
        )
        self.set_defaults(parser=self)
        self.add_showing("-h", "--help", show=_help, text="print this text")

    def add_showing(self, *flags: str, show: _Command, text: str) -> None:
        """Add an option that shows something in place of what else was asked for."""
        self.add_argument(
            *flags,
            action="store_const",
            const=show,
            dest="show",
            default=argparse.SUPPRESS,
            help=text,
        )

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: {escaped(message)}\nTry: {self.prog} --help\n")


def _parser() -> _Parser:
    parser = _Parser(prog="filed", usage="filed COMMAND [OPTION]...", description=_PURPOSE)
    parser.set_defaults(run=_no_command, show=None, verbose=False)
    parser.add_showing("--version", show=_version, text="print the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="filed")
    for name, (usage, purpose, add_arguments) in _COMMANDS.items():
        add_arguments(commands.add_parser(name, usage=usage, description=purpose, help=purpose))
    return parser


def _add_serve(parser: _Parser) -> None:
    parser.set_defaults(run=_serve)
    parser.add_argument(
        "--banner",
        action="store_true",
        help="print how to reach the server even where standard error is not a terminal",
    )
    _add_settings(parser)


def _add_check(parser: _Parser) -> None:
    parser.set_defaults(run=_check)
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")
    _add_settings(parser)


def _add_version(parser: _Parser) -> None:
    parser.set_defaults(run=_version)
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="also Python's and what the kernel can do"
    )


_COMMANDS: Final[Mapping[str, tuple[str, str, Callable[[_Parser], None]]]] = {
    "serve": (
        "filed serve [OPTION]... [ROOT]",
        "Serve a directory, in the foreground, until told to stop.",
        _add_serve,
    ),
    "check": (
        "filed check [-q] [OPTION]... [ROOT]",
        "Read the configuration as serve would, and tell where each value came from.",
        _add_check,
    ),
    "version": ("filed version [-v]", "Print the version.", _add_version),
}


def _add_settings(parser: _Parser) -> None:
    """Add all that `_load` reads."""
    parser.epilog = _PRECEDENCE
    parser.add_argument(
        "positional_root", nargs="?", metavar="ROOT", help="the directory to serve, as with --root"
    )
    parser.add_argument(
        "-c",
        "--config",
        type=Path,
        metavar="FILE",
        help="the configuration file (default: FILED_CONFIG, or else /etc/filed/filed.toml)",
    )
    for option in in_table(""):
        parser.add_argument(option.flag, **_argument(option))
    for table, title in TABLES.items():
        group = parser.add_argument_group(f"[{table}] {title.rstrip('.')}")
        for option in in_table(table):
            group.add_argument(option.flag, **_argument(option))


def _argument(option: Option) -> dict[str, Any]:
    default = f" (default: {option.default})" if option.default else ""
    return {
        "dest": option.name,
        "metavar": option.words.placeholder,
        "default": argparse.SUPPRESS,
        "help": f"{option.summary}{default}".replace("%", "%%"),
    }
