"""The prior exam beside the current one, at one height, with the change written between them."""

from collections.abc import Mapping
from typing import NamedTuple

from soar2.pages.spine import bones, plate
from soar2.pages.spine.column import regions
from soar2.pages.spine.curve import MID, Point, pair_text, point
from soar2.pages.spine.level import Level, changes, describe, ordered, place_words
from soar2.pages.spine.table import DEEPEN, ROWS

HEAD = 26.0
"""Room for the dates, in screen pixels."""


class _Place(NamedTuple):
    """Where the words go: units a pixel, shift of the current exam, middle and width of the gutter, height."""

    px: float
    step: float
    middle: float
    gutter: float
    top: float
    bottom: float


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
    x0, y0, x1, y1 = bones.edges(names[0], names[-1])
    span = x1 - x0
    px = 2 * span / (width - gutter)
    step = span + gutter * px
    shown = {n: changes(prior.get(n), current.get(n)) for n in names if n in prior or n in current}
    shown = _cut(shown, (y1 - y0) / px)
    low = max(y1, y0 + sum(map(_height, shown.values())) * px)
    place = _Place(px, step, x1 + gutter * px / 2, gutter, y0, low)
    away = [name for name in ordered({*prior, *current}) if name not in names]
    said = [f"{place_words(name)} {', '.join(changes(prior.get(name), current.get(name)))}" for name in away]
    inside = (
        plate.clip(uid, (x0 - 2, y0, x1 + 2, y1))
        + _side(prior, (f"{uid}0", uid), names, px, 0)
        + _side(current, (f"{uid}1", uid), names, px, step)
        + _dates(dates, (x0 + span / 2, y0 - 11 * px), place)
        + _between(shown, place)
        + regions(names, x1, px, step)
        + plate.under(said, (x0, low), width, px)
    )
    foot = plate.room_under(said) * px
    box = (x0, y0 - HEAD * px, 2 * span + gutter * px, low - y0 + HEAD * px + foot)
    return plate.frame(uid, width, box, title, describe(current, prior, away), inside)


def _side(
    levels: Mapping[str, Level], uids: tuple[str, str], names: list[str], px: float, shift: float
) -> str:
    own, shared = uids
    drawn = plate.core(plate.split(levels, names)[0], own, px, names)
    return f'<g transform="translate({shift:.1f} 0)"><g clip-path="url(#{shared}-clip)">{drawn}</g></g>'


def _dates(dates: tuple[str, str], at: Point, place: _Place) -> str:
    return "".join(
        plate.text(at[0] + place.step * i, at[1], 12.5 * place.px, day, "sp-mid sp-date")
        for i, day in enumerate(dates)
    )


def _cut(shown: dict[str, list[str]], height: float) -> dict[str, list[str]]:
    """As many lines a level as there is height for; the epidural line is never left out."""
    for most in (3, 2):
        cut = {name: lines[:most] for name, lines in shown.items()}
        if sum(map(_height, cut.values())) <= height:
            return cut
    return {name: lines[:1] for name, lines in shown.items()}


def _height(lines: list[str]) -> float:
    """Room of a level's block, in screen pixels."""
    return 20.0 + 16 * len(lines)


def _between(shown: Mapping[str, list[str]], place: _Place) -> str:
    """The changes, each with a line to its level on either side."""
    heights = [_height(lines) * place.px for lines in shown.values()]
    ys = _fit(plate.spread([point(MID[name], 0)[1] for name in shown], heights[:-1]), heights, place)
    return "".join(
        _leads(name, y, place) + _block(name, lines, y, place)
        for (name, lines), y in zip(shown.items(), ys, strict=True)
    )


def _fit(ys: list[float], heights: list[float], place: _Place) -> list[float]:
    """Blocks moved together until none leaves the drawing, first at its foot, then at its top."""
    if not ys:
        return ys
    low = max(0, ys[-1] + heights[-1] - 22 * place.px - place.bottom)
    high = max(0, place.top + 16 * place.px - (ys[0] - low))
    return [y - low + high for y in ys]


def _block(name: str, lines: list[str], y: float, place: _Place) -> str:
    px = place.px
    out = [plate.text(place.middle, y - 3 * px, 15 * px, name, "sp-mid sp-lv")]
    for i, line in enumerate(lines):
        size = plate.fitted(line, place.gutter, 12 if i else 14)
        css = "sp-mid sp-also" if i else "sp-mid"
        out.append(plate.text(place.middle, y + (14 + 16 * i) * px, size * px, line, css))
    return "".join(out)


def _leads(name: str, y: float, place: _Place) -> str:
    row, px = ROWS[name], place.px
    then = point(MID[name], row.depth / 2 + row.canal * DEEPEN + 3)
    now = point(MID[name], -row.depth / 2 - 2)
    ends = [(place.middle + side * px, y - 8 * px) for side in (-22, 22)]
    return (
        f'<path class="sp-lead" d="M{pair_text(then)}L{pair_text(ends[0])}'
        f'M{pair_text(ends[1])}L{pair_text((now[0] + place.step, now[1]))}"/>'
    )
