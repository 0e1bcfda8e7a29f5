"""Vertebral levels: their order, their names as people say them, their SINS location, cord or cauda equina."""

import re
from typing import Literal

LEVELS: tuple[str, ...] = (
    "Oc",
    *(f"C{n}" for n in range(1, 8)),
    *(f"T{n}" for n in range(1, 14)),
    *(f"L{n}" for n in range(1, 7)),
    *(f"S{n}" for n in range(1, 6)),
)

#: The name of a lesion whose level the report does not give.
UNKNOWN = "unknown"

#: Levels that exist only in people whose spine is numbered differently; a range passes over them
#: unless the report's counting statement says they are there.
TRANSITIONAL = frozenset({"T13", "L6"})

Scale = Literal["cord", "cauda", "either"]

_RANK = {level: n for n, level in enumerate(LEVELS)}

_REGIONS = {
    "c": "C", "cervical": "C",
    "t": "T", "th": "T", "d": "T", "thoracic": "T", "dorsal": "T",
    "l": "L", "lumbar": "L",
    "s": "S", "sacral": "S",
}  # fmt: skip
_WORD = re.compile(r"(cervical|thoracic|dorsal|lumbar|sacral|th|[ctdls])\s*[-.]?\s*(\d{1,2})")
_OCCIPUT = frozenset({"oc", "occ", "occiput", "c0", "o", "occipital condyle", "occipital condyles"})

# SINS location points (Fisher et al., Spine 2010;35:E1221; three independent transcriptions agree, not
# yet signed against the paper): junctional occiput-C2, C7-T2, T11-L1, L5-S1 = 3; mobile C3-C6, L2-L4 = 2;
# semirigid T3-T10 = 1; rigid S2-S5 = 0. S1 is junctional, not rigid: a frequent coding error.
_LOCATION: dict[str, int] = {
    **dict.fromkeys(("Oc", "C1", "C2", "C7", "T1", "T2", "T11", "T12", "L1", "L5", "S1"), 3),
    **dict.fromkeys(("C3", "C4", "C5", "C6", "L2", "L3", "L4"), 2),
    **dict.fromkeys((f"T{n}" for n in range(3, 11)), 1),
    **dict.fromkeys(("S2", "S3", "S4", "S5"), 0),
}


def canonical(word: str) -> str | None:
    """The level's own name for ``t8``, ``T-8``, ``D8``, ``thoracic 8``, ``occiput``; None for anything else.

    C8 is a nerve root and not a vertebra: None.
    """
    plain = " ".join(word.lower().split())
    if plain in _OCCIPUT:
        return "Oc"
    found = _WORD.fullmatch(plain)
    if found is None:
        return None
    level = _REGIONS[found[1]] + str(int(found[2]))
    return level if level in _RANK else None


def rank(level: str) -> int:
    """Position from the head down, 0 for the occiput; ``unknown`` comes last."""
    return _RANK.get(level, len(LEVELS))


def between(first: str, last: str, *, present: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Every level from ``first`` to ``last``, in order whichever way round they were said.

    T13 and L6 are passed over unless named as an end or ``present`` in this person.
    """
    low, high = sorted((rank(first), rank(last)))
    named = {first, last} | present
    return tuple(level for level in LEVELS[low : high + 1] if level not in TRANSITIONAL or level in named)


def sins_location(level: str) -> tuple[int, int]:
    """SINS location points as an interval; 0 to 3 for an unknown level, T13 and L6, which the table omits."""
    points = _LOCATION.get(level)
    return (0, 3) if points is None else (points, points)


def scale(level: str, conus: str | None) -> Scale:
    """Whether compression at ``level`` is of the cord (ESCC) or below the conus.

    The conus as read on the scan decides. Where it is not stated, T12 and above are cord, L2 and below are
    not, and between them (L1, and T13 where it exists) either scale may have been meant, as for a level
    that is not known.
    """
    if level not in _RANK:
        return "either"
    if conus is not None and conus in _RANK:
        return "cord" if _RANK[level] <= _RANK[conus] else "cauda"
    if _RANK[level] <= _RANK["T12"]:
        return "cord"
    return "cauda" if _RANK[level] >= _RANK["L2"] else "either"
