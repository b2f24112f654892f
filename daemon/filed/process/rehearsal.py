"""A reload is tried out first: by the new code, with the new configuration, in a child.

The child runs the master's own command line again, so it imports what is on the disk now and reads
what is configured now. It goes as far as a start can go without serving: it opens the root, lets a
child of its own enter the sandbox, and binds the addresses that are new. If all of that works out,
it hands those sockets to the master; if anything does not, it says in words why not, and nothing
has changed.
"""

import errno
import os
import socket
import stat
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from filed.files.tree import Tree
from filed.process import sandbox
from filed.process.children import die_with, duties, fork
from filed.process.handover import Handover
from filed.process.listeners import BindError, Held, Kind, bind
from filed.settings import Address, ConfigError, Loaded, Settings

_MOST_SOCKETS: Final = 250  # at a time: SCM_MAX_FD is 253, see unix(7)
_EXIT_FAILED: Final = 1


@dataclass(frozen=True, slots=True)
class Consent:
    """What the new code has found to be fine.

    Attributes:
        configuration: what the configuration file held; nothing where there was none.
        sockets: the kind and the address of each socket that it has bound.
    """

    configuration: str
    sockets: list[tuple[Kind, str]]

    def send(self, channel: socket.socket, sockets: list[socket.socket]) -> None:
        """Hand it over, with the sockets themselves.

        Raises:
            OSError: the other end has gone, or there are too many sockets.
        """
        if len(sockets) > _MOST_SOCKETS:
            raise OSError(errno.E2BIG, f"more than {_MOST_SOCKETS} new addresses at a time")
        fd = os.memfd_create("filed-consent", os.MFD_CLOEXEC)
        os.write(fd, _CONSENTS.dump_json(self))
        socket.send_fds(channel, [b"+"], [fd, *(sock.fileno() for sock in sockets)])
        os.close(fd)

    @classmethod
    def receive(cls, channel: socket.socket) -> "tuple[Consent, list[Held]] | None":
        """Take it and the sockets; None where nothing was sent. Does not wait.

        Raises:
            ValueError: another version has said what this one cannot read.
            OSError: it could not be received.
        """
        try:
            data, fds, _, _ = socket.recv_fds(channel, 1, _MOST_SOCKETS + 1)
        except BlockingIOError:
            return None
        if not data:
            return None
        with ExitStack() as undo:
            for fd in fds:
                undo.callback(os.close, fd)
            consent = _consent(fds)
            held = [
                Held(kind, Address.parse(asked), _adopted(os.dup(fd)))
                for (kind, asked), fd in zip(consent.sockets, fds[1:], strict=True)
            ]
        return consent, held


_CONSENTS: Final = TypeAdapter(Consent)


def _consent(fds: list[int]) -> Consent:
    if not fds:
        raise ValueError("its descriptors were lost on the way")
    consent = _CONSENTS.validate_json(os.pread(fds[0], os.fstat(fds[0]).st_size, 0))
    if len(consent.sockets) != len(fds) - 1:
        raise ValueError("some of its descriptors were lost on the way")
    if not all(stat.S_ISSOCK(os.fstat(fd).st_mode) for fd in fds[1:]):
        raise ValueError("one of its descriptors is no socket")
    return consent


def rehearse(
    load: Callable[[bytes | None], Loaded], handover: Handover, channel: socket.socket
) -> int:
    """Try whether a new master could take over, and send a `Consent` if it could.

    Args:
        load: reads the settings anew.
        handover: what the new master would be handed.
        channel: to the master.

    Returns:
        The exit code: 0 for a consent; otherwise the reason is on standard error.

    Raises:
        ConfigError: the settings are wrong.
    """
    loaded = load(None)
    try:
        handover.check_room(len(duties(loaded.settings)))
        _try_sandbox(loaded)
        listeners = bind(loaded.settings, handover.held)
    except (BindError, OSError) as error:
        return _give_up(error)
    new = [held for held in listeners.held if held not in handover.held]
    consent = Consent(
        configuration=(loaded.file_content or b"").decode(),
        sockets=[(held.kind, str(held.asked)) for held in new],
    )
    try:
        consent.send(channel, [held.sock for held in new])
    except OSError as error:
        return _give_up(error)
    return 0


def _try_sandbox(loaded: Loaded) -> None:
    """Let a child enter the sandbox as a worker would, and see whether it can serve there.

    Raises:
        OSError: there is no root any more, or no process could be made.
        SystemExit: the child could not, and has said why.
    """
    settings = loaded.settings
    assert settings.root is not None, "settings that were checked have a root"
    tree = Tree(settings.root, settings.files.symlinks)
    identity = sandbox.Identity.of(settings)
    us = os.getpid()
    pid, ready_fd = fork(lambda _ready: _try_entering(us, tree, identity, settings))
    os.close(ready_fd)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    tree.close()
    if code:
        raise SystemExit(code)


def _try_entering(parent: int, tree: Tree, identity: sandbox.Identity, settings: Settings) -> int:
    try:
        die_with(parent)
        sandbox.enter(identity, settings, beneath=tree.root_fd)
        die_with(parent)  # to become another user takes that back
        sandbox.check_root(tree, identity, settings)
    except (ConfigError, OSError) as error:
        return _give_up(error)
    return 0


def _give_up(error: Exception) -> int:
    sys.stderr.write(f"{error}\n")
    sys.stderr.flush()
    return _EXIT_FAILED


def _adopted(fd: int) -> socket.socket:
    sock = socket.socket(fileno=fd)
    sock.setblocking(False)
    return sock
