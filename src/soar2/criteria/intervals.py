"""A whole number known only to lie between two ends."""

from collections.abc import Iterable
from typing import NamedTuple


class Interval(NamedTuple):
    """Closed interval ``lo..hi`` of points. An unknown item is its full range, never zero.

    Zero is the benign end of every item here, so a silent zero would call an unread spine stable.
    """

    lo: int
    hi: int

    @classmethod
    def exactly(cls, value: int) -> "Interval":
        return cls(value, value)

    @property
    def exact(self) -> bool:
        return self.lo == self.hi

    def plus(self, other: "Interval") -> "Interval":
        return Interval(self.lo + other.lo, self.hi + other.hi)

    def contains(self, other: "Interval") -> bool:
        return self.lo <= other.lo and other.hi <= self.hi

    def __str__(self) -> str:
        return str(self.lo) if self.exact else f"{self.lo} to {self.hi}"


def total(parts: Iterable[Interval]) -> Interval:
    """Sum of intervals; the empty sum is 0 to 0."""
    lo = hi = 0
    for part in parts:
        lo += part.lo
        hi += part.hi
    return Interval(lo, hi)


def greatest(parts: Iterable[Interval]) -> Interval | None:
    """The greatest of the minima and the greatest of the maxima; None when there are no parts."""
    listed = list(parts)
    if not listed:
        return None
    return Interval(max(p.lo for p in listed), max(p.hi for p in listed))
