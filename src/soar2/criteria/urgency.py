"""From findings to a lane: the twelve lines of the lane table, in order; the first that holds decides.

An unknown satisfies no comparison: an unread cord is neither safe nor compressed, it is ``expedited`` and a
person looks. The lines are data so that a page can print them and a test can count them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from soar2.criteria.escc import GradeRange
from soar2.criteria.intervals import Interval

LANES: tuple[str, ...] = ("none", "routine", "expedited", "urgent", "emergent")
TUMOUR: tuple[str, ...] = ("present", "absent", "suspected", "not_stated")

_LANE_RANK = {lane: n for n, lane in enumerate(LANES)}


def lane_rank(lane: str) -> int:
    """0 for none up to 4 for emergent. Raises KeyError for any other word."""
    return _LANE_RANK[lane]


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """The numbers and grades of the table that a pack sets. The defaults are those of soar2-open 1."""

    treated_routine: str = "1b"  # line 4: a treated, stable level up to this grade
    emergent: str = "2"  # line 6: the cord is compressed
    emergent_with_signal: str = "1b"  # line 7
    emergent_with_subluxation: str = "1a"  # line 8
    urgent: str = "1c"  # line 9: the cord is touched
    urgent_sins: int = 10  # line 10
    expedited: str = "1a"  # line 11
    expedited_sins: int = 4  # line 11


#: Imaging SINS of which nothing is known.
ANYTHING = Interval(0, 15)


@dataclass(frozen=True, slots=True)
class Case:
    """What the table looks at: one level, or a report without any (``lesion`` False).

    ``epidural`` is E (None: unknown), ``sins`` the imaging SINS, ``signal`` Sig, ``treated_stable`` T.
    """

    tumour: str
    lesion: bool = True
    level_named: bool = True
    cancer_known: bool = False
    epidural: GradeRange | None = None
    sins: Interval = ANYTHING
    signal: bool = False
    subluxation: bool = False
    treated_stable: bool = False

    @property
    def suspected(self) -> bool:
        """Tumour not stated beside a lesion counts as suspected."""
        return self.tumour == "suspected" or (self.tumour == "not_stated" and self.lesion)

    @property
    def stays_treated(self) -> bool:
        """T never covers a cord that has changed or a spine that has slipped."""
        return self.treated_stable and not self.signal and not self.subluxation


@dataclass(frozen=True, slots=True)
class LaneDecision:
    """The lane, the line of the table that held, whether a person must look, and why (short keys)."""

    lane: str
    rule: int
    review: bool
    why: tuple[str, ...] = ()

    @property
    def urgency(self) -> int:
        return _LANE_RANK[self.lane]


Test = Callable[[Case, Cutoffs], bool]


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``lane`` None means: note it, go on. ``why`` names the reason for review in a key."""

    number: int
    words: str
    lane: str | None
    holds: Test
    review: Test = field(default=lambda case, cut: False)
    why: str = ""


def _may_reach(case: Case, grade: str) -> bool:
    return case.epidural is not None and case.epidural.may_reach(grade)


def _at_least(case: Case, grade: str) -> bool:
    return case.epidural is not None and case.epidural.at_least(grade)


def _exactly(case: Case, grade: str) -> bool:
    return case.epidural is not None and case.epidural.exact and case.epidural.lo == grade


def _unknown(case: Case) -> bool:
    return case.epidural is None


def _always(case: Case, cut: Cutoffs) -> bool:
    return True


def _open_grade_or_suspected(case: Case) -> bool:
    return case.epidural is None or not case.epidural.exact or case.suspected


LINES: tuple[Line, ...] = (
    Line(1, "tumour absent", "none", lambda c, k: c.tumour == "absent"),
    Line(
        2,
        "tumour not stated and no lesion",
        "none",
        lambda c, k: c.tumour == "not_stated" and not c.lesion,
        lambda c, k: c.cancer_known,
        "cancer_known",
    ),
    Line(3, "no level named", None, lambda c, k: not c.level_named, _always, "no_level_named"),
    Line(
        4,
        "treated and stable, grade low",
        "routine",
        lambda c, k: c.stays_treated and c.epidural is not None and c.epidural.at_most(k.treated_routine),
    ),
    Line(
        5,
        "treated and stable, grade higher or open",
        "expedited",
        lambda c, k: c.stays_treated and not _unknown(c),
        _always,
        "treated_high_grade",
    ),
    Line(6, "cord compressed", "emergent", lambda c, k: _at_least(c, k.emergent)),
    Line(
        7,
        "cord signal change beside a deformed sac",
        "emergent",
        lambda c, k: c.signal and _at_least(c, k.emergent_with_signal),
    ),
    Line(
        8,
        "subluxation beside epidural tumour",
        "emergent",
        lambda c, k: c.subluxation and _at_least(c, k.emergent_with_subluxation),
    ),
    Line(
        9,
        "cord touched, or may be",
        "urgent",
        lambda c, k: _may_reach(c, k.urgent),
        lambda c, k: not _exactly(c, k.urgent),
        "grade_open",
    ),
    Line(
        10,
        "subluxation, cord signal change or a high imaging SINS",
        "urgent",
        lambda c, k: c.subluxation or c.signal or c.sins.lo >= k.urgent_sins,
        lambda c, k: _unknown(c),
        "grade_missing",
    ),
    Line(
        11,
        "epidural tumour, grade unknown, a middling imaging SINS, or disease only suspected",
        "expedited",
        lambda c, k: (
            _may_reach(c, k.expedited) or _unknown(c) or c.sins.lo >= k.expedited_sins or c.suspected
        ),
        lambda c, k: _open_grade_or_suspected(c),
        "open_or_suspected",
    ),
    Line(12, "otherwise", "routine", _always),
)

DEFAULT_CUTOFFS = Cutoffs()


def _first_line(case: Case, cut: Cutoffs) -> LaneDecision:
    review, why = False, []
    for line in LINES:
        if not line.holds(case, cut):
            continue
        if line.review(case, cut):
            review = True
            why.append(line.why)
        if line.lane is not None:
            return LaneDecision(line.lane, line.number, review, tuple(why))
    raise AssertionError("line 12 holds for every case")


@lru_cache(maxsize=4096)
def decide(case: Case, cut: Cutoffs = DEFAULT_CUTOFFS) -> LaneDecision:
    """The lane of one case. Total: every case has exactly one lane and one line.

    A SINS upper bound that would change the lane asks for review and changes nothing else.
    """
    decision = _first_line(case, cut)
    if case.sins.exact:
        return decision
    worst = _first_line(replace(case, sins=Interval.exactly(case.sins.hi)), cut)
    if worst.lane == decision.lane:
        return decision
    return replace(decision, review=True, why=(*decision.why, "sins_upper_bound"))


def decide_readings(readings: Sequence[Case], cut: Cutoffs = DEFAULT_CUTOFFS) -> tuple[int, LaneDecision]:
    """Of statements that exclude each other, each reading gets its lane; the most urgent stands, with review.

    Returns the index of the standing reading (the first of equals) and its decision. Raises ValueError
    without readings.
    """
    decisions = [decide(case, cut) for case in readings]
    index = max(range(len(decisions)), key=lambda n: (decisions[n].urgency, -n))
    standing = decisions[index]
    if len(decisions) > 1:
        standing = replace(standing, review=True, why=("contradiction", *standing.why))
    return index, standing


def report_lane(levels: Iterable[LaneDecision]) -> LaneDecision:
    """A report takes the lane and line of its most urgent level, and review from any of them.

    Raises ValueError without levels: a report without a lesion is a Case of its own.
    """
    listed = list(levels)
    top = max(listed, key=lambda d: (d.urgency, -d.rule))
    why = tuple(dict.fromkeys(reason for d in listed for reason in d.why))
    return LaneDecision(top.lane, top.rule, any(d.review for d in listed), why)
