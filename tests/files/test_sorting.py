import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.files import sorting
from filed.files.sorting import Sorting


def in_order(items):
    sorted_items = Sorting()
    for item in items:
        sorted_items.add(item)
    assert len(sorted_items) == len(items)
    return list(sorted_items.drain())


@given(st.lists(st.integers()) | st.lists(st.binary(max_size=3)), st.sampled_from([2, 3, 8]))
def test_items_come_out_in_order(items, bucket_items):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "_BUCKET_ITEMS", bucket_items)
        assert in_order(items) == sorted(items)


@pytest.mark.parametrize("arrange", [sorted, lambda items: sorted(items, reverse=True), list])
def test_many_items_come_out_in_order_however_they_come(arrange):
    items = random.Random(5).sample(range(10**9), 20_000)
    assert in_order(arrange(items)) == sorted(items)


def test_nothing_comes_out_where_nothing_was_put_in():
    assert in_order([]) == []
