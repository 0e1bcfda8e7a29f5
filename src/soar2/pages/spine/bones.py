"""The bones: bodies, discs and arches as outlines, normal ones shared by a whole page."""

from collections.abc import Mapping
from functools import lru_cache
from math import cos, pi, radians, sin

from soar2.pages.spine.curve import MID, Point, arcs, point, polygon, profile, rounded, smooth
from soar2.pages.spine.level import Level
from soar2.pages.spine.table import BODIES, DEEPEN, LEVELS, ROWS, Row

BODY, ARCH, DISC = "sp-body", "sp-arch", "sp-disc"


def path(css: str, d: str, extra: str = "") -> str:
    """One drawn outline, or nothing where there is no outline."""
    return f'<path class="{css}"{extra} d="{d}"/>' if d else ""


@lru_cache(maxsize=256)
def body(name: str, loss: float = 0.0) -> str:
    """A vertebral body that has lost `loss` of its height, more in front than behind."""
    if name == "C1":
        return _ring(MID["C1"], -7.6, 4.4, 2.6)
    if name == "C2" and not loss:
        return _dens()
    row, s = ROWS[name], MID[name]
    return _sacral(row, s) if name[0] == "S" and not loss else _block(row, s, loss)


def _block(row: Row, s: float, loss: float) -> str:
    half, d, h = row.height / 2, row.depth, row.height
    front, back, foot, flare = s - half + loss * h, s - half + 0.40 * loss * h, s + half, 0.03 * d
    corners = [
        point(front, -d / 2 - flare),
        point(back, d / 2 + flare * 0.4),
        point(foot, d / 2 + flare * 0.4),
        point(foot, -d / 2 - flare),
    ]
    dip, waist = 0.055 * h, 0.06 * d
    bows = [
        point((front + back) / 2 + dip * 2 + loss * h * 0.16, 0),
        point((back + foot) / 2, d / 2 - waist * 0.7),
        point(foot - dip * 2, 0),
        point((front + foot) / 2, -d / 2 + waist * 1.6),
    ]
    return rounded(corners, bows, 3.0)


def _sacral(row: Row, s: float) -> str:
    """Fused bodies taper into each other and have straight sides."""
    half = row.height / 2
    above, below = profile(s - half)[0], profile(s + half)[0]
    corners = [
        point(s - half, -above / 2),
        point(s - half, above / 2),
        point(s + half, below / 2),
        point(s + half, -below / 2),
    ]
    return rounded(corners, [_middle(corners[i], corners[(i + 1) % 4]) for i in range(4)], 1.0)


def _middle(a: Point, b: Point) -> Point:
    return ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)


def _dens() -> str:
    """C2 with its dens, as one outline."""
    row, s = ROWS["C2"], MID["C2"]
    t, b, d = s - row.height / 2, s + row.height / 2, row.depth / 2
    lo = t - 17
    front = [
        (b, -d - 0.6),
        (s + 1, -d + 0.8),
        (t + 1.5, -d + 1),
        (t - 3.5, -3.9),
        (lo + 5, -4.2),
        (lo + 0.6, -2.6),
    ]
    back = [(lo, 0), (lo + 0.9, 2.9), (lo + 6, 4.0), (t - 2, 3.6), (t + 3, d - 1.6), (s + 2, d - 0.9), (b, d)]
    return smooth([point(*p) for p in (*front, *back, (b - 1.2, 0), front[0])], close=True)


def _ring(s: float, behind: float, long: float, wide: float) -> str:
    turn = [k * pi / 6 for k in range(13)]
    return smooth([point(s + long * sin(a), behind + wide * cos(a)) for a in turn], close=True)


@lru_cache(maxsize=64)
def disc(name: str) -> str:
    """The disc below a level; none below C1 and between fused bodies."""
    row = ROWS[name]
    if row.disc < 2:
        return ""
    s, gap = MID[name] + row.height / 2, row.disc
    up, low = row.depth / 2 - 0.6, profile(s + gap)[0] / 2 - 0.6
    corners = [point(s + 0.5, -up), point(s + 0.5, up), point(s + gap - 0.5, low), point(s + gap - 0.5, -low)]
    middle = s + gap / 2
    bows = [point(s - 0.4, 0), point(middle, up + 1.6), point(s + gap + 0.4, 0), point(middle, -up - 1.8)]
    return rounded(corners, bows, 1.2)


@lru_cache(maxsize=64)
def arch(name: str) -> str:
    """The spinous process; C1's posterior arch; nothing at S4 and S5."""
    row = ROWS[name]
    if name == "C1":
        return _ring(MID["C1"], 8.2 + 1.2 + row.canal * DEEPEN + 4, 4, 4.2)
    if not row.length:
        return ""
    thoracic = name[0] == "T"
    s, u = MID[name] + (2 if thoracic else 1), row.depth / 2 + 0.8 + row.canal * DEEPEN
    root, a = row.root * (1.35 if thoracic else 1.1), radians(row.droop)
    down, out = row.length * sin(a), row.length * cos(a)
    ps, pu = cos(a) * row.tip / 2, sin(a) * row.tip / 2
    points = [
        (s - root / 2, u),
        (s - root * 0.32 + 0.3 * down, u + 0.34 * out),
        (s + down - ps, u + out + pu),
        (s + down + ps * 0.2, u + out + 1.6),
        (s + down + ps, u + out - pu),
        (s + root * 0.34 + 0.42 * down, u + 0.42 * out),
        (s + root / 2, u),
    ]
    return smooth([point(*p) for p in points], close=True)


def symbols() -> str:
    """Every normal level's parts, to be used by each drawing of a page."""
    return "".join(
        f'<g id="spine-{name}">{path(ARCH, arch(name))}{path(DISC, disc(name))}{path(BODY, body(name))}</g>'
        for name in LEVELS
    )


def use(name: str) -> str:
    """A normal part from the page's symbols."""
    return f'<use href="#spine-{name}"/>'


def fill(uid: str, lesion: str | None) -> str:
    """The pattern of a lesion as an attribute; solid and tinted ones are left to the style sheet."""
    return f' fill="url(#{uid}-{lesion})"' if lesion in ("lytic", "mixed") else ""


def abnormal(name: str, level: Level, uid: str) -> str:
    """One level's bones with what is wrong with them; the ghost keeps the height that is lost."""
    lost = level.collapse if level.collapse and name in BODIES else 0.0
    shape = body(name, round(lost, 2))
    out = [path(ARCH, arch(name)), _pedicles(name, level, uid), path(DISC, disc(name))]
    if lost:
        out.append(path("sp-ghost", body(name)))
    out.append(path(BODY, shape))
    if level.lesion:
        out.append(path(f"sp-les sp-{level.lesion}", shape, fill(uid, level.lesion)))
    return "".join(out)


def _pedicles(name: str, level: Level, uid: str) -> str:
    if not level.pedicles or not arch(name):
        return ""
    side = "sp-ped2" if level.pedicles == 2 else "sp-ped1"
    return path(f"{side} sp-{level.lesion or 'unknown'}", arch(name), fill(uid, level.lesion))


def bracket(name: str) -> str:
    """The sign of a treated level, in front of its body."""
    row, s = ROWS[name], MID[name]
    u, half = -row.depth / 2 - 5, row.height / 2
    points = [(s - half, u + 2.4), (s - half, u), (s + half, u), (s + half, u + 2.4)]
    return path("sp-treated", polygon([point(*p) for p in points], close=False))


def bones(levels: Mapping[str, Level], uid: str, names: list[str]) -> str:
    """The bones of the named levels: normal ones from the symbols, the others drawn."""
    return "".join(abnormal(name, levels[name], uid) if name in levels else use(name) for name in names)


def edges(first: str, last: str) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the drawing between two levels."""
    a = -34.0 if first in ("C1", "C2") else MID[first] - ROWS[first].height / 2 - 5
    b = MID[last] + ROWS[last].height / 2 + (3 if last == "S5" else 5)
    xs, ys = [], []
    for s in arcs(a, b, 4):
        depth, _, canal = profile(s)
        room = 27 if s < MID["S1"] else 12
        xs += [point(s, -depth / 2 - 8)[0], point(s, depth / 2 + canal + room)[0]]
        ys.append(point(s, 0)[1])
    return min(xs), min(ys), max(xs), max(ys)
