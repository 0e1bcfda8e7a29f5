"""Weighing what was said about one level: what adds up, what excludes what, which reading stands.

Two statements that exclude each other are two readings. The table is monotone in every item (a test holds it
to that), so the reading made of the more severe words is the most urgent one; it stands, and a person looks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from soar2.criteria import anatomy, escc
from soar2.criteria.escc import GradeRange
from soar2.dictation.rows import LevelWords
from soar2.dictation.statements import Epidural, Place, Statement

# From harmless to severe. Words joined in one group describe the same thing more or less exactly and do not
# exclude each other; words of different groups do.
_ORDER: dict[str, tuple[tuple[str, ...], ...]] = {
    "lesion": (("indeterminate",), ("blastic",), ("mixed",), ("lytic",)),
    "alignment": (("indeterminate",), ("normal",), ("deformity", "subluxation")),
    "collapse": (("indeterminate",), ("none",), ("none_gt50_involved",), ("lt50",), ("eq50",), ("gt50",)),
    "posterolateral": (("indeterminate",), ("none",), ("unilateral",), ("bilateral",)),
    "treated": (("yes",), ("no",)),
    "status": (("improved", "stable", "treated_stable"), ("progressed",), ("new",)),
}
_SEVERITY = {
    item: {word: (n, m) for n, group in enumerate(groups) for m, word in enumerate(group)}
    for item, groups in _ORDER.items()
}
_SILENT = dict.fromkeys((*_ORDER, "cord_signal"), "not_stated")
# "present" with "old" is an old change, "present" with "new" a new one; "old" with "new" exclude each other.
_SIGNAL_SEVERITY = {"absent": 0, "old": 1, "present": 2, "new": 3}


def more_severe(statement: Statement, word: str) -> bool:
    """Whether a statement says worse than ``word`` of its item; anything says more than nothing."""
    if word == "not_stated":
        return True
    if statement.item == "cord_signal":
        return _SIGNAL_SEVERITY[statement.word] > _SIGNAL_SEVERITY[word] and not (
            word == "old" and statement.word == "present"
        )
    return _SEVERITY[statement.item][statement.word][0] > _SEVERITY[statement.item][word][0]


@dataclass(slots=True)
class Weighed:
    """The standing reading of one level. ``conflicts`` names the items on which statements exclude each other."""

    level: str
    words: dict[str, str]
    epidural: GradeRange | None
    how: str
    below_word: str | None
    hedged: bool
    places: dict[str, Place]
    conflicts: list[str] = field(default_factory=list)
    #: Whether an ESCC grade is among the words that the standing range came from.
    graded: bool = False

    @property
    def signal(self) -> bool:
        """Cord signal change not said to be old; without a comparison it counts as new."""
        return self.words["cord_signal"] in ("new", "present")

    @property
    def subluxation(self) -> bool:
        return self.words["alignment"] == "subluxation"


def weigh(said: LevelWords) -> Weighed:
    """The standing reading of everything said about a level."""
    weighed = Weighed(said.level, dict(_SILENT), None, "not_stated", None, False, {"level": said.place})
    signals: list[Statement] = []
    for statement in said.statements:
        if statement.item == "cord_signal":
            signals.append(statement)
        else:
            _settle(weighed, statement)
    if signals:
        _settle_signal(weighed, signals)
    if said.epidural:
        _settle_epidural(weighed, said.epidural)
    _settle_treatment(weighed, said)
    return weighed


def _settle(weighed: Weighed, statement: Statement) -> None:
    """One more statement: the more severe of two words stands; words of different groups exclude each other."""
    item, word, place = statement
    before = weighed.words[item]
    if before != "not_stated":
        now, then = _SEVERITY[item][word], _SEVERITY[item][before]
        if now[0] != then[0] and item not in weighed.conflicts:
            weighed.conflicts.append(item)
        if now <= then:
            return
    weighed.words[item], weighed.places[item] = word, place


def _settle_signal(weighed: Weighed, statements: Sequence[Statement]) -> None:
    words = {s.word for s in statements}
    excluding = ("absent" in words and len(words) > 1) or {"old", "new"} <= words
    if excluding:
        weighed.conflicts.append("cord_signal")
    pool = [s for s in statements if s.word != "present" or excluding or words == {"present"}]
    standing = max(pool, key=lambda s: _SIGNAL_SEVERITY[s.word])
    weighed.words["cord_signal"], weighed.places["cord_signal"] = standing.word, standing.place


def _settle_epidural(weighed: Weighed, said: Iterable[Epidural]) -> None:
    """E: the ranges that agree are narrowed to what all allow; when they exclude each other the most urgent
    stands. *No cord compression* alone leaves E unknown; a hedge raises the upper end."""
    listed = list(said)
    grades = [e for e in listed if e.how in ("graded", "below", "described")]
    limits = [e for e in listed if e.how == "excludes"] if grades else []
    hedges = [e for e in listed if e.how == "hedge"]
    standing = _standing(weighed, grades, limits)
    if hedges:
        weighed.hedged = True
        weighed.epidural = (weighed.epidural or escc.NO_EPIDURAL_DISEASE).raised_to("3")
        weighed.how = weighed.how if standing else "described"
        weighed.places.setdefault("escc", hedges[0].place)


def _standing(weighed: Weighed, grades: list[Epidural], limits: list[Epidural]) -> Epidural | None:
    if not grades:
        return None
    agreed: GradeRange | None = grades[0].range
    for other in [*grades[1:], *limits]:
        agreed = agreed.meet(other.range) if agreed else None
    if agreed is None:
        weighed.conflicts.append("escc")
        agreed = escc.most_urgent(e.range for e in grades)
    # The words shown are the macro's own and the most exact ones that the standing range came from.
    fitting = [e for e in grades if e.range.meet(agreed)] if len(grades) > 1 else grades
    standing = (
        min(fitting, key=lambda e: (_width(e.range), e.prose, e.place)) if len(fitting) > 1 else fitting[0]
    )
    weighed.epidural, weighed.how = agreed, standing.how
    weighed.graded = any(e.how == "graded" for e in fitting)
    below = [e.word for e in fitting if e.how == "below"]
    weighed.below_word = below[0] if below else None
    weighed.places["below_conus" if standing.how == "below" else "escc"] = standing.place
    return standing


def _width(reach: GradeRange) -> int:
    return escc.rank(reach.hi) - escc.rank(reach.lo)


def _settle_treatment(weighed: Weighed, said: LevelWords) -> None:
    """``treated_stable``: treated, not new, grade not said to have risen, and stable or improved by the words."""
    status = weighed.words["status"]
    if status == "treated_stable" and weighed.words["treated"] == "not_stated":
        weighed.words["treated"] = "yes"
    reach = weighed.epidural
    risen = said.prior is not None and reach is not None and escc.rank(reach.hi) > escc.rank(said.prior)
    if risen and status in ("stable", "improved", "treated_stable"):
        weighed.conflicts.append("status")
        weighed.words["status"] = "progressed"
    elif status in ("stable", "improved", "treated_stable"):
        treated = weighed.words["treated"] == "yes"
        weighed.words["status"] = "treated_stable" if treated else status.replace("treated_stable", "stable")


def is_lesion(said: LevelWords, weighed: Weighed) -> bool:
    """Whether a line of the macro is about a lesion of this programme.

    The macro has one line per abnormal level, so a line is a lesion unless it gives a cause outside the
    programme, or denies a bone lesion and names nothing else. A missing label never makes it normal.
    """
    if said.causes and not said.tumour:
        return False
    if said.level == anatomy.UNKNOWN and said.empty:
        return False
    return said.lesion_denied is None or shows_disease(weighed)


def shows_disease(weighed: Weighed) -> bool:
    """Findings that a level without tumour would not have."""
    words = weighed.words
    return (
        (weighed.epidural is not None and weighed.epidural.hi != "0")
        or words["treated"] == "yes"
        or weighed.signal
        or words["lesion"] != "not_stated"
        or words["alignment"] in ("deformity", "subluxation")
        or words["collapse"] in ("none_gt50_involved", "lt50", "eq50", "gt50")
        or words["posterolateral"] in ("unilateral", "bilateral")
        or words["status"] in ("new", "progressed")
    )


def denial_conflicts(said: LevelWords, weighed: Weighed) -> bool:
    """*Lesion none* beside findings in the bone itself. Epidural tumour alone does not contradict it."""
    words = weighed.words
    return said.lesion_denied is not None and (
        words["lesion"] != "not_stated"
        or words["alignment"] in ("deformity", "subluxation")
        or words["collapse"] in ("none_gt50_involved", "lt50", "eq50", "gt50")
        or words["posterolateral"] in ("unilateral", "bilateral")
    )
