"""The imaging score of a pack: imaging SINS plus points for epidural disease. It orders rows, nothing else."""

from collections.abc import Mapping
from typing import Protocol

from soar2.criteria.escc import GradeRange
from soar2.criteria.intervals import Interval


class Points(Protocol):
    """What the engine needs of a pack."""

    @property
    def escc_points(self) -> Mapping[str, int]: ...

    @property
    def below_conus_points(self) -> Mapping[str, int]: ...

    @property
    def unknown_points(self) -> tuple[int, int]: ...


def epidural_points(grade: GradeRange | None, pack: Points, *, below_conus: str | None = None) -> Interval:
    """Points of the below-conus word where one was said, else of the grade; the full range when neither is known.

    Raises KeyError for a word outside the closed vocabularies.
    """
    if below_conus is not None and below_conus != "not_stated":
        return Interval.exactly(pack.below_conus_points[below_conus])
    if grade is None:
        return Interval(*pack.unknown_points)
    return Interval(pack.escc_points[grade.lo], pack.escc_points[grade.hi])


def imaging_score(
    sins: Interval, grade: GradeRange | None, pack: Points, *, below_conus: str | None = None
) -> Interval:
    """Score of one level: imaging SINS (0 to 15) plus epidural points."""
    return sins.plus(epidural_points(grade, pack, below_conus=below_conus))
