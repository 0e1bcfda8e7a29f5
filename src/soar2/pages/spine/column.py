"""One column, with labels in front of its abnormal levels."""

from collections.abc import Mapping
from math import cos, radians, sin

from soar2.pages.spine import bones, plate
from soar2.pages.spine.curve import MID, pair_text, point
from soar2.pages.spine.level import Level, describe, label_words, place_words
from soar2.pages.spine.table import DEEPEN, ROWS

LETTER = 7.2
"""Room of a letter, in screen pixels."""
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
    said = [f"{place_words(name)} {label_words(level)}" for name, level in away.items()] if labels else []
    foot = y1 + plate.room_under(said) * px
    inside = (
        plate.clip(uid, (left, y0, x1 + 4 * px, y1))
        + f'<g clip-path="url(#{uid}-clip)">{plate.core(seen, uid, px, names)}</g>'
        + (_labels(seen, left, gutter, px) + regions(names, x1, px) if labels else "")
        + plate.under(said, (left, y1), width, px)
    )
    box = (left, y0 - 3 * px, x1 - left + 4 * px, foot - y0 + 3 * px)
    return plate.frame(uid, width, box, title, describe(levels, away=away), inside)


def _gutter(seen: Mapping[str, Level]) -> float:
    return max((16 + LETTER * len(f"{name} {label_words(lv)}") for name, lv in seen.items()), default=10)


def _labels(seen: Mapping[str, Level], left: float, gutter: float, px: float) -> str:
    at = [point(MID[name], -ROWS[name].depth / 2 - 2) for name in seen]
    ys = plate.spread([p[1] for p in at], [plate.LINE * px] * (len(at) - 1))
    end = left + (gutter - 8) * px
    out = []
    for (name, level), p, y in zip(seen.items(), at, ys, strict=True):
        start = min(end, left + (6 + LETTER * len(f"{name} {label_words(level)}")) * px)
        out.append(f'<path class="sp-lead" d="M{pair_text((start, y))}H{end:.1f}L{pair_text(p)}"/>')
        out.append(plate.text(left + px, y + 4.2 * px, 12.5 * px, name, "sp-lv"))
        shift = left + (5 + LETTER * len(name) + 3) * px
        out.append(plate.text(shift, y + 4.2 * px, 12.5 * px, label_words(level), "sp-lab"))
    return "".join(out)


def regions(names: list[str], right: float, px: float, shift: float = 0) -> str:
    """C, T, L and S behind the first level of each region in the window, left of its right edge."""
    out = []
    for name, word in REGIONS:
        if name not in names[:-1]:  # behind the last level there is no room left for its letter
            continue
        row, a = ROWS[name], radians(ROWS[name].droop)
        tip = point(MID[name] + row.length * sin(a), row.depth / 2 + row.canal * DEEPEN + row.length * cos(a))
        out.append(
            plate.text(
                min(tip[0] + 9 * px, right - 5 * px) + shift, tip[1] + 3.5 * px, 10 * px, word, "sp-region"
            )
        )
    return "".join(out)
