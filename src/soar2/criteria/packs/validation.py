"""From the parsed TOML of a pack to its frozen values: every key known, none missing, every value in range."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from soar2.criteria.escc import BELOW_CONUS, BELOW_CONUS_PLACE, GRADES
from soar2.criteria.packs.shapes import (
    CHANNELS,
    OWNER,
    ROLES,
    SPAN_KINDS,
    Addressing,
    Clocks,
    Hours,
    Pack,
    Rung,
    Span,
)
from soar2.criteria.urgency import LANES, Cutoffs

#: Lanes that open a notice; each needs an address, a ladder and clocks.
NOTICE_LANES = LANES[1:]

_DAY = 24 * 60
_TOP = (
    "name", "version", "title", "label", "status", "content_hash", "marks", "points", "cutoffs", "hours",
    "addressed", "ladders", "clocks", "golden",
)  # fmt: skip


class PackRefused(Exception):
    """A pack that does not load; ``str`` of it is a sentence for the person who installs packs."""


def refuse_unless(holds: bool, sentence: str) -> None:
    if not holds:
        raise PackRefused(sentence)


def keys(
    table: Any, wanted: tuple[str, ...], where: str, *, optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The table itself when it has exactly these keys. An unknown key is a value that nobody would use."""
    refuse_unless(isinstance(table, dict), f"{where} is not a table.")
    missing = [key for key in wanted if key not in table and key not in optional]
    unknown = [key for key in table if key not in wanted]
    refuse_unless(not missing, f"{where} lacks {', '.join(missing)}.")
    refuse_unless(not unknown, f"{where} has unknown keys: {', '.join(map(str, unknown))}.")
    return dict(table)


def text(value: Any, where: str) -> str:
    refuse_unless(isinstance(value, str) and bool(value.strip()), f"{where} is not a text.")
    return str(value)


def number(value: Any, where: str, lo: int = 0, hi: int = 1_000_000) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    refuse_unless(whole and lo <= value <= hi, f"{where} is not a whole number from {lo} to {hi}.")
    return int(value)


def one_of(value: Any, allowed: tuple[str, ...], where: str) -> str:
    refuse_unless(value in allowed, f"{where} is {value!r}, not one of {', '.join(allowed)}.")
    return str(value)


def build(content: dict[str, Any]) -> Pack:
    """The pack's values; its golden cases are not yet proven. Raises PackRefused."""
    top = keys(content, _TOP, "The pack")
    points = keys(top["points"], ("escc", "below_conus", "unknown"), "points")
    escc = _rising_points(points["escc"], GRADES, "points.escc")
    below = _rising_points(points["below_conus"], BELOW_CONUS, "points.below_conus")
    _check_places(escc, below)
    return Pack(
        **{key: text(top[key], key) for key in _TOP[:6]},
        marks=_marks(top["marks"]),
        escc_points=escc,
        below_conus_points=below,
        unknown_points=_unknown(points["unknown"], escc),
        cutoffs=_cutoffs(top["cutoffs"]),
        hours=_hours(top["hours"]),
        addressed=_by_lane(top["addressed"], "addressed", _addressing),
        ladders=_by_lane(top["ladders"], "ladders", _ladder),
        clocks=_by_lane(top["clocks"], "clocks", _clocks),
        golden_cases=len(top["golden"]) if isinstance(top["golden"], list) else 0,
    )


def _marks(table: Any) -> Mapping[str, str]:
    marks = keys(table, ("sins", "escc", "below_conus", "score"), "marks")
    return MappingProxyType({key: text(value, f"marks.{key}") for key, value in marks.items()})


def _rising_points(table: Any, order: tuple[str, ...], where: str) -> Mapping[str, int]:
    rows = keys(table, order, where)
    points = {label: number(rows[label], f"{where}.{label}", 0, 100) for label in order}
    listed = list(points.values())
    refuse_unless(listed == sorted(set(listed)), f"{where} does not rise from {order[0]} to {order[-1]}.")
    return MappingProxyType(points)


def _check_places(escc: Mapping[str, int], below: Mapping[str, int]) -> None:
    """A below-conus word takes a grade's place in the lane table; another number of points would let two
    readings of the same finding be ordered differently."""
    for word, grade in BELOW_CONUS_PLACE.items():
        refuse_unless(below[word] == escc[grade], f"points.below_conus.{word} differs from ESCC {grade}.")


def _unknown(value: Any, escc: Mapping[str, int]) -> tuple[int, int]:
    whole = [min(escc.values()), max(escc.values())]
    refuse_unless(value == whole, f"points.unknown must be the whole range {whole}.")
    return (whole[0], whole[1])


def _cutoffs(table: Any) -> Cutoffs:
    names = tuple(f.name for f in fields(Cutoffs))
    rows = keys(table, names, "cutoffs")
    for name in names:
        if name.endswith("_sins"):
            number(rows[name], f"cutoffs.{name}", 0, 15)
        else:
            one_of(rows[name], GRADES, f"cutoffs.{name}")
    return Cutoffs(**rows)


def _hours(table: Any) -> Hours:
    rows = keys(table, ("weekdays", "start", "end"), "hours")
    days = rows["weekdays"]
    refuse_unless(
        isinstance(days, list) and days == sorted(set(days)), "hours.weekdays is not a rising list."
    )
    start, end = number(rows["start"], "hours.start", 0, _DAY), number(rows["end"], "hours.end", 0, _DAY)
    refuse_unless(start < end, "hours.start is not before hours.end.")
    return Hours(tuple(number(day, "hours.weekdays", 1, 7) for day in days), start, end)


def _by_lane[T](table: Any, where: str, read: Callable[[Any, str], T]) -> Mapping[str, T]:
    rows = keys(table, NOTICE_LANES, where)
    return MappingProxyType({lane: read(rows[lane], f"{where}.{lane}") for lane in NOTICE_LANES})


def _addressing(value: Any, where: str) -> Addressing:
    rows = keys(value, ("role", "out_of_hours_role"), where)
    return Addressing(**{key: one_of(rows[key], ROLES, f"{where}.{key}") for key in rows})


def _span(value: Any, where: str) -> Span:
    rows = keys(value, ("kind", "minutes"), where)
    kind = one_of(rows["kind"], SPAN_KINDS, f"{where}.kind")
    most = {"day_at": _DAY, "same_day": 0}.get(kind, 1_000_000)
    return Span(kind, number(rows["minutes"], f"{where}.minutes", 0, most))


def _rung(value: Any, where: str) -> Rung:
    rows = keys(value, ("n", "after", "role", "channel", "words"), where)
    return Rung(
        n=number(rows["n"], f"{where}.n", 1, 99),
        after=_span(rows["after"], f"{where}.after"),
        role=one_of(rows["role"], (OWNER, *ROLES), f"{where}.role"),
        channel=one_of(rows["channel"], CHANNELS, f"{where}.channel"),
        words=text(rows["words"], f"{where}.words"),
    )


def _ladder(value: Any, where: str) -> tuple[Rung, ...]:
    refuse_unless(isinstance(value, list) and len(value) > 0, f"{where} has no rung.")
    rungs = tuple(_rung(row, f"{where}[{n}]") for n, row in enumerate(value, 1))
    refuse_unless(
        [r.n for r in rungs] == list(range(1, len(rungs) + 1)), f"{where} is not numbered 1, 2, 3 ..."
    )
    for kind in ("elapsed", "working"):
        minutes = [r.after.minutes for r in rungs if r.after.kind == kind]
        refuse_unless(minutes == sorted(minutes), f"{where} goes back in time.")
    return rungs


def _clocks(value: Any, where: str) -> Clocks:
    names = ("acknowledge", "action", "visit", "treatment")
    rows = keys(value, names, where, optional=("visit", "treatment"))
    found = {name: _span(rows[name], f"{where}.{name}") for name in names if name in rows}
    return Clocks(found["acknowledge"], found["action"], found.get("visit"), found.get("treatment"))
