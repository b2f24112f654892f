r"""A corpus of HTTP requests with their answers, as bytes.

Each `http/SUBJECT/NAME.request` is what a client sends, and `NAME.answer` beside it is what it gets
from the tree in `support/golden_tree.py`, word for word but for the placeholders that are told in
`support/corpus.py`. An answer with `Connection: close` says too that nothing comes behind it and
that the connection ends, whatever else was sent; any other, that the next request is answered.

To add a case, write the request with CR LF at the end of each line:

    printf 'GET /digits HTTP/1.1\r\nHost: server\r\n\r\n' > tests/golden/http/methods/get.request

and the answer by what `docs/` and the RFCs say, or have it written:

    GOLDEN=accept .venv/bin/pytest tests/golden -k gets_its_answer

That puts down what the daemon answers, but for answers that break a rule of HTTP. So read `git
diff` before a commit: what is accepted is what users are promised from then on.
"""

import itertools
import os
import random
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from filed.protocols import detect
from filed.protocols.http.request_line import METHODS, SERVED
from filed.protocols.messages import Protocol
from support import corpus
from support.daemon import running
from support.golden_tree import RULES, make_tree

FOLDER = Path(__file__).parent / "http"
CASES = corpus.load(FOLDER)
ANSWERED = [case for case in CASES.values() if case.answer]
KEPT = [case for case in ANSWERED if not case.closes]
CLOSED = [case for case in ANSWERED if case.closes]
ACCEPT = os.environ.get("GOLDEN") == "accept"

# Longer requests come in so many pieces instead of byte by byte: the daemon looks at all that has
# arrived of a head with each of them.
MOST_PIECES = 2000


def each(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    root = make_tree(tmp_path_factory.mktemp("golden"))
    nobody = ("--security.user=nobody",) if os.geteuid() == 0 else ()
    with running(root, f"--http.headers={RULES}", *nobody, workers=1) as daemon:
        yield daemon.port


@each(CASES.values())
def test_a_request_gets_its_answer(port, case):
    with connected(port) as (sock, stream):
        sock.sendall(case.request)
        answer = corpus.receive(stream, case)
        if ACCEPT:
            corpus.answer_path(case).write_bytes(answer)
            return
        assert_same(answer, case)
        assert_goes_on(sock, stream, case)


@each(CASES.values())
def test_a_request_that_comes_in_pieces_gets_the_same_answer(port, case):
    with connected(port) as (sock, stream):
        with suppress(BrokenPipeError, ConnectionResetError):  # one may be refused before its end
            for piece in pieces(case.request):
                sock.send(piece)
        assert_same(corpus.receive(stream, case), case)
        assert_goes_on(sock, stream, case)


@each(CLOSED)
def test_a_request_that_ends_a_pipeline_gets_the_same_answer(port, case):
    before = random.Random(case.name).sample(KEPT, 2)
    assert_pipelined(port, [*before, case])


@pytest.mark.parametrize("seed", range(4))
def test_requests_behind_one_another_get_the_same_answers(port, seed):
    choice = random.Random(seed)
    shuffled = choice.sample(KEPT, len(KEPT))
    assert_pipelined(port, [*shuffled, choice.choice(CLOSED)])


def test_each_method_that_is_known_but_not_served_is_not_allowed():
    refused = {case.method for case in CASES.values() if case.answer.startswith(b"HTTP/1.1 405 ")}
    assert refused == METHODS - SERVED


def test_each_answer_belongs_to_a_request():
    answers = {corpus.answer_path(case) for case in CASES.values()}
    assert set(FOLDER.glob("*/*.answer")) == answers


@contextmanager
def connected(port):
    """A connection, and a file to read from it."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with sock.makefile("rb") as stream:
            yield sock, stream


def pieces(data):
    """Split what decides the protocol from the rest, and that into bytes."""
    sizes = range(1, len(data) + 1)
    decided = next(
        size for size in sizes if detect.decide(data[:size], ended=False) is Protocol.HTTP
    )
    step = 1 + len(data) // MOST_PIECES
    cuts = [0, *range(decided, len(data), step), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(cuts)]


def assert_pipelined(port, cases):
    """Send requests all at once; the last one ends the connection."""
    data = b"".join(case.request for case in cases)
    with connected(port) as (sock, stream), ThreadPoolExecutor(1) as sender:
        sent = sender.submit(sock.sendall, data)  # beside, since neither side's buffer takes it all
        for case in cases:
            assert_same(corpus.receive(stream, case), case)
        sent.result()
        assert stream.read() == b""


def assert_same(answer, case):
    # As text, whose lines pytest compares one by one.
    assert answer.decode("latin-1") == case.answer.decode("latin-1")


def assert_goes_on(sock, stream, case):
    """Assert that the connection goes on, or has ended, as the answer says."""
    if case.closes:
        assert stream.read() == b""
        return
    following = CASES["methods/get"]
    sock.sendall(following.request)
    assert_same(corpus.receive(stream, following), following)
