"""The prior exam beside the current one, at one height, with the change written between them."""

from collections.abc import Mapping

from soar2.pages.spine import bones, plate
from soar2.pages.spine.column import LINE, regions
from soar2.pages.spine.curve import MID, Point, pair_text, point
from soar2.pages.spine.level import Level, changes, describe, ordered
from soar2.pages.spine.table import DEEPEN, ROWS

HEAD = 26.0
"""Room for the dates, in screen pixels."""


def pair(
    prior: Mapping[str, Level],
    current: Mapping[str, Level],
    *,
    uid: str,
    width: int = 600,
    window: plate.Window | None = None,
    dates: tuple[str, str] = ("prior", "current"),
    gutter: int = 118,
    title: str = "Prior beside current",
) -> str:
    """SVG text of two columns. Levels keep their place, so lost height shows; `gutter` holds the change.

    A level that only the prior names is written as not mentioned, never as unchanged. Otherwise as `column`.
    """
    names = plate.within(window)
    x0, y0, x1, y1 = edges = bones.edges(names[0], names[-1])
    span = x1 - x0
    px = 2 * span / (width - gutter)
    step = span + gutter * px
    inside, away = [], [n for n in ordered({*prior, *current}) if n not in names]
    for i, levels in enumerate((prior, current)):
        seen = plate.split(levels, names)[0]
        drawn = f'<g clip-path="url(#{uid}-clip)">{plate.core(seen, f"{uid}{i}", px, names)}</g>'
        inside.append(f'<g transform="translate({step * i:.1f} 0)">{drawn}</g>')
        inside.append(
            plate.text(x0 + span / 2 + step * i, y0 - 11 * px, 12.5 * px, dates[i], "sp-mid sp-date")
        )
    inside.append(_between(prior, current, names, (x1, gutter * px, step), px))
    inside.append(regions(names, step, px))
    inside.append(_said(prior, current, away, (x0, y1), px))
    foot = (3 + (LINE * len(away) + 6 if away else 0)) * px
    box = (x0, y0 - HEAD * px, 2 * span + gutter * px, y1 - y0 + HEAD * px + foot)
    clip = plate.clip(uid, (edges[0] - 2, y0, x1 + 2, y1))
    return plate.frame(uid, width, box, title, describe(current, prior, away), clip + "".join(inside))


def _between(
    prior: Mapping[str, Level],
    current: Mapping[str, Level],
    names: list[str],
    gutter: tuple[float, float, float],
    px: float,
) -> str:
    """The changes, each with a line to its level on either side; `gutter` is start, width, step."""
    start, room, step = gutter
    shown = [name for name in names if name in prior or name in current]
    lines = [changes(prior.get(name), current.get(name))[:3] for name in shown]
    heights = [(20 + 16 * len(said)) * px for said in lines]
    ys = plate.spread(
        [point(MID[name], 0)[1] for name in shown],
        [(a + b) / 2 for a, b in zip(heights, heights[1:], strict=False)],
    )
    middle = start + room / 2
    out = []
    for name, said, y in zip(shown, lines, ys, strict=True):
        out.append(_leads(name, y, middle, step, px))
        out.append(plate.text(middle, y - 3 * px, 15 * px, name, "sp-mid sp-lv"))
        for i, line in enumerate(said):
            size = _fitted(line, room / px, 14 if i == 0 else 12)
            out.append(
                plate.text(
                    middle, y + (14 + 16 * i) * px, size * px, line, "sp-mid" if i == 0 else "sp-mid sp-also"
                )
            )
    return "".join(out)


def _fitted(line: str, room: float, size: float) -> float:
    """A size at which the line stays in the gutter, in screen pixels."""
    return max(9.0, min(size, (room - 6) / (0.56 * max(len(line), 1))))


def _leads(name: str, y: float, middle: float, step: float, px: float) -> str:
    row = ROWS[name]
    then: Point = point(MID[name], row.depth / 2 + row.canal * DEEPEN + 3)
    now = point(MID[name], -row.depth / 2 - 2)
    return (
        f'<path class="sp-lead" d="M{pair_text(then)}L{pair_text((middle - 22 * px, y - 8 * px))}'
        f'M{pair_text((middle + 22 * px, y - 8 * px))}L{pair_text((now[0] + step, now[1]))}"/>'
    )


def _said(
    prior: Mapping[str, Level], current: Mapping[str, Level], away: list[str], at: Point, px: float
) -> str:
    lines = (f"Not shown: {n} {', '.join(changes(prior.get(n), current.get(n)))}" for n in away)
    return "".join(
        plate.text(at[0] + px, at[1] + LINE * (i + 1) * px, 12 * px, line, "sp-also")
        for i, line in enumerate(lines)
    )
