"""One column, with labels in front of its abnormal levels."""

from collections.abc import Mapping
from math import cos, radians, sin

from soar2.pages.spine import bones, plate
from soar2.pages.spine.curve import MID, pair_text, point
from soar2.pages.spine.level import Level, describe, epidural_words
from soar2.pages.spine.table import DEEPEN, ROWS

LETTER, LINE = 7.2, 15.0
"""Room of a letter and of a label, in screen pixels."""
REGIONS = (("C2", "C"), ("T1", "T"), ("L1", "L"), ("S1", "S"))


def column(
    levels: Mapping[str, Level],
    *,
    uid: str,
    width: int = 120,
    window: plate.Window | None = None,
    labels: bool = True,
    title: str = "Spine",
) -> str:
    """SVG text of one column, `width` screen pixels wide, anterior left.

    Without `labels` from 46 px on, with them from 120 px on. Levels outside the window, and levels that have
    no place in the drawing (T13, L6, Oc, unknown), are written under it and always said in the description.
    The page must hold `symbols()` once before it; `uid` must be unique on the page.
    """
    names = plate.within(window)
    seen, away = plate.split(levels, names)
    x0, y0, x1, y1 = bones.edges(names[0], names[-1])
    gutter = _gutter(seen) if labels else 0
    px = (x1 - x0) / max(20, width - gutter - 4)
    left = x0 - gutter * px
    under = _said(away, left, y1, px) if labels else ""
    foot = y1 + (3 + (LINE * len(away) + 6 if under else 0)) * px
    inside = (
        plate.clip(uid, (left, y0, x1 + 4 * px, y1))
        + f'<g clip-path="url(#{uid}-clip)">{plate.core(seen, uid, px, names)}</g>'
        + (_labels(seen, left, gutter, px) + regions(names, 0, px) if labels else "")
        + under
    )
    box = (left, y0 - 3 * px, x1 - left + 4 * px, foot - y0 + 3 * px)
    return plate.frame(uid, width, box, title, describe(levels, away=away), inside)


def _gutter(seen: Mapping[str, Level]) -> float:
    return max((16 + LETTER * len(f"{name} {epidural_words(lv)}") for name, lv in seen.items()), default=10)


def _labels(seen: Mapping[str, Level], left: float, gutter: float, px: float) -> str:
    at = [point(MID[name], -ROWS[name].depth / 2 - 2) for name in seen]
    ys = plate.spread([p[1] for p in at], [LINE * px] * (len(at) - 1))
    end = left + (gutter - 8) * px
    out = []
    for (name, level), p, y in zip(seen.items(), at, ys, strict=True):
        start = min(end, left + (6 + LETTER * len(f"{name} {epidural_words(level)}")) * px)
        out.append(f'<path class="sp-lead" d="M{pair_text((start, y))}H{end:.1f}L{pair_text(p)}"/>')
        out.append(plate.text(left + px, y + 4.2 * px, 12.5 * px, name, "sp-lv"))
        shift = left + (5 + LETTER * len(name) + 3) * px
        out.append(plate.text(shift, y + 4.2 * px, 12.5 * px, epidural_words(level), "sp-lab"))
    return "".join(out)


def _said(away: Mapping[str, Level], left: float, bottom: float, px: float) -> str:
    """Levels that are not in the picture stand under it, so that none is lost."""
    return "".join(
        plate.text(
            left + px,
            bottom + (LINE * (i + 1)) * px,
            12 * px,
            f"Not shown: {name} {epidural_words(level)}",
            "sp-also",
        )
        for i, (name, level) in enumerate(away.items())
    )


def regions(names: list[str], shift: float, px: float) -> str:
    """C, T, L and S behind the first level of each region in the window."""
    out = []
    for name, word in REGIONS:
        if name not in names:
            continue
        row, a = ROWS[name], radians(ROWS[name].droop)
        tip = point(MID[name] + row.length * sin(a), row.depth / 2 + row.canal * DEEPEN + row.length * cos(a))
        out.append(plate.text(tip[0] + shift + 9 * px, tip[1] + 3.5 * px, 10 * px, word, "sp-region"))
    return "".join(out)
