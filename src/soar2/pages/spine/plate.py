"""What column and pair share: patterns, the drawn core, the window, labels that make room for each other."""

from collections.abc import Mapping, Sequence
from html import escape

from soar2.pages.spine import bones, canal
from soar2.pages.spine.curve import MID
from soar2.pages.spine.level import Level, ordered
from soar2.pages.spine.table import LEVELS, ROWS

Window = tuple[str, str]
LINE = 15.0
"""Height of a line of words, in screen pixels."""
WHOLE: Window = (LEVELS[0], LEVELS[-1])


def symbols() -> str:
    """The normal column, once a page before the first drawing: each then costs a few kilobytes."""
    made = bones.symbols() + canal.symbols()
    return f'<svg class="spine spine-symbols" aria-hidden="true"><defs>{made}</defs></svg>'


def window_around(levels: Mapping[str, Level], margin: int = 2) -> Window | None:
    """`margin` levels on each side of the listed ones; None when that is the whole column or nothing."""
    at = [LEVELS.index(name) for name in levels if name in LEVELS]
    if not at:
        return None
    first, last = max(0, min(at) - margin), min(len(LEVELS) - 1, max(at) + margin)
    return None if (first, last) == (0, len(LEVELS) - 1) else (LEVELS[first], LEVELS[last])


def within(window: Window | None) -> list[str]:
    """The levels of a window, from the skull downward. ValueError for a level that is not drawn."""
    first, last = window or WHOLE
    return list(LEVELS[LEVELS.index(first) : LEVELS.index(last) + 1])


def split(levels: Mapping[str, Level], names: Sequence[str]) -> tuple[dict[str, Level], dict[str, Level]]:
    """The levels inside a window, and those that can only be said."""
    seen = {name: levels[name] for name in ordered(levels) if name in names}
    return seen, {name: levels[name] for name in ordered(levels) if name not in names}


def core(levels: Mapping[str, Level], uid: str, px: float, names: Sequence[str]) -> str:
    """The drawing without words. `px` is drawing units per screen pixel."""
    found, fine = canal.masses(levels), canal.FINE * max(1.0, min(4.0, px))
    wide = [name for name in LEVELS if name in names or _beside(name, names)]
    marks = [canal.signal(found, name, fine) for name, level in levels.items() if level.signal]
    marks += [canal.invasion(one, fine=fine) for one in found]
    hollow = [canal.unsure(name, level, uid, fine) for name, level in levels.items()]
    treated = [bones.bracket(name) for name, level in levels.items() if level.treated]
    return (
        patterns(uid, px, levels)
        + bones.use("space")
        + (_contents(found, names, fine) if found else bones.use("canal"))
        + bones.bones(levels, uid, wide)
        + "".join([*hollow, *marks, *treated])
    )


def _beside(name: str, names: Sequence[str]) -> bool:
    """Next to the window: its processes and discs may still show at the edge."""
    at = LEVELS.index(name)
    return LEVELS.index(names[0]) - 3 <= at <= LEVELS.index(names[-1]) + 1


def _contents(found: Sequence[canal.Mass], names: Sequence[str], fine: float) -> str:
    first, last = names[0], names[-1]
    a = canal.TOP if first in ("C1", "C2") else max(canal.TOP, MID[first] - ROWS[first].height - 14)
    return canal.contents(found, a, min(canal.SAC_END, MID[last] + ROWS[last].height + 14), fine)


def patterns(uid: str, px: float, levels: Mapping[str, Level]) -> str:
    """Fills in screen pixels, so that a pattern reads the same at 60 and at 600 wide; only those in use."""
    k = max(0.9, min(2.4, px))
    kinds = {level.lesion for level in levels.values()} & {"lytic", "mixed"}
    made = [_lytic(uid, k)] if "lytic" in kinds else []
    made += [_bars(uid, "mixed", 4.4 * k, 1.7 * k, "sp-wash", "sp-solid")] if "mixed" in kinds else []
    if any(level.possible for level in levels.values()):
        made.append(_bars(uid, "unsure", 4.6 * k, 0.9 * k, "sp-clear", "sp-solid"))
    return f"<defs>{''.join(made)}</defs>" if made else ""


def _lytic(uid: str, k: float) -> str:
    size = f"{5.2 * k:.2f}"
    return (
        f'<pattern id="{uid}-lytic" width="{size}" height="{size}" patternUnits="userSpaceOnUse">'
        f'<rect class="sp-wash" width="{size}" height="{size}"/><circle class="sp-ring" cx="{2.6 * k:.2f}" '
        f'cy="{2.6 * k:.2f}" r="{1.45 * k:.2f}" stroke-width="{0.9 * k:.2f}"/></pattern>'
    )


def _bars(uid: str, kind: str, size: float, bar: float, under: str, over: str) -> str:
    return (
        f'<pattern id="{uid}-{kind}" width="{size:.2f}" height="{size:.2f}" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect class="{under}" width="{size:.2f}" height="{size:.2f}"/>'
        f'<rect class="{over}" width="{bar:.2f}" height="{size:.2f}"/></pattern>'
    )


def spread(ys: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Push labels apart by `gaps` (one for each neighbouring two), keeping their order, near their level."""
    out = list(ys)
    for _ in range(80):
        for i, gap in enumerate(gaps):
            lack = gap - (out[i + 1] - out[i])
            if lack > 0:
                out[i] -= lack / 2
                out[i + 1] += lack / 2
    return out


def under(lines: Sequence[str], at: tuple[float, float], width: int, px: float) -> str:
    """Levels that are not in the picture stand under it, at `at`, so that none is lost or cut off."""
    said = ["Not shown:", *lines] if lines else []
    return "".join(
        text(at[0] + px, at[1] + LINE * (i + 1) * px, fitted(line, width, 12) * px, line, "sp-also")
        for i, line in enumerate(said)
    )


def fitted(line: str, room: float, size: float) -> float:
    """`size`, or the smaller one at which the line fits `room`; all in screen pixels."""
    return min(size, (room - 6) / (0.6 * max(len(line), 1)))


def room_under(lines: Sequence[str]) -> float:
    """The height those lines take, in screen pixels."""
    return 3 + (LINE * (len(lines) + 1) + 6 if lines else 0)


def text(x: float, y: float, size: float, words: str, css: str = "") -> str:
    """Escaped words at a point, `size` in drawing units."""
    mark = f' class="{css}"' if css else ""
    return f'<text{mark} x="{x:.1f}" y="{y:.1f}" font-size="{size:.2f}">{escape(words)}</text>'


def clip(uid: str, box: tuple[float, float, float, float]) -> str:
    """The edge of the window; `box` is left, top, right, bottom."""
    x0, y0, x1, y1 = box
    return (
        f'<clipPath id="{uid}-clip"><rect x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" '
        f'height="{y1 - y0:.1f}"/></clipPath>'
    )


def frame(
    uid: str, width: int, box: tuple[float, float, float, float], title: str, desc: str, inside: str
) -> str:
    """The picture with its name and sentences for those who do not see it; `box`: x, y, width, height."""
    height = box[3] * width / box[2]
    return (
        f'<svg class="spine" role="img" aria-labelledby="{uid}-t {uid}-d" width="{width}" '
        f'height="{height:.0f}" viewBox="{" ".join(f"{v:.1f}" for v in box)}"><title id="{uid}-t">{escape(title)}</title>'
        f'<desc id="{uid}-d">{escape(desc)}</desc>{inside}</svg>'
    )
