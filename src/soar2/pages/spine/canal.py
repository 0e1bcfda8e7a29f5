"""The canal: fluid, cord and roots, and what a lesion does to them. The grade is read here.

1a stays outside the sac, 1b dents it, 1c touches the cord, 2 pushes the cord with fluid left behind it,
3 presses it flat with none left. Where the report does not say, the reach is drawn hollow.
Grades: Bilsky et al., J Neurosurg Spine 2010;13:324.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from soar2.pages.spine.bones import path
from soar2.pages.spine.curve import MID, START, Point, arcs, in_canal, polygon
from soar2.pages.spine.level import GRADES, Level
from soar2.pages.spine.table import BODIES, ROWS

REACH = {"1a": 0.11, "1b": 0.21, "1c": 0.315, "2": 0.50, "3": 0.70}
"""Share of the canal's depth that a lesion takes."""
SAC, CORD, BACK = 0.10, (0.31, 0.70), 0.91
"""Undisturbed front of the sac, edges of the cord, back of the sac, in the same unit."""
TIP = MID["L1"] + 9
"""The cord ends at the lower edge of L1."""
FINE = 1.25
"""Step along the column where a lesion reaches in, in millimetres."""
SAC_END, TOP, FOOT = MID["S2"] + 8, START + 2, MID["S4"]


class Mass(NamedTuple):
    """A lesion in the canal: arc length of its middle, half its length, share of the depth."""

    mid: float
    half: float
    share: float


def mass(name: str, grade: str | None) -> Mass | None:
    """The mass of a grade at a level; none for grade 0, for not stated and above C2."""
    if grade not in REACH or name not in BODIES:
        return None
    return Mass(MID[name], ROWS[name].height * (0.66 + 0.07 * GRADES.index(grade)), REACH[grade])


def masses(levels: Mapping[str, Level]) -> list[Mass]:
    """All masses that are known, one for each graded level."""
    found = (mass(name, level.known) for name, level in levels.items())
    return [m for m in found if m]


def reach(found: Sequence[Mass], s: float) -> float:
    """How far the masses come into the canal at `s`."""
    best = 0.0
    for mid, half, share in found:
        x = abs(s - mid) / half
        if x < 1:
            best = max(best, share * (1 - x**2.3) ** 1.05)
    return best


def _taper(s: float) -> float:
    """Width of the cord: swollen for arms and legs, pointed by the lower edge of L1."""
    top, tip = MID["T11"], MID["L1"] + 10
    arms = 0.16 * max(0, 1 - abs(s - MID["C6"]) / 45)
    legs = 0.10 * max(0, 1 - abs(s - MID["T12"]) / 40)
    width = 1 + arms + legs
    return width if s < top else float(width * max(0, (tip - s) / (tip - top)) ** 0.6)


def cord_edges(found: Sequence[Mass], s: float) -> tuple[float, float]:
    """Front and back of the cord, pushed back by what reaches it; fluid stays behind it until grade 3."""
    front, back = CORD
    mid, half = (front + back) / 2, (back - front) / 2 * _taper(s)
    taken = reach(found, s)
    front, back = max(mid - half, taken), mid + half
    if taken > mid - half:
        room = BACK - (0.05 if taken < 0.62 else 0)
        back = max(back, min(room, taken + half * 1.25))
    return front, min(back, BACK)


def _run(a: float, b: float, found: Sequence[Mass], fine: float) -> list[float]:
    """Arc lengths: coarse along normal canal, finer at the cord's tip, fine where a lesion reaches in."""
    marks = [a]
    while marks[-1] < b:
        s = marks[-1]
        near = any(m.mid - m.half - 11 < s < m.mid + m.half + 2 for m in found)
        tip = MID["T11"] - 10 < s < TIP
        marks.append(min(b, s + (fine if near else max(fine, 3) if tip else 10)))
    return marks


def _closing(s: float) -> float:
    """The sac ends rounded."""
    return float(max(0, min(1, (SAC_END - s) / 22)) ** 0.5)


def _outline(front: list[Point], back: list[Point]) -> str:
    return polygon(front + back[::-1])


def space() -> str:
    """The canal itself, the same in every drawing."""
    run = arcs(TOP, FOOT, 10)
    return path("sp-space", _outline([in_canal(s, 0) for s in run], [in_canal(s, 1) for s in run]))


def _fluid(found: Sequence[Mass], a: float, b: float, fine: float) -> str:
    end = min(b, SAC_END)
    run = _run(a, min(end, SAC_END - 12), found, fine)
    if end > SAC_END - 12:
        run += arcs(SAC_END - 11, end, 1.5)
    front = [in_canal(s, 0.5 + (max(SAC, reach(found, s)) - 0.5) * _closing(s)) for s in run]
    back = [in_canal(s, 0.5 + (BACK - 0.5) * _closing(s)) for s in run]
    return path("sp-csf", _outline(front, back))


def _roots(found: Sequence[Mass], a: float, b: float) -> str:
    start, end = max(a, TIP - 14), min(b, SAC_END - 4)
    if start >= end:
        return ""
    lines = [[_root(found, share, s) for s in arcs(start, end, 6)] for share in (0.38, 0.52, 0.66, 0.78)]
    return path("sp-root", "".join(polygon(line, close=False) for line in lines))


def _root(found: Sequence[Mass], share: float, s: float) -> Point:
    fan = min(1, (s - TIP + 16) / 26) * _closing(s + 3)
    pushed = min(0.88, reach(found, s) + (share - 0.3) * 0.3)
    return in_canal(s, max(0.5 + (share - 0.5) * fan, pushed))


def _cord(found: Sequence[Mass], a: float, b: float, fine: float) -> str:
    end = min(b, TIP)
    if a >= end:
        return ""
    run = _run(a, end, found, fine)
    edges = [cord_edges(found, s) for s in run]
    front = [in_canal(s, e[0]) for s, e in zip(run, edges, strict=True)]
    back = [in_canal(s, e[1]) for s, e in zip(run, edges, strict=True)]
    return path("sp-cord", _outline(front, back))


def contents(found: Sequence[Mass], a: float = TOP, b: float = SAC_END, fine: float = FINE) -> str:
    """Fluid, roots and cord between two arc lengths."""
    if a >= SAC_END:
        return ""
    return _fluid(found, a, b, fine) + _roots(found, a, b) + _cord(found, a, b, fine)


def symbols() -> str:
    """The empty canal and its normal contents, shared by a page."""
    return f'<g id="spine-space">{space()}</g><g id="spine-canal">{contents([])}</g>'


def signal(found: Sequence[Mass], name: str, fine: float = FINE) -> str:
    """A pale spindle inside the cord; nothing where there is no cord."""
    mid, long = MID[name], ROWS[name].height * 1.25
    if mid >= TIP:
        return ""
    front, back = [], []
    for s in arcs(mid - long, min(mid + long, TIP), fine):
        a, b = cord_edges(found, s)
        w = min(0.11, (b - a) * 0.36) * max(0, 1 - (abs(s - mid) / long) ** 2) ** 0.5
        front.append(in_canal(s, (a + b) / 2 - w))
        back.append(in_canal(s, (a + b) / 2 + w))
    return path("sp-signal", _outline(front, back))


def invasion(one: Mass, css: str = "sp-inv", fine: float = FINE) -> str:
    """The mass itself, from inside the body's back wall to where it reaches."""
    run = arcs(one.mid - one.half, one.mid + one.half, fine)
    root = [-0.08 * max(0, 1 - (abs(s - one.mid) / (one.half * 0.72)) ** 2) ** 0.5 for s in run]
    front = [in_canal(s, share) for s, share in zip(run, root, strict=True)]
    return path(css, _outline(front, [in_canal(s, reach([one], s)) for s in run]))


def unsure(name: str, level: Level, uid: str, fine: float = FINE) -> str:
    """Where the report leaves room above what it states: hatched and hollow, up to the worst it allows."""
    one = mass(name, level.possible)
    if not one:
        return ""
    return invasion(one, "sp-unsure", fine).replace(" d=", f' fill="url(#{uid}-unsure)" d=', 1)
