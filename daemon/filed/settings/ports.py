"""A range of ports, for a firewall that lets these through."""

import re
from dataclasses import dataclass
from typing import Final, Self

_FORM: Final = re.compile(r"(?P<first>[0-9]{1,5})-(?P<last>[0-9]{1,5})")
_LEAST: Final = 1024  # those below are root's, which workers are not (ip(7))
_MOST: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports from `first` to `last`, both among them."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def __len__(self) -> int:
        return self.last - self.first + 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `FIRST-LAST`.

        Raises:
            ValueError: it is none, or there is no port in it.
        """
        form = _FORM.fullmatch(text)
        if form is None:
            raise ValueError("not a range of ports")
        ports = cls(int(form["first"]), int(form["last"]))
        if not _LEAST <= ports.first <= ports.last <= _MOST:
            raise ValueError("not a range of ports")
        return ports
