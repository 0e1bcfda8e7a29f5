"""Golden cases: one level each, with the answer worked out by hand. A pack that misses one does not load."""

from collections.abc import Iterable
from typing import Any

from soar2.criteria import anatomy, escc, sins
from soar2.criteria.escc import GradeRange
from soar2.criteria.imaging_score import imaging_score
from soar2.criteria.packs.shapes import Pack
from soar2.criteria.packs.validation import PackRefused, keys, one_of, refuse_unless
from soar2.criteria.urgency import LANES, LINES, TUMOUR, Case, decide

_ITEMS = {
    "lesion": sins.LESION,
    "alignment": sins.ALIGNMENT,
    "collapse": sins.COLLAPSE,
    "posterolateral": sins.POSTEROLATERAL,
}
_SIGNAL = ("new", "present", "old", "absent", "not_stated")
_GIVEN = ("level", "tumour", "escc", "below_conus", "cord_signal", "treated_stable", "no_lesion", *_ITEMS)
_EXPECT = ("sins", "score", "lane", "rule", "review")


def prove(pack: Pack, cases: Any) -> Pack:
    """The pack itself when it reproduces every case and the cases reach every row. Raises PackRefused."""
    refuse_unless(isinstance(cases, list) and len(cases) > 0, "The pack has no golden cases.")
    listed = [_checked(case, n) for n, case in enumerate(cases, 1)]
    for case in listed:
        _reproduce(pack, case)
    _check_reach(listed)
    return pack


def _checked(case: Any, n: int) -> dict[str, Any]:
    where = f"Golden case {n}"
    row = keys(case, ("id", "given", "expect"), where)
    row["given"] = keys(row["given"], _GIVEN, f"{where}, given", optional=_GIVEN[1:])
    row["expect"] = keys(row["expect"], _EXPECT, f"{where}, expect")
    _check_given(row["given"], where)
    return row


def _check_given(given: dict[str, Any], where: str) -> None:
    one_of(given["level"], (*anatomy.LEVELS, anatomy.UNKNOWN), f"{where}, level")
    one_of(given.get("tumour", "present"), TUMOUR, f"{where}, tumour")
    one_of(given.get("cord_signal", "not_stated"), _SIGNAL, f"{where}, cord_signal")
    one_of(given.get("below_conus", "none"), escc.BELOW_CONUS, f"{where}, below_conus")
    _check_range(given.get("escc", ["0", "0"]), where)
    for item, table in _ITEMS.items():
        one_of(given.get(item, "not_stated"), tuple(table), f"{where}, {item}")


def _check_range(ends: Any, where: str) -> None:
    refuse_unless(isinstance(ends, list) and len(ends) == 2, f"{where}, escc is not a pair of grades.")
    lo, hi = (one_of(end, escc.GRADES, f"{where}, escc") for end in ends)
    refuse_unless(escc.rank(lo) <= escc.rank(hi), f"{where}, escc runs backwards.")


def _grade(given: dict[str, Any]) -> GradeRange | None:
    if "escc" in given:
        return GradeRange(*given["escc"])
    return escc.below_conus_range(given["below_conus"]) if "below_conus" in given else None


def _reproduce(pack: Pack, row: dict[str, Any]) -> None:
    given, grade = row["given"], _grade(row["given"])
    items = sins.SinsItems(given["level"], **{item: given.get(item, "not_stated") for item in _ITEMS})
    stability = sins.imaging_sins(items)
    score = imaging_score(stability, grade, pack, below_conus=given.get("below_conus"))
    case = Case(
        tumour=given.get("tumour", "present"),
        lesion=not given.get("no_lesion", False),
        level_named=given["level"] != anatomy.UNKNOWN,
        epidural=grade,
        sins=stability,
        signal=given.get("cord_signal") in ("new", "present"),
        subluxation=items.alignment == "subluxation",
        treated_stable=given.get("treated_stable", False),
    )
    lane = decide(case, pack.cutoffs)
    found = {
        "sins": list(stability),
        "score": list(score),
        "lane": lane.lane,
        "rule": lane.rule,
        "review": lane.review,
    }
    if found != row["expect"]:
        wrong = ", ".join(f"{key} is {found[key]}" for key in _EXPECT if found[key] != row["expect"][key])
        raise PackRefused(f"The golden case '{row['id']}' does not come out: {wrong}.")


def _check_reach(cases: list[dict[str, Any]]) -> None:
    """A row that no case reaches could be wrong without anybody seeing it."""
    grades = {
        end for case in cases if len(set(case["given"].get("escc", ()))) == 1 for end in case["given"]["escc"]
    }
    _reached(grades, escc.GRADES, "ESCC grade")
    _reached({case["given"].get("below_conus") for case in cases}, escc.BELOW_CONUS, "below-conus word")
    _reached({case["expect"]["lane"] for case in cases}, LANES, "lane")
    deciding = [line.number for line in LINES if line.lane is not None]
    _reached({case["expect"]["rule"] for case in cases}, deciding, "line of the lane table")


def _reached(seen: set[Any], wanted: Iterable[Any], what: str) -> None:
    missing = [str(row) for row in wanted if row not in seen]
    refuse_unless(not missing, f"No golden case reaches the {what} {', '.join(missing)}.")
