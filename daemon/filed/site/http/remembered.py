"""What was made lately, the least recently used forgotten first; bounded in bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """A map that forgets. Any thread may use it."""

    def __init__(self, max_bytes: int) -> None:
        """Remember the last value, and others of no more than `max_bytes` with it.

        Args:
            max_bytes: by what is said of each.
        """
        self._max_bytes = max_bytes
        self._bytes = 0
        self._lock = Lock()
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return what is remembered under a key."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: K, value: V, size_bytes: int) -> None:
        """Remember a value in place of what was there, if need be in place of all others."""
        with self._lock:
            self._forget(key)
            self._values[key] = value, size_bytes
            self._bytes += size_bytes
            while self._bytes > self._max_bytes and len(self._values) > 1:
                self._forget(next(iter(self._values)))

    def forget(self, key: K) -> None:
        """Forget what is there."""
        with self._lock:
            self._forget(key)

    def items(self) -> list[tuple[K, V]]:
        """Return all that is remembered."""
        with self._lock:
            return [(key, value) for key, (value, _) in self._values.items()]

    def _forget(self, key: K) -> None:
        found = self._values.pop(key, None)
        if found is not None:
            self._bytes -= found[1]
