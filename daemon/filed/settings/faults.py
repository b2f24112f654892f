"""What is wrong inside a value that has parts: a list, a table, an array of tables."""

from dataclasses import dataclass
from typing import Final, Self

from filed.settings.key_lines import KeyPath
from filed.settings.notation import quoted


@dataclass(frozen=True, slots=True)
class Fault:
    """One part that is wrong.

    Attributes:
        path: the keys and indexes that lead to it, from the option's value on.
        shown: the part, quoted for a complaint; empty where its key is what is wrong.
        expected: completes a sentence that begins with "expected"; where it is empty the words of
            the option do.
        known: the keys that there are, where the part is one that there is not.
    """

    path: KeyPath
    shown: str = ""
    expected: str = ""
    known: tuple[str, ...] = ()

    @classmethod
    def of(cls, wrong: object, expected: str = "", *path: str | int) -> Self:
        """Tell of a wrong part by its value."""
        return cls(path, quoted(wrong), expected)

    @classmethod
    def of_key(cls, key: str, expected: str) -> Self:
        """Tell of a key that is wrong, whatever its value."""
        return cls((key,), expected=expected)

    @classmethod
    def missing(cls, expected: str, *path: str | int) -> Self:
        """Tell of a part that has to be there."""
        return cls(path, "not given", expected)


class Faulty(ValueError):
    """A value has wrong parts.

    Attributes:
        faults: all of them, in order.
    """

    def __init__(self, *faults: Fault) -> None:
        self.faults: Final = faults
        super().__init__(f"{len(faults)} wrong parts")
