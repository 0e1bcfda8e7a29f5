"""One level of a reading, in words for a table and as findings for the drawing. Unknown stays unknown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from soar2.criteria.urgency import LINES
from soar2.pages import spine
from soar2.pages.spine.level import epidural_words
from soar2.pathway.reports.basis import grade_words

COLLAPSE_SHARE = {"none": 0.0, "none_gt50_involved": 0.0, "lt50": 0.3, "eq50": 0.5, "gt50": 0.6}
SIDES = {"none": 0, "unilateral": 1, "bilateral": 2}
NOT_STATED = "not stated"
SINS_PAIN_MOST = 3  # Fisher et al. 2010: pain gives 0 to 3 points, and an image does not show pain

WORDS: dict[str, dict[str, str]] = {
    "cord_signal": {"new": "new change", "present": "change", "old": "old change", "absent": "normal"},
    "lesion": {"lytic": "lytic", "mixed": "mixed", "blastic": "blastic", "indeterminate": "indeterminate"},
    "alignment": {"normal": "normal", "deformity": "new deformity", "subluxation": "subluxation"},
    "collapse": {
        "none": "none",
        "none_gt50_involved": "none, over half of the body involved",
        "lt50": "less than half",
        "eq50": "half",
        "gt50": "over half",
    },
    "posterolateral": {"none": "none", "unilateral": "one side", "bilateral": "both sides"},
    "status": {
        "new": "new",
        "progressed": "progressed",
        "stable": "stable",
        "improved": "improved",
        "treated_stable": "treated, stable",
    },
}


@dataclass(frozen=True)
class LevelFacts:
    """The row of one level in the table of findings. Every text may read 'not stated'."""

    level: str
    epidural: str
    cord_signal: str
    lesion: str
    alignment: str
    collapse: str
    posterolateral: str
    status: str
    sins: tuple[int, int] | None
    lane: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The findings in the order of the table's columns."""
        names = "epidural cord_signal lesion collapse alignment posterolateral status"
        return tuple(getattr(self, name) for name in names.split())

    @property
    def unknown(self) -> tuple[str, ...]:
        """The findings that the report leaves open."""
        return tuple(name for name in ("epidural", *WORDS) if NOT_STATED in getattr(self, name))

    @property
    def full_sins(self) -> tuple[int, int] | None:
        """The full score as far as MRI can say: what it showed, plus no pain up to the worst pain."""
        return (self.sins[0], self.sins[1] + SINS_PAIN_MOST) if self.sins else None


def facts(level: Mapping[str, Any]) -> LevelFacts:
    """The words for one level of a reading."""
    sins = level.get("sins_imaging")
    return LevelFacts(
        level=level_name(level["level"]),
        epidural=_epidural(level),
        **{item: _word(item, level) for item in WORDS},
        sins=(sins[0], sins[1]) if sins else None,
        lane=level.get("lane") or "none",
    )


def level_name(name: str) -> str:
    return "Level not named" if name == "unknown" else name


def _epidural(level: Mapping[str, Any]) -> str:
    return grade_words(dict(level)).removeprefix("epidural ").removeprefix("grade ")


def _word(item: str, level: Mapping[str, Any]) -> str:
    said = level.get(item) or "not_stated"
    if item == "cord_signal" and said == "not_stated" and level.get("below_conus"):
        return "no cord here"  # below the conus there is none whose signal could be told
    return WORDS[item].get(said, said.replace("_", " "))


def worst_first(levels: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Levels by lane, the most urgent first; the order of the report otherwise."""
    lanes = ("emergent", "urgent", "expedited", "routine", "none")
    return sorted(levels, key=lambda level: lanes.index(level.get("lane") or "none"))


def beside(levels: Iterable[Mapping[str, Any]]) -> str:
    """What a surgeon asks next of the most urgent level: cord signal, slip, collapse; empty when none is said."""
    worst = next(iter(worst_first(levels)), None)
    if worst is None:
        return ""
    said = []
    if worst.get("cord_signal") in ("new", "present"):
        said.append("cord signal change")
    if worst.get("alignment") == "subluxation":
        said.append("subluxation")
    if worst.get("collapse") == "gt50":
        said.append("over half collapsed")
    return f"with {' and '.join(said)}" if said else ""


def shortest(levels: Iterable[Mapping[str, Any]]) -> str:
    """The most urgent level in the fewest words, for under a small drawing: 'T8 1c', 'L4 sac mild', 'T8 ?'."""
    worst = next(iter(worst_first(levels)), None)
    if worst is None:
        return "no lesion"
    return f"{level_name(worst['level'])} {epidural_words(_drawn(worst))}"


def drawn(levels: Iterable[Mapping[str, Any]]) -> dict[str, spine.Level]:
    """The levels of a reading as the drawing takes them."""
    return {level["level"]: _drawn(level) for level in levels}


def _drawn(level: Mapping[str, Any]) -> spine.Level:
    span = level.get("escc_range")
    sac = level.get("below_conus")
    lesion = level.get("lesion")
    return spine.Level(
        grade=level.get("escc"),
        span=(span[0], span[1]) if span and span[0] != span[1] else None,
        sac=sac if sac in ("none", "mild", "moderate", "severe") else None,
        note="sac ?" if sac == "not_stated" else "",
        lesion=lesion if lesion in ("lytic", "blastic", "mixed") else "unknown",
        collapse=COLLAPSE_SHARE.get(level.get("collapse") or ""),
        pedicles=SIDES.get(level.get("posterolateral") or ""),
        signal=level.get("cord_signal") in ("new", "present"),
        treated=level.get("treatment") or ("treated" if level.get("status") == "treated_stable" else ""),
    )


def window(*exams: Mapping[str, spine.Level], margin: int = 2) -> tuple[str, str] | None:
    """The part of the spine that shows every level of these exams, with room on both sides."""
    return spine.window_around({name: level for exam in exams for name, level in exam.items()}, margin)


def line_words(rule: int | None) -> str:
    """'line 9: cord touched, or may be'; empty when no line is known."""
    words = next((line.words for line in LINES if line.number == rule), "")
    return f"line {rule}: {words}" if words else ""


SPAN_WORDS = {
    "level": "",
    "escc": "epidural grade",
    "below_conus": "sac below the conus",
    "other_levels": "other levels",
    "posterolateral": "posterior elements",
    "treated": "treatment",
}


def spans(reading: Mapping[str, Any]) -> list[tuple[int, int, str]]:
    """Where the report says what was read: (start, end, 'T8 epidural grade'), by position, none overlapping."""
    found = [_span("", item, at) for item, at in (reading.get("spans") or {}).items()]
    for level in reading.get("levels", []):
        name = level_name(level["level"])
        found += [_span(name, item, at) for item, at in (level.get("spans") or {}).items()]
    kept: list[tuple[int, int, str]] = []
    for start, end, name in sorted(found):
        if end > start and (not kept or start >= kept[-1][1]):
            kept.append((start, end, name))
    return kept


def _span(level: str, item: str, at: Sequence[int]) -> tuple[int, int, str]:
    item = item.removeprefix("outside.")
    words = SPAN_WORDS.get(item, item.replace("_", " "))
    return at[0], at[1], " ".join(part for part in (level, words) if part)


@dataclass(frozen=True)
class Words:
    """A stretch of a report; ``finding`` names what was read in it, or is empty."""

    text: str
    finding: str = ""


def marked(text: str, reading: Mapping[str, Any]) -> list[Words]:
    """The report's text cut at the words of each finding; joined again it is the text, unchanged."""
    out, at = [], 0
    for start, end, name in spans(reading):
        if end > len(text):
            break
        out += [Words(text[at:start]), Words(text[start:end], name)]
        at = end
    return [part for part in (*out, Words(text[at:])) if part.text]
