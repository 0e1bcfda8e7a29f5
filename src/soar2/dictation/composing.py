"""From the cells of the composer to the report's text, and what the reader makes of it. Pure.

The text is generated from the fields: the macro first, then sentences that say the same for a person. The lane, the
score and every contradiction come from reading that text, as for any report, so that the composer can never show
another lane than the one the report will get.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from soar2.criteria.anatomy import canonical, rank
from soar2.dictation.reading import Reading, read_report
from soar2.dictation.reasons import REVIEW_WORDS
from soar2.dictation.shorthand import shown
from soar2.dictation.signing import FORBID, Unsettled, unsettled
from soar2.dictation.template import FIELD, NO_OTHER_DISEASE, NORMAL_NUMBERING, write_macro

NOT_STATED = "not_stated"

_GRADE = {
    "0": "No epidural tumour",
    "1a": "Epidural tumour without deformity of the thecal sac",
    "1b": "Epidural tumour deforms the thecal sac without touching the cord",
    "1c": "Epidural tumour touches the cord without compressing it",
    "2": "Epidural tumour compresses the cord, with fluid still seen around it",
    "3": "Epidural tumour compresses the cord, with no fluid seen around it",
}
_SAC = {
    "none": "No epidural tumour",
    "mild": "Epidural tumour with mild narrowing of the thecal sac below the conus",
    "moderate": "Epidural tumour with moderate narrowing of the thecal sac below the conus",
    "severe": "Epidural tumour with severe narrowing of the thecal sac below the conus",
}
_LESION = {
    "lytic": "lytic lesion",
    "mixed": "mixed lytic and blastic lesion",
    "blastic": "blastic lesion",
    "indeterminate": "lesion, bone quality not to be told on MRI",
}
_STATUS = {
    "new": "new",
    "progressed": "progressed",
    "stable": "stable",
    "improved": "improved",
    "treated_stable": "treated, stable",
}
_COLLAPSE = {
    "none": "No collapse",
    "none_gt50_involved": "No collapse, more than half of the vertebral body involved",
    "lt50": "Collapse of less than half of the vertebral body",
    "eq50": "Collapse of half of the vertebral body",
    "gt50": "Collapse of more than half of the vertebral body",
}
_BEHIND = {
    "none": "posterior elements not involved",
    "unilateral": "posterior elements involved on one side",
    "bilateral": "posterior elements involved on both sides",
}
_ALIGNMENT = {"normal": "Alignment normal", "deformity": "New deformity", "subluxation": "Subluxation"}
_SIGNAL = {
    "absent": "Cord signal normal",
    "new": "New cord signal change",
    "old": "Old cord signal change",
    "present": "Cord signal change",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One abnormal level: its name and closed words by field key; ``prior`` is the grade of the report before."""

    level: str
    words: Mapping[str, str]
    prior: str = ""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two statements that exclude each other: what the row says, and the person's own words that say otherwise.

    ``level`` is empty where it concerns the whole report; ``own_words`` where the row contradicts itself.
    """

    level: str
    item: str
    row_says: str
    own_words: str


@dataclass(frozen=True, slots=True)
class Composed:
    """The text as it will be filed, and what the reader makes of it."""

    text: str
    impression: str
    reading: Reading
    unsettled: tuple[Unsettled, ...]
    contradictions: tuple[Contradiction, ...]

    @property
    def confirmable(self) -> bool:
        """Nothing forbids it and nothing contradicts itself. It never keeps anybody from signing elsewhere."""
        return not self.contradictions and all(one.weight != FORBID for one in self.unsettled)


def compose(
    rows: Iterable[Row],
    *,
    numbering: str = NORMAL_NUMBERING,
    conus: str = "L1",
    tumour: str = "",
    other_levels: str = NO_OTHER_DISEASE,
    own_words: str = "",
    prior_date: str = "",
    read: Callable[[str], Reading] = read_report,
) -> Composed:
    """Write the report of these rows and read it. Rows without a level are left out of the text and unsettled.

    ``own_words`` is what a person adds in prose; it stands under FINDINGS and is read like any prose.
    ``prior_date`` is how the report before is dated in the text. ``read`` is the reader; the running system gives
    one that knows the patient's record, as it does when the report is filed.
    """
    given = list(rows)
    open_questions = unsettled(((row.level, row.words) for row in given), conus=conus)
    ordered = sorted(
        (row for row in given if canonical(row.level) is not None),
        key=lambda row: rank(canonical(row.level) or ""),
    )
    macro = write_macro(
        [(canonical(row.level) or row.level, _cells(row)) for row in ordered],
        numbering=numbering,
        conus=conus,
        tumour=tumour,
        other_levels=other_levels,
    )
    impression = _impression(ordered, tumour, other_levels, prior_date)
    findings = f"\nFINDINGS\n{own_words.strip()}\n" if own_words.strip() else ""
    text = f"{macro}{findings}\nIMPRESSION\n{impression}\n"
    reading = read(text)
    found = tuple(_contradictions(reading, {canonical(row.level) or "": row for row in ordered}, own_words))
    return Composed(text, impression, reading, open_questions, found)


def _contradictions(reading: Reading, rows: Mapping[str, Row], own_words: str) -> Iterator[Contradiction]:
    named = False
    for level in reading.levels:
        row = rows.get(level.level)
        for item in level.conflicts:
            named = True
            yield Contradiction(level.level, item, _says(row, item), _about(level.level, own_words))
    if not named and f"{REVIEW_WORDS['contradiction']}." in reading.review_reasons:
        yield Contradiction("", "tumour", "", own_words.strip())


#: The cells that speak on an item: a grade is on one of two scales, and a change is one of the grade as well.
_SPEAKING = {"escc": ("escc", "below_conus"), "status": ("status", "escc")}


def _says(row: Row | None, item: str) -> str:
    """The words of the row on one item, as they are shown."""
    if row is None:
        return ""
    given = ((key, row.words.get(key, "")) for key in _SPEAKING.get(item, (item,)))
    parts = [f"{FIELD[key].label} {shown(key, word)}" for key, word in given if key in FIELD and word]
    return ", ".join([*parts, f"was {row.prior}"] if row.prior and item == "status" else parts)


def _about(level: str, own_words: str) -> str:
    """Those of a person's sentences that name the level, else all of them."""
    parts = [part.strip() for part in _SENTENCE.split(own_words) if part.strip()]
    named = [part for part in parts if any(canonical(word) == level for word in _WORD.findall(part))]
    return " ".join(named or parts)


_SENTENCE = re.compile(r"(?<=[.;])\s+|\n+")
_WORD = re.compile(r"\b[A-Za-z]{1,2}-?\d{1,2}\b")


def _cells(row: Row) -> dict[str, str]:
    given = {key: word for key, word in row.words.items() if word not in ("", NOT_STATED)}
    return given | ({"prior": f"ESCC {row.prior}"} if row.prior else {})


def _impression(rows: Sequence[Row], tumour: str, other_levels: str, prior_date: str) -> str:
    lines = [_sentences(row, prior_date) for row in rows]
    if not rows:
        lines = ["No metastatic disease of the spine." if tumour == "absent" else "No abnormal level."]
    if other_levels == NO_OTHER_DISEASE:
        lines.append("No epidural disease at any other level." if rows else "No epidural disease.")
    return "\n".join(lines)


def _sentences(row: Row, prior_date: str) -> str:
    said = {key: word for key, word in row.words.items() if word not in ("", NOT_STATED)}
    parts = [
        ", ".join(
            part
            for part in (_LESION.get(said.get("lesion", ""), "lesion"), _change(said, prior_date))
            if part
        ),
        _epidural(said, row.prior),
        ", ".join(
            part
            for part in (_COLLAPSE.get(said.get("collapse", "")), _BEHIND.get(said.get("posterolateral", "")))
            if part
        ),
        _at(_ALIGNMENT.get(said.get("alignment", ""), ""), row.level),
        _at(_SIGNAL.get(said.get("cord_signal", ""), ""), row.level),
        f"Treated with {said['treated']}" if said.get("treated") else "",
    ]
    first, *rest = (part for part in parts if part)
    # One sentence a level: what stands in it cannot be taken for another level's or for the whole spine's.
    return f"{_named(row.level)}: {'; '.join((first, *(part[0].lower() + part[1:] for part in rest)))}."


def _at(words: str, level: str) -> str:
    """With its level: alignment and cord signal are said of the whole spine, too."""
    return f"{words} at {_named(level)}" if words else ""


def _named(level: str) -> str:
    name = canonical(level) or level
    return "Occiput" if name == "Oc" else name


def _change(said: Mapping[str, str], prior_date: str) -> str:
    word = _STATUS.get(said.get("status", ""), "")
    return f"{word} since {prior_date}" if word and prior_date and word != "new" else word


def _epidural(said: Mapping[str, str], prior: str) -> str:
    if grade := said.get("escc"):
        was = f", was {prior}" if prior and prior != grade else ""
        return f"{_GRADE[grade]} (ESCC {grade}{was})"
    return _SAC.get(said.get("below_conus", ""), "")
