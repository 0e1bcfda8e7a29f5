"""Spinal Instability Neoplastic Score: six items, and the five of them that imaging can show.

Source: Fisher CG et al., Spine 2010;35(22):E1221-9. Mark: three independent transcriptions agree, not yet
signed against the paper. Pain is the one item a scan cannot show; it is never filled in by default.
"""

from dataclasses import dataclass
from functools import lru_cache

from soar2.criteria.anatomy import sins_location
from soar2.criteria.intervals import Interval, total

MARK = "not yet signed against the paper"

# Points per value. An interval marks a value the table leaves open: collapse of exactly half is neither
# less nor more than half, and what is indeterminate or not stated may be anything, never nothing.
PAIN: dict[str, Interval] = {
    "none": Interval(0, 0),
    "occasional": Interval(1, 1),  # not mechanical; the table has no value 2
    "mechanical": Interval(3, 3),  # worse with movement or load, eased by lying down
    "not_stated": Interval(0, 3),
}
LESION: dict[str, Interval] = {
    "blastic": Interval(0, 0),
    "mixed": Interval(1, 1),
    "lytic": Interval(2, 2),
    "indeterminate": Interval(0, 2),
    "not_stated": Interval(0, 2),
}
ALIGNMENT: dict[str, Interval] = {
    "normal": Interval(0, 0),
    "deformity": Interval(2, 2),  # new kyphosis or scoliosis, not an old curve
    "subluxation": Interval(4, 4),
    "indeterminate": Interval(0, 4),
    "not_stated": Interval(0, 4),
}
COLLAPSE: dict[str, Interval] = {
    "none": Interval(0, 0),
    "none_gt50_involved": Interval(1, 1),
    "lt50": Interval(2, 2),
    "eq50": Interval(2, 3),
    "gt50": Interval(3, 3),
    "indeterminate": Interval(0, 3),
    "not_stated": Interval(0, 3),
}
POSTEROLATERAL: dict[str, Interval] = {
    "none": Interval(0, 0),
    "unilateral": Interval(1, 1),
    "bilateral": Interval(3, 3),
    "indeterminate": Interval(0, 3),
    "not_stated": Interval(0, 3),
}

STABLE, INDETERMINATE, UNSTABLE = "stable", "indeterminate", "unstable"
_BANDS = ((0, 6, STABLE), (7, 12, INDETERMINATE), (13, 18, UNSTABLE))


@dataclass(frozen=True, slots=True)
class SinsItems:
    """The words of one level. ``pain`` comes from a clinician and stays ``not_stated`` on imaging."""

    level: str
    lesion: str = "not_stated"
    alignment: str = "not_stated"
    collapse: str = "not_stated"
    posterolateral: str = "not_stated"
    pain: str = "not_stated"


@lru_cache(maxsize=4096)
def imaging_sins(items: SinsItems) -> Interval:
    """Imaging part of SINS, 0 to 15. Raises KeyError for a word outside the closed vocabularies."""
    return total(
        (
            Interval(*sins_location(items.level)),
            LESION[items.lesion],
            ALIGNMENT[items.alignment],
            COLLAPSE[items.collapse],
            POSTEROLATERAL[items.posterolateral],
        )
    )


def full_sins(items: SinsItems) -> Interval:
    """All six items, 0 to 18; an interval of its own until a clinician has recorded pain."""
    return imaging_sins(items).plus(PAIN[items.pain])


def classes(score: Interval) -> tuple[str, ...]:
    """Every published class a full SINS may fall into: 0-6 stable, 7-12 indeterminate, 13-18 unstable."""
    return tuple(name for lo, hi, name in _BANDS if score.lo <= hi and score.hi >= lo)
