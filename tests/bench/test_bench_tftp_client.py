"""The client against a real server: one after the other, and many at once."""

import hashlib
import os

import pytest
from bench.errors import NoFigure
from bench.tftp import load
from bench.tftp.arrangement import Arrangement
from bench.tftp.cases import Case
from bench.tftp.client import fetch, swarm
from bench.tftp.download import Wanted

from support.daemon import running

CONTENTS = os.urandom(300_000)
DIGEST = hashlib.sha256(CONTENTS).hexdigest()

CORES = frozenset(os.sched_getaffinity(0))
HERE = Arrangement("all", CORES, CORES)


@pytest.fixture
def port(tmp_path):
    (tmp_path / "file.bin").write_bytes(CONTENTS)
    with running(tmp_path, workers=1) as daemon:
        yield daemon.udp_port


@pytest.mark.parametrize(("blksize", "windowsize"), [(512, 1), (1428, 1), (1428, 16)])
def test_one_client_gets_the_exact_file_a_number_of_times(port, blksize, windowsize):
    outcome = fetch(Wanted(port, "file.bin", blksize, windowsize, DIGEST), times=3)
    assert outcome.done == 3
    assert outcome.received_bytes == 3 * len(CONTENTS)
    assert outcome.windows == [windowsize]


def test_many_clients_get_it_at_once(port):
    outcome = swarm(Wanted(port, "file.bin", 1428, 4, DIGEST), clients=20)
    assert (outcome.done, outcome.failures) == (20, [])
    assert outcome.received_bytes == 20 * len(CONTENTS)


def test_a_refusal_ends_a_single_client_and_is_counted_for_many(port):
    wanted = Wanted(port, "missing", 512)
    with pytest.raises(NoFigure, match="error 1"):
        fetch(wanted, times=1)
    outcome = swarm(wanted, clients=3)
    assert (outcome.done, len(outcome.failures)) == (0, 3)
    assert outcome.reasons.endswith("(3 times)")


def test_a_load_is_shared_by_processes_that_begin_together(port):
    case = Case("storm", "", 1428, 8, file="file.bin", clients=9)
    outcome = load.run(case, port, HERE, DIGEST)
    assert outcome.processes == len(CORES)
    assert (outcome.done, outcome.failures, outcome.windows) == (9, [], [8])
    assert outcome.received_bytes == 9 * len(CONTENTS)
    assert outcome.seconds > 0
    assert outcome.cpu_s > 0


@pytest.mark.parametrize(
    ("whole", "parts", "each"),
    [(500, 2, [250, 250]), (9, 2, [4, 5]), (1, 1, [1]), (50, 4, [12, 12, 13, 13])],
)
def test_clients_are_divided_evenly(whole, parts, each):
    assert load.shares(whole, parts) == each
