"""What was read from bytes, remembered by those bytes.

Clients send the same bytes again and again, and reading them is a pure function: a look in a dict
is a tenth of the work. Two generations keep that bounded against bytes that never repeat, without
the bookkeeping of an LRU on each hit: what is asked for moves to the young one, and when that is
full it becomes the old one, and the old one, with all that nobody asked for, goes.
"""

from typing import Final, TypeVar

# Longer keys are not worth their place: who sends cookies sends them changing.
KEY_BYTES: Final = 2048

V = TypeVar("V")


class Memory(dict[bytes, V | None]):
    """A bounded map: `memory[key]` is what was remembered, or None.

    It is a dict so that a hit costs a dict's look-up and no call; what a miss does is written in
    `__missing__`. At most twice `entries` values are held.
    """

    def __init__(self, entries: int) -> None:
        """Make a memory whose generations hold `entries` values each."""
        super().__init__()
        self._entries = entries
        self._old: dict[bytes, V | None] = {}

    def __missing__(self, key: bytes) -> V | None:
        """Look in the old generation; what is found there is young again."""
        value = self._old.get(key)
        if value is not None:
            self.remember(key, value)
        return value

    def remember(self, key: bytes, value: V) -> None:
        """Keep `value`, unless its key is too long to be worth it."""
        if len(key) > KEY_BYTES:
            return
        if len(self) >= self._entries:
            self._old = dict(self)
            self.clear()
        self[key] = value
