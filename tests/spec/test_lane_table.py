"""The lane table: total, deterministic, monotone. The oracle below is the contract, written down a second time."""

from itertools import product

import pytest

from soar2.criteria import escc
from soar2.criteria.escc import GRADES, GradeRange
from soar2.criteria.intervals import Interval
from soar2.criteria.sins import ALIGNMENT, COLLAPSE, LESION, POSTEROLATERAL, SinsItems, imaging_sins
from soar2.criteria.urgency import LANES, LINES, TUMOUR, Case, decide, decide_readings, lane_rank, report_lane

RANGES = [GradeRange(lo, hi) for n, lo in enumerate(GRADES) for hi in GRADES[n:]]
EPIDURAL = [None, *RANGES]
STABILITY = [
    Interval(*s) for s in ((0, 0), (3, 3), (3, 4), (4, 4), (4, 10), (9, 9), (9, 15), (10, 10), (0, 15))
]
YES_NO = (False, True)


def oracle(case: Case, sins: int) -> tuple[str, int, bool]:
    """Lane, line and that line's review, for a single value of imaging SINS."""
    lo = GRADES.index(case.epidural.lo) if case.epidural else None
    hi = GRADES.index(case.epidural.hi) if case.epidural else None
    no_level = not case.level_named
    suspected = case.tumour == "suspected" or (case.tumour == "not_stated" and case.lesion)
    treated = case.treated_stable and not case.signal and not case.subluxation
    if case.tumour == "absent":
        return "none", 1, False
    if case.tumour == "not_stated" and not case.lesion:
        return "none", 2, case.cancer_known
    if treated and hi is not None and hi <= 2:
        return "routine", 4, no_level
    if treated and hi is not None:
        return "expedited", 5, True
    if lo is not None and lo >= 4:
        return "emergent", 6, no_level
    if case.signal and lo is not None and lo >= 2:
        return "emergent", 7, no_level
    if case.subluxation and lo is not None and lo >= 1:
        return "emergent", 8, no_level
    if hi is not None and hi >= 3:
        return "urgent", 9, no_level or not (lo == hi == 3)
    if case.subluxation or case.signal or sins >= 10:
        return "urgent", 10, no_level or hi is None
    if hi is None or hi >= 1 or sins >= 4 or suspected:
        return "expedited", 11, no_level or hi is None or lo != hi or suspected
    return "routine", 12, no_level


def every_case():
    for tumour, epidural, sins, *flags in product(TUMOUR, EPIDURAL, STABILITY, *[YES_NO] * 6):
        lesion, named, cancer, signal, subluxation, treated = flags
        yield Case(tumour, lesion, named, cancer, epidural, sins, signal, subluxation, treated)


def test_every_combination_has_exactly_one_lane_and_line():
    seen: set[int] = set()
    for case in every_case():
        lane, line, review = oracle(case, case.sins.lo)
        review = review or oracle(case, case.sins.hi)[0] != lane
        found = decide(case)
        assert (found.lane, found.rule, found.review) == (lane, line, review), case
        seen.add(found.rule)
    assert seen == {1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12}


def test_the_lines_are_numbered_one_to_twelve_and_only_the_third_goes_on():
    assert [line.number for line in LINES] == list(range(1, 13))
    assert [line.number for line in LINES if line.lane is None] == [3]


def grade(text: str) -> GradeRange | None:
    if not text:
        return None
    lo, _, hi = text.partition("-")
    return GradeRange(lo, hi or lo)


CASES = [
    # line, tumour, E, SINS, flags, lane, review
    (1, "absent", "3", "15", "signal subluxation", "none", False),
    (2, "not_stated", "", "0", "no-lesion", "none", False),
    (2, "not_stated", "", "0", "no-lesion cancer-known", "none", True),
    (12, "present", "0", "1", "", "routine", False),
    (12, "present", "0", "1", "no-level", "routine", True),  # line 3, then 12
    (12, "present", "0", "3", "", "routine", False),
    (12, "present", "0", "3-9", "", "routine", True),  # a SINS upper bound that would change the lane
    (4, "present", "0", "1", "treated", "routine", False),
    (4, "present", "1b", "12", "treated", "routine", False),
    (4, "suspected", "0-1b", "12", "treated", "routine", False),
    (5, "present", "1c", "1", "treated", "expedited", True),
    (5, "present", "3", "1", "treated", "expedited", True),
    (5, "present", "0-1c", "1", "treated", "expedited", True),
    (11, "present", "", "1", "treated", "expedited", True),  # T, but the grade is unknown
    (7, "present", "1b", "1", "treated signal", "emergent", False),  # T does not cover a changed cord
    (8, "present", "1a", "8", "treated subluxation", "emergent", False),
    (6, "present", "2", "1", "", "emergent", False),
    (6, "present", "2-3", "1", "", "emergent", False),
    (6, "not_stated", "3", "1", "", "emergent", False),
    (6, "present", "3", "1", "no-level", "emergent", True),
    (9, "present", "1c-2", "1", "", "urgent", True),  # its lower end is not yet compression
    (7, "present", "1b", "1", "signal", "emergent", False),
    (7, "present", "1b-2", "1", "signal", "emergent", False),
    (10, "present", "1a", "1", "signal", "urgent", False),
    (8, "present", "1a", "8", "subluxation", "emergent", False),
    (10, "present", "0", "8", "subluxation", "urgent", False),
    (9, "present", "1c", "1", "", "urgent", False),
    (9, "present", "0-3", "1", "", "urgent", True),
    (9, "present", "1a-3", "1", "", "urgent", True),
    (10, "present", "", "10", "", "urgent", True),
    (10, "present", "", "1", "signal", "urgent", True),  # unknown satisfies no comparison: not line 7
    (10, "present", "0", "10", "", "urgent", False),
    (10, "present", "1b", "11", "", "urgent", False),
    (11, "present", "1a", "1", "", "expedited", False),
    (11, "present", "1b", "1", "", "expedited", False),
    (11, "present", "0-1b", "1", "", "expedited", True),
    (11, "present", "", "1", "", "expedited", True),
    (11, "present", "0", "4", "", "expedited", False),
    (11, "present", "0", "9-10", "", "expedited", True),
    (11, "suspected", "0", "1", "", "expedited", True),
    (
        11,
        "not_stated",
        "0",
        "1",
        "",
        "expedited",
        True,
    ),  # a lesion without a word on tumour counts as suspected
    (11, "suspected", "", "0", "no-lesion", "expedited", True),
]


@pytest.mark.parametrize(
    "row", CASES, ids=[f"line {row[0]}: {' '.join(map(str, row[1:5]))}" for row in CASES]
)
def test_cases_of_each_line(row):
    line, tumour, epidural, sins, flags, lane, review = row
    lo, _, hi = sins.partition("-")
    case = Case(
        tumour,
        lesion="no-lesion" not in flags,
        level_named="no-level" not in flags,
        cancer_known="cancer-known" in flags,
        epidural=grade(epidural),
        sins=Interval(int(lo), int(hi or lo)),
        signal="signal" in flags,
        subluxation="subluxation" in flags,
        treated_stable="treated" in flags,
    )
    found = decide(case)
    assert (found.rule, found.lane, found.review) == (line, lane, review)


# ---------------------------------------------------------------- every combination of what a report can say

SIGNAL = ("not_stated", "absent", "old", "present", "new")
GRADED = ("not_stated", *GRADES)
BELOW = ("not_stated", *escc.BELOW_CONUS)
WORSE = {
    "grade": GRADES,
    "below": escc.BELOW_CONUS,
    "signal": ("absent", "old", "present", "new"),
    "alignment": ("normal", "deformity", "subluxation"),
    "collapse": ("none", "none_gt50_involved", "lt50", "eq50", "gt50"),
    "posterolateral": ("none", "unilateral", "bilateral"),
    "lesion": ("blastic", "mixed", "lytic"),
}
ORDER = ("grade", "signal", "alignment", "collapse", "posterolateral", "lesion")


def lanes_of(level, grades, tumour, treated):
    """The lane of every combination of item words at one level."""
    found = {}
    stability = {
        (a, c, p, n): imaging_sins(SinsItems(level, n, a, c, p))
        for a, c, p, n in product(ALIGNMENT, COLLAPSE, POSTEROLATERAL, LESION)
    }
    for said, signal, items in product(grades, SIGNAL, stability):
        words = (said, signal, *items)
        alignment = items[0]
        place = escc.BELOW_CONUS_PLACE.get(said, said)
        case = Case(
            tumour,
            epidural=None if said == "not_stated" else escc.exactly(place),
            sins=stability[items],
            signal=signal in ("present", "new"),
            subluxation=alignment == "subluxation",
            treated_stable=treated,
        )
        found[words] = decide(case)
    return found


@pytest.mark.parametrize("treated", YES_NO, ids=["untreated", "treated"])
@pytest.mark.parametrize(
    ("level", "grades", "tumour"),
    [("T8", GRADED, "present"), ("L4", BELOW, "present"), ("L1", GRADED, "suspected")],
)
def test_worsening_one_finding_never_lowers_the_lane(level, grades, tumour, treated):
    lanes = lanes_of(level, grades, tumour, treated)
    assert len(lanes) == len(grades) * 5 * 5 * 7 * 5 * 5
    orders = [WORSE["below" if grades is BELOW and item == "grade" else item] for item in ORDER]
    for words, decision in lanes.items():
        assert decision.lane in LANES[1:]
        for at, order in enumerate(orders):
            if words[at] in order[:-1]:
                worse = (*words[:at], order[order.index(words[at]) + 1], *words[at + 1 :])
                assert lanes[worse].urgency >= decision.urgency, (words, worse)


# -------------------------------------------------------------------------------- readings and reports


def test_the_most_urgent_of_two_readings_stands_with_review():
    calm = Case("present", epidural=escc.exactly("0"), sins=Interval(1, 1))
    index, found = decide_readings([calm, Case("present", epidural=GradeRange("2", "3")), Case("absent")])
    assert (index, found.lane, found.rule, found.review) == (1, "emergent", 6, True)
    assert decide_readings([calm]) == (0, decide(calm))


def test_a_report_takes_its_most_urgent_level_and_review_from_any():
    routine_for_review = decide(Case("present", epidural=escc.exactly("0"), sins=Interval(1, 9)))
    urgent = decide(Case("present", epidural=escc.exactly("1c"), sins=Interval(1, 1)))
    found = report_lane([routine_for_review, urgent])
    assert (found.lane, found.rule, found.review) == ("urgent", 9, True)
    assert report_lane([urgent]).review is False


def test_lanes_rank_from_none_to_emergent():
    assert [lane_rank(lane) for lane in LANES] == [0, 1, 2, 3, 4]
    with pytest.raises(KeyError):
        lane_rank("T4")
