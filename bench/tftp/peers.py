"""The TFTP servers that are compared. Another one is another row of `PEERS`.

Each gives out its tree to anyone who asks, as many transfers at once as the largest case has, and
writes no line for each.
"""

import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from bench.errors import Missing
from bench.peers import OURS, Peer, Place
from bench.peers import PEERS as HTTP_PEERS
from bench.processes import program
from bench.tftp.packets import read_request

# Besides those of a storm there may be some that the clients of the round before have left.
_TRANSFERS: Final = "1000"
# With more it would leave the range of select(2), where 1024 descriptors are the end, and abort: a
# transfer has two. It drops requests above that, and clients ask again.
_ATFTPD_TRANSFERS: Final = "500"
_ANSWER_S: Final = 0.5
_ANSWER_BYTES: Final = 2048


def _answers(port: int) -> bool:
    """Ask for a file that there is not: whoever serves says so."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(_ANSWER_S)
        probe.sendto(read_request("no-such-file", 512), ("127.0.0.1", port))
        try:
            return bool(probe.recv(_ANSWER_BYTES))
        except TimeoutError:
            return False


def _filed_command(place: Place) -> list[str]:
    options = {
        "--listen.udp": f"127.0.0.1:{place.port}",
        "--listen.tcp": "[]",
        "--metrics.listen": "off",
        "--workers": str(place.workers),
        "--log.access": "false",
        # All clients have one address here.
        "--tftp.per_client": _TRANSFERS,
        "--limits.udp_rate": "100000",
    }
    arguments = [word for option in options.items() for word in option]
    return [sys.executable, "-m", "filed", "serve", str(place.root), *arguments]


def _tftpd_hpa_version() -> str:
    told = _first_line([program("in.tftpd", "tftpd-hpa"), "-V"])
    if not told.startswith("tftp-hpa "):
        raise Missing(
            f"in.tftpd is not tftpd-hpa's but {told}; Debian installs one of the two only: "
            "`make bench-tftp` unpacks the other"
        )
    return told.removeprefix("tftp-hpa ").partition(",")[0]


def _tftpd_hpa_command(place: Place) -> list[str]:
    address = f"127.0.0.1:{place.port}"
    server = program("in.tftpd", "tftpd-hpa")
    return [server, "--foreground", "--address", address, "--secure", str(place.root)]


def _dnsmasq() -> str:
    return program("dnsmasq", "dnsmasq-base")


def _dnsmasq_version() -> str:
    return _first_line([_dnsmasq(), "--version"]).split()[2]


def _dnsmasq_command(place: Place) -> list[str]:
    return [
        *(_dnsmasq(), "--keep-in-foreground", "--conf-file", "--pid-file", "--log-facility=-"),
        *("--port=0", "--no-resolv", "--no-hosts"),
        *("--listen-address=127.0.0.1", "--bind-interfaces"),
        *("--enable-tftp", f"--tftp-root={place.root}", f"--tftp-max={_TRANSFERS}", "--quiet-tftp"),
    ]


def _atftpd() -> str:
    return program("atftpd", "atftpd")


def _atftpd_version() -> str:
    return _first_line([_atftpd(), "--version"]).removeprefix("atftp-").partition(" ")[0]


def _atftpd_command(place: Place) -> list[str]:
    return [
        *(_atftpd(), "--daemon", "--no-fork", "--logfile", "-", "--verbose=3"),
        *("--bind-address", "127.0.0.1", "--port", str(place.port)),
        *("--maxthread", _ATFTPD_TRANSFERS, str(place.root)),
    ]


def _first_line(command: list[str]) -> str:
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return (told.stdout + told.stderr).splitlines()[0]


PEERS: Final[Mapping[str, Peer]] = {
    peer.name: peer
    for peer in (
        Peer(OURS, HTTP_PEERS[OURS].version, _filed_command, _answers),
        Peer("tftpd-hpa", _tftpd_hpa_version, _tftpd_hpa_command, _answers),
        # It serves TFTP on the port of RFC 1350 and on no other.
        Peer("dnsmasq", _dnsmasq_version, _dnsmasq_command, _answers, port=69),
        Peer("atftpd", _atftpd_version, _atftpd_command, _answers),
    )
}
