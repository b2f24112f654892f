"""What a load generator reports, and when that is no figure."""

import json

import pytest
from bench.errors import NoFigure
from bench.load import Load, parse_wrk, verify

NO_ERRORS = {"connect": 0, "read": 0, "write": 0, "timeout": 0, "status": 0}


def wrk_output(requests=1000, **errors):
    told = {
        "requests": requests,
        "bytes": 1_250_000,
        "duration_us": 2_000_000,
        "latency_us": {"p50": 310, "p99": 480},
        "errors": NO_ERRORS | errors,
    }
    return f"Running 2s test @ http://127.0.0.1:80/\n  1 threads\n{json.dumps(told)}\n"


def test_wrk_is_read_from_its_last_line():
    assert parse_wrk(wrk_output()) == Load(1000, 1_250_000, 2.0, 310, 480)


def test_a_run_shorter_than_its_transfers_has_bytes_but_no_latency():
    assert parse_wrk(wrk_output(requests=0)) == Load(0, 1_250_000, 2.0)


@pytest.mark.parametrize("what", list(NO_ERRORS))
def test_an_error_of_any_kind_is_no_figure(what):
    with pytest.raises(NoFigure, match=what):
        parse_wrk(wrk_output(**{what: 1}))


@pytest.mark.parametrize(
    ("received_bytes", "fits"),
    [
        (9_999, False),  # one answer was short by a byte
        (10_000, True),
        (13_200, True),  # 32 more under way at the end
        (13_201, False),
    ],
)
def test_what_was_received_must_be_the_answers_to_the_byte(received_bytes, fits):
    load = Load(requests=100, received_bytes=received_bytes, seconds=1.0)
    if fits:
        verify(load, reply_bytes=100, connections=32)
        return
    with pytest.raises(NoFigure, match="100 answers of 100 bytes"):
        verify(load, reply_bytes=100, connections=32)
