"""What several rounds come to."""

import pytest
from bench.figures import Figure, present, ratio
from hypothesis import given
from hypothesis import strategies as st

costs = st.floats(min_value=1e-3, max_value=1e6)


@pytest.mark.parametrize(
    ("values", "median", "low", "high"),
    [
        ([3.0], 3.0, 3.0, 3.0),
        ([5.0, 1.0, 3.0], 3.0, 1.0, 5.0),
        ([4.0, 1.0, 2.0, 3.0], 2.5, 1.0, 4.0),
        ([10.0, 10.0, 10.0, 10.0, 900.0], 10.0, 10.0, 900.0),
    ],
)
def test_a_figure_is_the_median_and_the_extremes(values, median, low, high):
    assert Figure.of(values) == Figure(median, low, high)


def test_one_disturbed_round_does_not_move_the_ratio_but_shows_in_the_scatter():
    ours, theirs = Figure.of([5, 5, 5, 5, 50]), Figure.of([10, 10, 10, 10, 10])
    assert ratio(theirs, ours) == 2.0
    assert ours.scatter == 9.0
    assert theirs.scatter == 0.0


def test_scatter_of_nothing_but_zeros_is_none():
    assert Figure.of([0.0, 0.0]).scatter == 0.0


@given(st.lists(costs, min_size=1))
def test_the_median_lies_between_the_extremes(values):
    figure = Figure.of(values)
    assert figure.low <= figure.median <= figure.high


@given(costs, costs)
def test_the_ratio_is_above_one_exactly_where_theirs_costs_more(theirs, ours):
    assert (ratio(Figure.of([theirs]), Figure.of([ours])) > 1) == (theirs > ours)


def test_what_was_not_measured_is_left_out():
    assert present([1.0, None, 0.0]) == [1.0, 0.0]
