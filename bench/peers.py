"""The servers that are compared. Another one is another row of `PEERS`."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import filed
from bench.processes import program

OURS: Final = "filed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server runs.

    Attributes:
        root: the directory that it serves.
        folder: where it may write.
        port: where on 127.0.0.1.
        workers: how many processes serve.
    """

    root: Path
    folder: Path
    port: int
    workers: int = 1


def takes_connections(port: int) -> bool:
    """Say whether somebody accepts TCP connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that can be measured.

    Attributes:
        name: what the report calls it.
        version: says which version is installed; raises `Missing` where none is.
        command: prepares the place and says the command line that serves there, in the foreground.
        answers: says whether somebody serves on a port.
        port: the only one where it can serve; None if it may be any.
    """

    name: str
    version: Callable[[], str]
    command: Callable[[Place], list[str]]
    answers: Callable[[int], bool] = takes_connections
    port: int | None = None


def _filed_version() -> str:
    """Say the version, and the commit where this is a checkout."""
    if (git := shutil.which("git")) is None:
        return filed.__version__
    describe = [git, "-C", str(Path(filed.__file__).parent), "describe", "--always", "--dirty"]
    told = subprocess.run(describe, capture_output=True, text=True, check=False)
    commit = told.stdout.strip()
    return f"{filed.__version__} ({commit})" if commit else filed.__version__


def _filed_command(place: Place) -> list[str]:
    options = {
        "--listen.tcp": f"127.0.0.1:{place.port}",
        "--listen.udp": "[]",
        "--metrics.listen": "off",
        "--workers": str(place.workers),
        "--log.access": "false",
    }
    arguments = [word for option in options.items() for word in option]
    return [sys.executable, "-m", "filed", "serve", str(place.root), *arguments]


_NGINX_CONF: Final = """\
daemon off;
worker_processes {workers};
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {more}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {root};
  }}
}}
"""
_NGINX_CACHE: Final = "open_file_cache max=4096 inactive=60s; open_file_cache_valid 1s;"


def _nginx() -> str:
    return program("nginx", "nginx-light")


def _nginx_version() -> str:
    told = subprocess.run([_nginx(), "-v"], capture_output=True, text=True, check=True).stderr
    return told.rpartition("/")[2].strip()


def _nginx_command(place: Place, more: str = "") -> list[str]:
    conf = place.folder / "nginx.conf"
    conf.write_text(
        _NGINX_CONF.format(
            folder=place.folder,
            root=place.root,
            port=place.port,
            workers=place.workers,
            more=more,
        )
    )
    # With -e the log that the package names, which only root may write, is not opened first.
    return [_nginx(), "-e", "stderr", "-p", str(place.folder), "-c", str(conf)]


PEERS: Final[Mapping[str, Peer]] = {
    peer.name: peer
    for peer in (
        Peer(OURS, _filed_version, _filed_command),
        Peer("nginx", _nginx_version, _nginx_command),
        Peer("nginx-cache", _nginx_version, lambda place: _nginx_command(place, _NGINX_CACHE)),
    )
}
