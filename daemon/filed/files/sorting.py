"""Sorting that lets other threads in.

A thread holds the interpreter lock for as long as a call into C takes, and `list.sort` of 100,000
names is one call of 25 ms. Here no call sorts more than a bucket.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

# 0.2 ms of sorting.
_BUCKET_ITEMS: Final = 1024

_Item = TypeVar("_Item", bytes, int)


class Sorting(Generic[_Item]):
    """Puts items in order while they come.

    Each bucket holds what is below one bound and not below the bound before. A full one is sorted
    and becomes two.
    """

    __slots__ = ("_bounds", "_buckets", "_count")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._bounds: list[_Item] = []
        self._buckets: list[list[_Item]] = [[]]
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, item: _Item) -> None:
        """Take one more."""
        at = bisect_right(self._bounds, item)
        bucket = self._buckets[at]
        bucket.append(item)
        self._count += 1
        if len(bucket) == _BUCKET_ITEMS:
            self._split(at)

    def drain(self) -> Iterator[_Item]:
        """Yield all in order, once, and give their memory back on the way."""
        for at, bucket in enumerate(self._buckets):
            self._buckets[at] = []
            bucket.sort()
            yield from bucket

    def _split(self, at: int) -> None:
        bucket = self._buckets[at]
        bucket.sort()
        upper = bucket[_BUCKET_ITEMS // 2 :]
        del bucket[_BUCKET_ITEMS // 2 :]
        self._bounds.insert(at, upper[0])
        self._buckets.insert(at + 1, upper)
