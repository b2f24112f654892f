import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.tftp.patience import Patience

LEAST_S, MOST_S = 0.02, 60.0


def waits(patience):
    """How long each wait is until it gives up."""
    found = [patience.wait_s]
    while patience.in_vain():
        found.append(patience.wait_s)
    return found


@pytest.mark.parametrize(
    ("round_trips_s", "wait_s"),
    [
        # RFC 6298 §2.2: SRTT = R, RTTVAR = R/2, RTO = SRTT + max(G, 4 RTTVAR).
        ([1.0], 1.0 + 4 * 0.5),
        ([0.1], 0.1 + 4 * 0.05),
        # §2.3: RTTVAR = 3/4 RTTVAR + 1/4 |SRTT - R|, SRTT = 7/8 SRTT + 1/8 R.
        ([1.0, 1.0], 1.0 + 4 * 0.375),
        ([1.0, 2.0], 1.125 + 4 * (0.375 + 0.25)),
        ([2.0, 1.0], 1.875 + 4 * (0.75 + 0.25)),
        ([0.4, 0.2, 0.8], 0.875 * 0.375 + 0.1 + 4 * (0.75 * (0.15 + 0.05) + 0.25 * 0.425)),
        # The variance goes, and the granularity stays.
        ([0.1] * 100, 0.11),
        ([0.5] * 100, 0.51),
        # Not below the least, not above the most.
        ([0.0], LEAST_S),
        ([0.0002] * 10, LEAST_S),
        ([30.0], MOST_S),
        ([1e9], MOST_S),
    ],
)
def test_a_wait_follows_the_round_trips_as_rfc_6298_has_it(round_trips_s, wait_s):
    patience = Patience(1.0, 5)
    for round_trip_s in round_trips_s:
        patience.measured(round_trip_s)
    assert patience.wait_s == pytest.approx(wait_s)
    assert patience.least_s == min(round_trips_s)


def test_before_a_round_trip_is_known_the_wait_is_the_timeout():
    assert Patience(1.5, 5).wait_s == 1.5
    assert Patience(1.5, 5).least_s == 0


def test_each_wait_in_vain_doubles_the_next_up_to_a_minute():
    assert waits(Patience(1.0, 8)) == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_longer_timeout_is_not_shortened_to_a_minute():
    assert waits(Patience(100.0, 2)) == [100, 100, 100]


def test_it_gives_up_where_the_timeout_is_longer_than_a_minute():
    patience = Patience(100.0, 1)
    patience.measured(0.0)
    found = waits(patience)
    assert found[0] == LEAST_S
    assert found[-2:] == [100, 100]


def test_the_first_wait_is_the_only_one_without_retries():
    assert waits(Patience(1.0, 0)) == [1]


def test_waits_shorter_than_the_timeout_are_no_tries():
    patience = Patience(1.0, 2)
    patience.measured(0.0)
    expected = [0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12]
    assert waits(patience) == pytest.approx(expected)


def test_a_wait_that_the_client_has_said_stays_as_it_is():
    patience = Patience(1.0, 3, 4)
    patience.measured(0.001)
    patience.lost()
    patience.progressed()
    assert waits(patience) == [4, 4, 4, 4]
    assert patience.least_s == 0.001


def test_progress_begins_to_count_anew():
    patience = Patience(1.0, 2)
    assert patience.in_vain()
    assert patience.in_vain()
    patience.progressed()
    assert patience.in_vain()
    assert patience.in_vain()
    assert not patience.in_vain()


def test_a_wait_that_has_grown_stays_so_until_a_round_trip_is_measured():
    patience = Patience(1.0, 5)
    patience.measured(0.0)
    patience.in_vain()
    patience.in_vain()
    patience.progressed()
    assert patience.wait_s == 4 * LEAST_S
    patience.measured(0.0)
    patience.progressed()
    assert patience.wait_s == LEAST_S


def test_but_not_beyond_that_for_a_client_not_yet_known():
    patience = Patience(1.0, 5)
    patience.measured(0.0)
    while patience.wait_s < 8:
        patience.in_vain()
    patience.progressed()
    assert patience.wait_s == 1


def test_nor_where_the_client_says_what_was_lost():
    patience = Patience(1.0, 5)
    patience.measured(0.0)
    patience.in_vain()
    patience.progressed()
    patience.lost()
    assert patience.wait_s == LEAST_S


def test_a_client_that_erases_its_flash_for_seconds_is_not_given_up():
    patience = Patience(1.0, 5)
    for _ in range(100):
        patience.measured(0.0002)
    assert math.fsum(waits(patience)) > 60


round_trips = st.floats(0, 1e6)
happenings = st.lists(st.sampled_from(["in vain", "progressed", "lost"]) | round_trips, max_size=50)


@given(st.floats(0.1, 255), st.integers(0, 16), happenings)
def test_whatever_has_happened_it_gives_up_after_its_retries(timeout_s, retries, happened):
    patience = Patience(timeout_s, retries)
    for what in happened:
        match what:
            case "in vain":
                patience.in_vain()
            case "progressed":
                patience.progressed()
            case "lost":
                patience.lost()
            case round_trip_s:
                patience.measured(round_trip_s)
        assert LEAST_S <= patience.wait_s <= max(MOST_S, timeout_s)
    patience.progressed()
    found = waits(patience)
    assert sum(wait_s >= timeout_s for wait_s in found) == retries + 1
    assert sum(wait_s < timeout_s for wait_s in found) <= math.log2(timeout_s / LEAST_S) + 1
