"""The curved axis of the column: from an arc length and a distance behind it to a point of the drawing."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from math import cos, radians, sin

from soar2.pages.spine.table import BODIES, DEEPEN, PRESS

Point = tuple[float, float]
START = -34.0
"""Arc length of the upper edge of the drawing; C2's upper edge is 0."""


def _middles() -> tuple[dict[str, float], float]:
    found, s = {}, 0.0
    for name, row in BODIES.items():
        found[name] = s + row.height / 2
        s += row.height + row.disc
    found["C1"] = found["C2"] - 20
    return found, s


MID, END = _middles()
"""Arc length of each level's middle, and of the lower end."""
_KNOTS = [(MID[name], (row.depth, row.tilt, row.canal * DEEPEN)) for name, row in BODIES.items()]
_AT = [s for s, _ in _KNOTS]


def profile(s: float) -> tuple[float, float, float]:
    """Body depth, tilt in degrees and drawn canal depth at arc length `s`, eased between levels."""
    i = bisect_right(_AT, s)
    if i == 0:
        return _KNOTS[0][1]
    if i == len(_KNOTS):
        return _KNOTS[-1][1]
    (s0, a), (s1, b) = _KNOTS[i - 1], _KNOTS[i]
    t = (s - s0) / (s1 - s0)
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


@lru_cache(maxsize=1)
def _line() -> list[tuple[float, float, float]]:
    x = y = 0.0
    line = []
    for i in range(int(END - START) + 2):
        tilt = profile(START + i)[1]
        line.append((x, y, tilt))
        x += sin(radians(tilt))
        y += cos(radians(tilt)) * PRESS
    return line


def point(s: float, behind: float) -> Point:
    """The point at arc length `s`, `behind` millimetres behind the middle of the bodies."""
    line, f = _line(), s - START
    i = max(0, min(len(line) - 2, int(f)))
    t = f - i
    (x0, y0, a0), (x1, y1, a1) = line[i], line[i + 1]
    a = radians(a0 + (a1 - a0) * t)
    return (x0 + (x1 - x0) * t + cos(a) * behind, y0 + (y1 - y0) * t - sin(a) * behind * PRESS)


def in_canal(s: float, share: float) -> Point:
    """The point at `share` of the canal's depth: 0 the bodies' back wall, 1 the arches."""
    depth, _, canal = profile(s)
    return point(s, depth / 2 + 1.2 + canal * share)


def arcs(a: float, b: float, step: float = 2.0) -> list[float]:
    """Even arc lengths from `a` to `b`, both included."""
    n = max(2, int((b - a) / step))
    return [a + (b - a) * i / n for i in range(n + 1)]


def pair_text(p: Point) -> str:
    """A point as path text, to a tenth of a unit."""
    return f"{p[0]:.1f} {p[1]:.1f}"


def polygon(points: Sequence[Point], *, close: bool = True) -> str:
    """Straight path text through the points."""
    return "M" + "L".join(pair_text(p) for p in points) + ("Z" if close else "")


def smooth(points: Sequence[Point], *, close: bool = False) -> str:
    """A Catmull-Rom spline through the points, as cubic curves."""
    out = ["M" + pair_text(points[0])]
    last = len(points) - 1
    for i in range(last):
        p0, p1, p2, p3 = points[max(0, i - 1)], points[i], points[i + 1], points[min(last, i + 2)]
        c1 = (p1[0] + (p2[0] - p0[0]) / 6, p1[1] + (p2[1] - p0[1]) / 6)
        c2 = (p2[0] - (p3[0] - p1[0]) / 6, p2[1] - (p3[1] - p1[1]) / 6)
        out.append(f"C{pair_text(c1)} {pair_text(c2)} {pair_text(p2)}")
    return "".join(out) + ("Z" if close else "")


def rounded(corners: Sequence[Point], bows: Sequence[Point], radius: float) -> str:
    """A four-sided outline with rounded corners; each side is bowed to its control point."""
    out = []
    for i, here in enumerate(corners):
        before, after = corners[i - 1], corners[(i + 1) % len(corners)]
        lead = "M" if i == 0 else f"Q{pair_text(bows[i - 1])} "
        out.append(f"{lead}{pair_text(_toward(here, before, radius))}Q{pair_text(here)} ")
        out.append(pair_text(_toward(here, after, radius)))
    return "".join(out) + f"Q{pair_text(bows[-1])} {pair_text(_toward(corners[0], corners[-1], radius))}Z"


def _toward(a: Point, b: Point, distance: float) -> Point:
    span = ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5 or 1
    t = min(0.5, distance / span)
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t)
