import sys
import threading
import weakref

from hypothesis import given
from hypothesis import strategies as st

from filed.site.http.remembered import Remembered

MAX_BYTES = 10


class Value:
    """Something that a weak reference can follow."""


def of(**sizes):
    """Remember values with these names, each of so many bytes."""
    remembered = Remembered(MAX_BYTES)
    for key, size_bytes in sizes.items():
        remembered.put(key, key.upper(), size_bytes)
    return remembered


def keys(remembered):
    return {key for key, _ in remembered.items()}


def test_what_was_put_is_found_under_its_key():
    remembered = of(a=1, b=2)
    assert (remembered.get("a"), remembered.get("b"), remembered.get("c")) == ("A", "B", None)
    assert remembered.items() == [("a", "A"), ("b", "B")]


def test_what_fills_it_to_the_last_byte_is_kept():
    assert keys(of(a=5, b=5)) == {"a", "b"}
    assert keys(of(a=MAX_BYTES)) == {"a"}


def test_the_least_recently_used_goes_first():
    remembered = of(a=3, b=3, c=3)
    remembered.get("a")
    remembered.put("d", "D", 3)
    assert keys(remembered) == {"a", "c", "d"}


def test_listing_all_is_no_use_of_any():
    remembered = of(a=5, b=5)
    remembered.items()
    remembered.put("c", "C", 1)
    assert keys(remembered) == {"b", "c"}


def test_as_many_go_as_a_new_one_takes():
    remembered = of(a=3, b=3, c=3)
    remembered.put("d", "D", 7)
    assert keys(remembered) == {"c", "d"}


def test_what_is_too_large_is_kept_in_place_of_all_others():
    remembered = of(a=5, b=5)
    remembered.put("c", "C", MAX_BYTES + 1)
    assert remembered.items() == [("c", "C")]


def test_what_is_too_large_goes_with_the_next():
    remembered = of(a=MAX_BYTES + 1)
    remembered.put("b", "B", 1)
    remembered.put("c", "C", MAX_BYTES - 1)
    assert keys(remembered) == {"b", "c"}


def test_a_value_in_place_of_another_takes_its_bytes_over():
    remembered = of(a=5, b=5)
    remembered.put("a", "newer", 2)
    remembered.put("c", "C", 3)
    assert (remembered.get("a"), keys(remembered)) == ("newer", {"a", "b", "c"})


def test_a_value_in_place_of_another_is_the_most_recently_used():
    remembered = of(a=5, b=5)
    remembered.put("a", "newer", 5)
    remembered.put("c", "C", 1)
    assert keys(remembered) == {"a", "c"}


def test_what_is_forgotten_frees_its_bytes():
    remembered = of(a=5, b=5)
    remembered.forget("a")
    remembered.forget("a")
    remembered.forget("missing")
    remembered.put("c", "C", 5)
    assert keys(remembered) == {"b", "c"}


def test_values_that_are_not_remembered_are_not_held():
    remembered = Remembered(MAX_BYTES)
    values = [Value() for _ in range(3)]
    gone = [weakref.ref(value) for value in values]
    for key, value in zip(("replaced", "forgotten", "driven out"), values, strict=True):
        remembered.put(key, value, 1)
    values.clear()
    del value
    remembered.put("replaced", None, 1)
    remembered.forget("forgotten")
    remembered.put("large", None, MAX_BYTES)
    assert [reference() for reference in gone] == [None] * 3


class Naive:
    """The same, as slow and plain as can be: the least recently used first."""

    def __init__(self):
        self.values = []

    def get(self, key):
        for kept in self.values:
            if kept[0] == key:
                self.values.remove(kept)
                self.values.append(kept)
                return kept[1]
        return None

    def put(self, key, value, size_bytes):
        self.forget(key)
        self.values.append((key, value, size_bytes))
        while len(self.values) > 1 and sum(size for _, _, size in self.values) > MAX_BYTES:
            self.values.pop(0)

    def forget(self, key):
        self.values = [kept for kept in self.values if kept[0] != key]


KEYS = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("get"), KEYS),
    st.tuples(st.just("put"), KEYS, st.integers(), st.integers(0, MAX_BYTES + 2)),
    st.tuples(st.just("forget"), KEYS),
)


@given(st.lists(STEPS, max_size=50))
def test_it_does_as_a_naive_one_would(steps):
    remembered, naive = Remembered(MAX_BYTES), Naive()
    for name, *arguments in steps:
        assert getattr(remembered, name)(*arguments) == getattr(naive, name)(*arguments)
        assert dict(remembered.items()) == {key: value for key, value, _ in naive.values}


def test_any_number_of_threads_may_use_it():
    remembered = Remembered(MAX_BYTES)
    failures = []

    def use():
        try:
            for turn in range(3000):
                remembered.put(turn % 7, turn, 1 + turn % 5)
                remembered.get(turn % 3)
                remembered.items()
                remembered.forget(turn % 4)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the test's to tell
            failures.append(error)

    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval_s)
    assert failures == []
    for key in range(7):
        remembered.forget(key)
    for key in range(MAX_BYTES):
        remembered.put(key, key, 1)
    assert keys(remembered) == set(range(MAX_BYTES))  # not a byte was lost or counted twice
