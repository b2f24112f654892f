"""What several rounds come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Self


@dataclass(frozen=True, slots=True)
class Figure:
    """A median, and the lowest and highest value that went into it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Take the figure of at least one value."""
        ordered = sorted(values)
        return cls(median(ordered), ordered[0], ordered[-1])

    @property
    def scatter(self) -> float:
        """How far the extremes are apart, as a share of the median."""
        return (self.high - self.low) / self.median if self.median else 0.0


def present(values: Iterable[float | None]) -> list[float]:
    """Leave out what was not measured."""
    return [value for value in values if value is not None]


def ratio(theirs: Figure, ours: Figure) -> float:
    """How many times our cost theirs is; higher is better for us."""
    return theirs.median / ours.median
