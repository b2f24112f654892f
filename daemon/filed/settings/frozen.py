"""A mapping that does not change, for settings, which do not change."""

from collections.abc import Iterator, Mapping


class FrozenMap(Mapping[str, str]):
    """Text by text, in order; hashable, and to be copied like any value."""

    # types.MappingProxyType is neither: pydantic copies a default that has no hash, and it refuses.

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, str] | None = None) -> None:
        """Hold a copy of the items, or none."""
        self._items = dict(items or {})

    def __getitem__(self, key: str) -> str:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._items!r})"
