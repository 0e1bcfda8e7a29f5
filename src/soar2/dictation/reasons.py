"""Why this lane, in at most three plain sentences; and why a person must look. No sentence names a treatment."""

from collections.abc import Sequence

from soar2.criteria import escc
from soar2.criteria.escc import GradeRange
from soar2.dictation.answer import LevelReading

MOST = 3

_GRADE_WORDS = {
    "0": "no epidural tumour",
    "1a": "epidural tumour, sac not deformed",
    "1b": "epidural tumour deforms the sac",
    "1c": "epidural tumour touches the cord",
    "2": "cord compressed by tumour, fluid still seen",
    "3": "cord compressed by tumour, no fluid seen",
}
_COLLAPSE_WORDS = {
    "none_gt50_involved": "more than half of the vertebral body involved",
    "lt50": "collapse of less than half",
    "eq50": "collapse of about half",
    "gt50": "collapse of more than half",
}
_POSTEROLATERAL_WORDS = {
    "unilateral": "one side of the posterior elements involved",
    "bilateral": "both sides of the posterior elements involved",
}
_STATUS_WORDS = {"new": "new", "progressed": "progressed since the last scan"}

REVIEW_WORDS = {
    "contradiction": "Two statements exclude each other; the more urgent one was taken",
    "cancer_known": "No tumour is named, but cancer is known",
    "no_level_named": "No level is named",
    "treated_high_grade": "Treated and stable, but the grade is high or open",
    "treated_unconfirmed": "Called treated and stable, but no earlier report or treatment here is on record",
    "grade_open": "The words leave the epidural grade open",
    "grade_missing": "No epidural grade is stated",
    "open_or_suspected": "The grade is missing or open, or the tumour is only suspected",
    "suspected": "Tumour is only suspected",
    "sins_upper_bound": "Stability items not stated could change the lane",
    "hedge": "The wording is unsure",
    "unknown_term": "A term was not understood",
    "unfilled": "A pick-list was left unfilled",
    "empty_macro": "The macro is empty",
    "wrong_scale": "The grade is on the scale for the other side of the conus",
    "numbering": "A level does not fit the counting statement",
    "prose_only": "A finding stands only in the prose",
    "outside": "A dangerous finding that is not this programme's",
    "tumour_absent_beside_lesion": "Tumour is called absent beside a level line",
    "free_text": "The report was dictated without the macro; please read it",
    "addendum": "An addendum overrules the report's own words",
}


def epidural_words(level: LevelReading) -> str:
    """The grade in words, for one level."""
    if level.sac_word or level.below_conus == "none":
        return _sac_words(level)
    if level.epidural is None:
        return "no epidural grade stated"
    if level.epidural.exact:
        return f"{_GRADE_WORDS[level.epidural.lo]} (ESCC {level.epidural.lo})"
    return f"epidural grade between {level.epidural.lo} and {level.epidural.hi}{_reach(level.epidural)}"


def _sac_words(level: LevelReading) -> str:
    if level.sac_word in (None, "none"):
        return "no epidural tumour"
    where = "below the conus" if level.below_conus else "in the words for levels below the conus"
    return f"{level.sac_word} narrowing of the sac by tumour {where}"


def _reach(reach: GradeRange) -> str:
    if reach.at_least("2"):
        return ": the cord is compressed"
    return ": the cord may be compressed" if reach.may_reach("2") else ""


def _deciding(level: LevelReading) -> str:
    """What the line of the table that held saw, in words."""
    signal = _signal(level)
    return {
        4: f"treated and said to be {_stable(level)}; {epidural_words(level)}",
        5: f"treated and said to be {_stable(level)}, yet {epidural_words(level)}",
        7: f"{signal} beside epidural tumour; {epidural_words(level)}",
        8: f"subluxation beside epidural tumour; {epidural_words(level)}",
        10: _stability(level, signal),
        11: _expedited(level),
    }.get(level.rule, epidural_words(level))


def _signal(level: LevelReading) -> str:
    return f"{'new ' if level.cord_signal == 'new' else ''}cord signal change"


def _stable(level: LevelReading) -> str:
    return "stable or improved" if level.status == "treated_stable" else level.status


def _stability(level: LevelReading, signal: str) -> str:
    if level.alignment == "subluxation":
        return "subluxation"
    if level.signal:
        return signal
    return f"imaging SINS {level.sins} of 15"


def _expedited(level: LevelReading) -> str:
    reach = level.epidural
    if reach is None or reach.at_least("1a") or reach.may_reach("1a"):
        return epidural_words(level)
    if level.sins.lo >= 4:
        return f"imaging SINS {level.sins} of 15, {epidural_words(level)}"
    return f"tumour suspected; {epidural_words(level)}"


def _details(level: LevelReading, said: str) -> str:
    """Further findings of the level that the sentence before has not ``said``, most telling first. Cord signal
    change comes first: it is the nearest that a scan comes to showing harm to the cord."""
    listed = [
        _signal(level) if level.signal and "signal change" not in said else "",
        "subluxation" if level.alignment == "subluxation" and "subluxation" not in said else "",
        _STATUS_WORDS.get(level.status, ""),
        _COLLAPSE_WORDS.get(level.collapse, ""),
        _POSTEROLATERAL_WORDS.get(level.posterolateral, ""),
        "new deformity" if level.alignment == "deformity" else "",
    ]
    return ", ".join(words for words in listed if words)


def _named(level: str) -> str:
    return "Level not named" if level == "unknown" else level


def reasons(
    levels: Sequence[LevelReading], lane: str, tumour: str, free_text: bool, conflicts: Sequence[str]
) -> tuple[str, ...]:
    """At most three sentences: the deciding level, what else speaks at it, and the next thing to know."""
    if free_text:
        return ("Dictated without the macro: please read.",)
    if not levels or lane == "none":
        return (
            ("The report says that there is no tumour.",)
            if tumour == "absent"
            else ("No tumour and no lesion are named.",)
        )
    order = sorted(levels, key=lambda lv: (-lv.decision.urgency, lv.rule, -lv.score.hi))
    top = order[0]
    deciding = _deciding(top)
    listed = [f"{_named(top.level)}: {deciding}."]
    details = _details(top, deciding)
    listed += [f"{_named(top.level)}: {details}."] if details else []
    listed += (
        [f"The report contradicts itself about {', '.join(conflicts[:2])}; the more urgent reading stands."]
        if conflicts
        else []
    )
    listed += [
        f"{_named(lv.level)}, also {lv.lane}: {_deciding(lv)}." for lv in order[1:] if lv.lane == top.lane
    ]
    return tuple(listed[:MOST])


def review_sentences(keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{REVIEW_WORDS[key]}." for key in dict.fromkeys(keys))


ITEM_WORDS = {
    "escc": "the epidural grade",
    "cord_signal": "the cord signal",
    "lesion": "the lesion",
    "alignment": "the alignment",
    "collapse": "the collapse",
    "posterolateral": "the posterior elements",
    "treated": "treatment",
    "status": "the change since the last scan",
    "tumour": "tumour",
}

assert set(_GRADE_WORDS) == set(escc.GRADES)  # noqa: S101 -- a grade without words would be a silent reason
