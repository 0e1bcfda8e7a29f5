"""The lane table applied to a label's findings, so that no label's lane rests on the reader it judges."""

from soar2.criteria.anatomy import UNKNOWN
from soar2.criteria.escc import GradeRange, below_conus_range
from soar2.criteria.intervals import Interval
from soar2.criteria.sins import SinsItems, imaging_sins
from soar2.criteria.urgency import Case, LaneDecision, decide, report_lane
from soar2.dictation.labels import OPEN, SINS_ITEMS, UNSTATED, LevelLabel, ReportLabel


def grade_of(level: LevelLabel) -> GradeRange | str | None:
    """E of the lane table: a range, None for unknown, ``?`` where the label leaves it open."""
    if level.epidural is not None:
        return level.epidural
    stated = [words for item in ("escc", "below_conus") if (words := level.wanted.get(item)) is not None]
    for item in ("escc", "below_conus"):
        word = level.word(item)
        if word is None and item in level.wanted:
            return OPEN
        if word in (None, UNSTATED, "not_applicable"):
            continue
        if item == "below_conus":
            return below_conus_range(word)
        ends = word.split(" to ")
        return GradeRange(ends[0], ends[-1])
    return None if {UNSTATED} in stated or level.level == UNKNOWN else OPEN


def sins_of(level: LevelLabel) -> Interval:
    """Imaging SINS of the items that have one word; an item left open may be anything."""
    words = {item: level.word(item) for item in SINS_ITEMS}
    return imaging_sins(
        SinsItems(level.level, **{k: "not_stated" if v in (None, UNSTATED) else v for k, v in words.items()})
    )


def decided(label: ReportLabel) -> LaneDecision | None:
    """What the table decides; None where the label leaves open what the lane depends on."""
    tumour = label.wanted.get("tumour", frozenset())
    if len(tumour) != 1 or label.levels is None:
        return None
    (word,) = tumour
    if not label.levels:
        return decide(Case(word, lesion=False, sins=Interval(0, 0)))
    grades = [grade_of(level) for level in label.levels]
    if OPEN in grades:
        return None
    return report_lane(
        decide(
            Case(
                word,
                level_named=level.level != UNKNOWN,
                epidural=grade,
                sins=sins_of(level),
                signal=level.word("cord_signal") in ("new", "present"),
                subluxation=level.word("alignment") == "subluxation",
                treated_stable=level.word("status") == "treated_stable",
            )
        )
        for level, grade in zip(label.levels, grades, strict=True)
    )
