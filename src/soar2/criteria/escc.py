"""Epidural spinal cord compression as ordered labels, and as intervals where the words leave it open.

Source: Bilsky MH et al., J Neurosurg Spine 2010;13:324-8. Mark: independent transcriptions agree, not yet
signed against the paper. Grades are labels, not numbers: 1a, 1b and 1c would all be 1 as numbers.
"""

from collections.abc import Iterable
from dataclasses import dataclass

GRADES: tuple[str, ...] = ("0", "1a", "1b", "1c", "2", "3")

MEANING = {
    "0": "disease in bone only",
    "1a": "epidural tumour, thecal sac not deformed",
    "1b": "thecal sac deformed, cord not touched",
    "1c": "thecal sac deformed, cord touched but not compressed",
    "2": "cord compressed, fluid still seen around it",
    "3": "cord compressed, no fluid seen around it",
}

MARK = "not yet signed against the paper"

#: Below the conus there is no cord to grade. The programme's own four words, and the place each takes in
#: the order of grades when the lane is decided.
BELOW_CONUS: tuple[str, ...] = ("none", "mild", "moderate", "severe")
BELOW_CONUS_PLACE = {"none": "0", "mild": "1b", "moderate": "1c", "severe": "3"}

_RANK = {grade: n for n, grade in enumerate(GRADES)}


def rank(grade: str) -> int:
    """Position in the order 0 < 1a < 1b < 1c < 2 < 3. Raises KeyError for a word that is no grade."""
    return _RANK[grade]


@dataclass(frozen=True, slots=True)
class GradeRange:
    """A grade known to lie between two labels, both included."""

    lo: str
    hi: str

    def __post_init__(self) -> None:
        if _RANK[self.lo] > _RANK[self.hi]:
            raise ValueError(f"the range {self.lo} to {self.hi} runs backwards")

    @property
    def exact(self) -> bool:
        return self.lo == self.hi

    def at_least(self, grade: str) -> bool:
        """Certain: even the lower end is this grade or above."""
        return _RANK[self.lo] >= _RANK[grade]

    def may_reach(self, grade: str) -> bool:
        """Possible: the upper end is this grade or above."""
        return _RANK[self.hi] >= _RANK[grade]

    def at_most(self, grade: str) -> bool:
        return _RANK[self.hi] <= _RANK[grade]

    def meet(self, other: "GradeRange") -> "GradeRange | None":
        """What both ranges allow; None when they exclude each other."""
        lo = max(_RANK[self.lo], _RANK[other.lo])
        hi = min(_RANK[self.hi], _RANK[other.hi])
        return GradeRange(GRADES[lo], GRADES[hi]) if lo <= hi else None

    def raised_to(self, grade: str) -> "GradeRange":
        """The same lower end, the upper end at least ``grade``: what a hedge does to a grade."""
        return GradeRange(self.lo, grade) if _RANK[self.hi] < _RANK[grade] else self

    def __str__(self) -> str:
        return self.lo if self.exact else f"{self.lo} to {self.hi}"


def exactly(grade: str) -> GradeRange:
    return GradeRange(grade, grade)


# Words without a grade, by what they certainly say and no more.
NO_EPIDURAL_DISEASE = GradeRange("0", "0")
EPIDURAL_TUMOUR = GradeRange("1a", "3")
CORD_COMPRESSED = GradeRange("2", "3")
NO_CORD_COMPRESSION = GradeRange("0", "1c")


def below_conus_range(word: str) -> GradeRange:
    """The place of a below-conus word in the order of grades. Raises KeyError for any other word."""
    return exactly(BELOW_CONUS_PLACE[word])


def most_urgent(ranges: Iterable[GradeRange]) -> GradeRange:
    """Of readings that exclude each other, the one that leads to the most urgent lane."""
    return max(ranges, key=lambda r: (_RANK[r.lo], _RANK[r.hi]))


def worst_upper_end(ranges: Iterable[GradeRange]) -> str | None:
    """The highest upper end; None without ranges."""
    tops = [_RANK[r.hi] for r in ranges]
    return GRADES[max(tops)] if tops else None


# The published table, sign by sign: epidural tumour, sac deformed, cord touched, cord compressed, fluid seen.
_SIGNS: dict[str, tuple[bool, bool, bool, bool, bool]] = {
    "0": (False, False, False, False, True),
    "1a": (True, False, False, False, True),
    "1b": (True, True, False, False, True),
    "1c": (True, True, True, False, True),
    "2": (True, True, True, True, True),
    "3": (True, True, True, True, False),
}


def from_signs(
    *,
    epidural: bool | None = None,
    sac_deformed: bool | None = None,
    cord_touched: bool | None = None,
    cord_compressed: bool | None = None,
    fluid_seen: bool | None = None,
) -> GradeRange | None:
    """Every grade that the signs seen on axial T2 images allow; None (of a sign) leaves it open.

    Returns None when nothing is known or when no grade fits: silence is never grade 0.
    """
    seen = (epidural, sac_deformed, cord_touched, cord_compressed, fluid_seen)
    if all(sign is None for sign in seen):
        return None
    fits = [
        grade
        for grade, row in _SIGNS.items()
        if all(sign is None or sign == wanted for sign, wanted in zip(seen, row, strict=True))
    ]
    return GradeRange(fits[0], fits[-1]) if fits else None
