"""Real clients over a network that is really bad: 10 ms there and back, and 2 % of packets lost."""

import os
import random

import pytest

from support import bad_network
from support.clients import program
from support.daemon import running

LOSS, DELAY_S = 0.02, 0.005
LOCKSTEP_BYTES, WINDOWED_BYTES = 100_000, 2_000_000


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    root.chmod(0o755)
    for name, size in (("lockstep", LOCKSTEP_BYTES), ("windowed", WINDOWED_BYTES)):
        (root / name).write_bytes(random.Random(name).randbytes(size))
    return root


@pytest.fixture(params=[bad_network.netem, bad_network.line])
def network(request):
    if os.geteuid() != 0:
        pytest.skip("only root can make a network namespace")
    for tool in ("ip", "tc"):
        program(tool, "iproute2")
    try:
        with request.param(loss=LOSS, delay_s=DELAY_S) as network:
            yield network
    except bad_network.UnavailableError as error:
        pytest.skip(f"this machine has no such network: {error}")


@pytest.fixture
def fetch(run, network, root, copy):
    """Serves over that network, fetches a file by a client, and returns its line in the log."""

    def call(name, client):
        with running(root, wrap=network.to_server) as daemon:
            run(*network.to_client, *client(network.server, daemon.udp_port))
            assert copy.read_bytes() == (root / name).read_bytes()
            assert daemon.stop() == 0
            *before, line = daemon.events("request")  # where the first packet was lost, or its ACK
            assert {each["outcome"] for each in before} <= {"unanswered"}
            return line

    return call


def test_curl_gets_the_exact_file_block_by_block(fetch, copy):
    curl = program("curl", "curl")

    def client(host, port):  # with options it would want a wait of seconds for each loss
        url = f"tftp://{host}:{port}/lockstep"
        return [curl, "--silent", "--show-error", "--tftp-no-options", "--output", copy, url]

    line = fetch("lockstep", client)
    assert (line["outcome"], line["windowsize"]) == ("done", 1)
    assert line["retransmits"] > 0


def test_atftp_gets_the_exact_file_in_windows(fetch, copy):
    atftp = program("atftp", "atftp")

    def client(host, port):
        terms = ("--option", "windowsize 16", "--option", "blksize 1428")
        names = ("--get", "--remote-file", "windowed", "--local-file", copy)
        return [atftp, *terms, *names, host, port]

    line = fetch("windowed", client)
    assert (line["outcome"], line["windowsize"]) == ("done", 16)
    assert line["retransmits"] > 0
