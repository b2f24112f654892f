"""The daemon, put together from its settings and from what a master before it has left."""

import os
import sys
from collections.abc import Callable

import structlog

from filed.files.tree import Tree
from filed.log import events
from filed.log.sink import Sink
from filed.process import sandbox
from filed.process.handover import Handover
from filed.process.inheritance import Inheritance
from filed.process.limits import raise_descriptor_limit
from filed.process.listeners import BindError
from filed.process.master import Master
from filed.process.rehearsal import rehearse
from filed.process.reload import Invocation, Part
from filed.process.status import tell_start
from filed.process.systemd import Notifier
from filed.settings import ConfigError, Loaded

_log = structlog.get_logger()

Load = Callable[[bytes | None], Loaded]
"""Reads the settings, given what the configuration file held if that is known, and checks them."""


def serve(load: Load, *, banner: bool) -> int:
    """Be the daemon until told to stop; or what a master has executed this program for.

    Args:
        load: reads the settings.
        banner: print how to reach the server once it can be reached.

    Returns:
        The exit code: 0 stopped as asked, 1 failed.

    Raises:
        ConfigError: the settings are wrong.
    """
    try:
        invocation = Invocation.of(os.environ)
    except (BindError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if invocation.part is Part.REHEARSE:
        assert invocation.channel is not None
        return rehearse(load, invocation.handover, invocation.channel)
    try:
        loaded = _load(load, invocation.handover)
    except ConfigError as error:
        if invocation.part is Part.START:
            raise
        sys.stderr.write("".join(f"{line}\n" for line in error.lines))
        return 1  # it was fine a moment ago, and may be again
    return _master(loaded, invocation.handover, banner=banner)


def _load(load: Load, handover: Handover) -> Loaded:
    content = handover.configuration
    return load(None if content is None else content.encode())


def _master(loaded: Loaded, handover: Handover, *, banner: bool) -> int:
    settings = loaded.settings
    json = events.is_json(settings.log.format)
    sink = Sink(sys.stderr.fileno())
    events.set_up(sink, json=json, level=settings.log.level)
    raise_descriptor_limit()
    try:
        inheritance = _inheritance(loaded, handover, sink, json=json)
        event = "taking_over" if handover.generation else "starting"
        tell_start(event, loaded, inheritance.identity)
        master = Master(inheritance, handover, Notifier.of(os.environ), banner=banner)
    except (BindError, OSError) as error:
        _log.error("cannot_start", why=str(error))
        return 1
    return master.run()


def _inheritance(loaded: Loaded, handover: Handover, sink: Sink, *, json: bool) -> Inheritance:
    settings = loaded.settings
    assert settings.root is not None, "settings that were checked have a root"
    tree = Tree(settings.root, settings.files.symlinks)
    listeners = handover.listeners(settings)
    table, former = handover.take_tables()
    return Inheritance(
        settings=settings,
        listeners=listeners,
        tree=tree,
        table=table,
        former=former,
        sink=sink,
        json=json,
        identity=sandbox.Identity.of(settings),
        master_pidfd=os.pidfd_open(os.getpid()),
    )
