"""A process that downloads: `python -m bench.tftp.client --port PORT --name NAME …`.

It says `ready`, waits for a line on standard input, downloads, and prints what that came to as
JSON. One client blocks until what is left of its window is there; many share an epoll.
"""

import argparse
import select
import socket
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Final

from bench.errors import NoFigure
from bench.tftp.download import RESEND_S, Download, Wanted
from bench.tftp.inbox import Inbox
from bench.tftp.outcome import Outcome

READY: Final = "ready"

_LOOK_S: Final = 0.1


def fetch(wanted: Wanted, times: int) -> Outcome:
    """Download a file a number of times, one after the other.

    Raises:
        NoFigure: the server refused, fell silent, or sent something else than the file.
        OSError: it has gone.
    """
    inbox = Inbox(wanted.blksize, wanted.windowsize)
    outcome = Outcome()
    for _ in range(times):
        with Download(wanted, inbox) as download:
            _complete(download)
            outcome.count(download)
    return outcome


def _complete(download: Download) -> None:
    download.ask()
    while not download.is_done:
        if not download.step():
            download.resend()


def swarm(wanted: Wanted, clients: int) -> Outcome:
    """Download a file with many clients at once; where one fails, the others go on."""
    inbox = Inbox(wanted.blksize, wanted.windowsize)
    outcome = Outcome()
    with ExitStack() as stack, select.epoll() as poll:
        downloads = [stack.enter_context(Download(wanted, inbox)) for _ in range(clients)]
        for download in downloads:
            poll.register(download.socket, select.EPOLLIN)
        _ask_all(downloads)
        _receive_all(poll, {download.socket.fileno(): download for download in downloads}, outcome)
        for download in downloads:
            outcome.count(download)
    return outcome


def _ask_all(downloads: Iterable[Download]) -> None:
    for download in downloads:
        download.ask()
        download.stirred_s = time.monotonic()


def _receive_all(poll: select.epoll, living: dict[int, Download], outcome: Outcome) -> None:
    looked_s = time.monotonic()
    while living:
        ready = poll.poll(_LOOK_S)
        now_s = time.monotonic()
        ended = [fd for fd, _ in ready if _has_ended(living[fd], now_s, outcome)]
        if now_s - looked_s >= _LOOK_S:
            looked_s = now_s
            ended += [fd for fd in living if _is_given_up(living[fd], now_s, outcome)]
        for fd in ended:
            poll.unregister(fd)
            del living[fd]


def _has_ended(download: Download, now_s: float, outcome: Outcome) -> bool:
    download.stirred_s = now_s
    try:
        download.step(socket.MSG_DONTWAIT)
    except (NoFigure, OSError) as error:
        outcome.failures.append(str(error))
        return True
    return download.is_done


def _is_given_up(download: Download, now_s: float, outcome: Outcome) -> bool:
    """Send again where nothing has come for long; say whether that has been in vain too often."""
    if now_s - download.stirred_s < RESEND_S or download.is_done:
        return False
    download.stirred_s = now_s
    try:
        download.resend()
    except (NoFigure, OSError) as error:
        outcome.failures.append(str(error))
        return True
    return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.tftp.client")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--blksize", type=int, default=512)
    parser.add_argument("--windowsize", type=int, default=1)
    parser.add_argument("--digest", help="SHA-256 that the contents have to have")
    parser.add_argument("--clients", type=int, default=1, help="downloads at once")
    parser.add_argument("--times", type=int, default=1, help="downloads of a single client")
    return parser


def main(arguments: list[str]) -> None:
    """Run as the module's docstring says."""
    options = _parser().parse_args(arguments)
    wanted = Wanted(options.port, options.name, options.blksize, options.windowsize, options.digest)
    print(READY, flush=True)
    sys.stdin.readline()
    began_s, cpu_before_s = time.monotonic(), time.process_time()
    is_alone = options.clients == 1
    outcome = fetch(wanted, options.times) if is_alone else swarm(wanted, options.clients)
    outcome.began_s, outcome.ended_s = began_s, time.monotonic()
    outcome.cpu_s = time.process_time() - cpu_before_s
    print(outcome.written())


if __name__ == "__main__":
    main(sys.argv[1:])
