"""What the composer shows: the rows as typed, what they mean, the report they make, the report before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from soar2.criteria.anatomy import canonical, scale
from soar2.dictation.composing import Composed, Contradiction, Row, compose
from soar2.dictation.shorthand import Typed, shown, typed
from soar2.dictation.signing import Unsettled
from soar2.dictation.template import (
    BELOW_CONUS,
    ESCC,
    FIELD,
    LEVEL_FIELDS,
    NO_OTHER_DISEASE,
    NORMAL_NUMBERING,
    offered,
)
from soar2.exchange.fhir.composed import About
from soar2.pages import spine, words
from soar2.pathway.notices import plan
from soar2.pathway.reports import levels
from soar2.pathway.reports import queries as reports
from soar2.record import people
from soar2.record.models import Patient, Person

MOST_ROWS = 26  # a whole column; a form with more is no report
AS_BEFORE = "."
NO_CORD = "no cord here"
#: The cells of a row in the order of the keyboard: key, heading, list of choices.
COLUMNS: tuple[tuple[str, str], ...] = (
    ("level", "Level"),
    ("epidural", "Epidural"),
    ("cord_signal", "Cord signal"),
    ("lesion", "Lesion"),
    ("collapse", "Collapse"),
    ("alignment", "Alignment"),
    ("posterolateral", "Posterior"),
    ("status", "Compared"),
    ("treated", "Treated"),
)
NORMALS = {field.key: shown(field.key, field.normal) for field in LEVEL_FIELDS if field.normal}
CHOICES = {
    field.key: [choice.shown for choice in offered(field)] for field in FIELD.values() if field.choices
}
CHOICES["status"] = [choice.shown for choice in FIELD["status"].choices]


@dataclass(frozen=True)
class Cell:
    """One cell: ``text`` is what stands in it, ``word`` the closed word it means, ``fault`` why it means none."""

    key: str
    heading: str
    text: str
    word: str = ""
    fault: str = ""
    was: str = ""
    choices: str = ""
    closed: bool = False


@dataclass(frozen=True)
class FormRow:
    """A row of the form; ``empty`` when nobody has typed a level or a finding."""

    number: int
    cells: tuple[Cell, ...]
    level: str
    scale: str
    empty: bool

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(cell.fault for cell in self.cells if cell.fault)


@dataclass(frozen=True)
class Before:
    """The patient's last scored report: its levels by name, as JSON and in words, and its day."""

    report: reports.ReportView | None
    levels: Mapping[str, Mapping[str, Any]]
    day: str

    def grade(self, level: str) -> str:
        """The exact grade before, empty where there was none or an interval."""
        return str(self.levels.get(level, {}).get("escc") or "")


@dataclass(frozen=True)
class Head:
    """What is said once for the whole exam."""

    accession: str
    exam: str
    ended: str
    status: str
    numbering: str
    conus: str
    tumour: str
    other_levels: str
    own_words: str

    @property
    def ended_at(self) -> datetime | None:
        """When the exam ended, by the hospital's clock; None for what is no time."""
        return hospital_moment(self.ended)

    @property
    def faults(self) -> tuple[str, ...]:
        """What keeps the exam itself from being known."""
        found = []
        if not self.accession:
            found.append("Give the accession number of the exam.")
        if self.ended_at is None:
            found.append("Give when the exam ended.")
        if self.exam not in dict(EXAMS):
            found.append("Choose the exam.")
        if self.conus and canonical(self.conus) is None:
            found.append("The conus needs a level, such as L1.")
        return tuple(found)


def hospital_moment(text: str) -> datetime | None:
    """The moment of a form's local time (``2026-03-10T12:40``) in the hospital's zone; None for what is none."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return None
    return local.replace(tzinfo=settings.PROGRAMME.zone) if local.tzinfo is None else None


def before(seen: Sequence[reports.ReportView]) -> Before:
    """The newest scored report among these, none when there is none."""
    found = next(iter(reports.scored(seen)), None)
    if found is None:
        return Before(None, {}, "")
    day = words.hospital_day(found.exam_at or found.received_at)
    return Before(
        found, {level["level"]: level for level in found.levels if level["level"] != "unknown"}, day
    )


def head_from(given: Mapping[str, str]) -> Head:
    """The head of the form as typed; what is missing is the usual."""
    get = given.get
    return Head(
        accession=get("accession", "").strip()[:64],
        exam=get("exam", "")[:16],
        ended=get("ended", "")[:16],
        status=get("status", "F") if get("status", "F") in ("F", "P") else "F",
        numbering=" ".join(get("numbering", NORMAL_NUMBERING).split())[:120],
        conus=get("conus", "L1").strip()[:8],
        tumour="absent" if get("tumour") == "absent" else "",
        other_levels=NO_OTHER_DISEASE if get("others", "clear") == "clear" else "",
        own_words=get("own_words", "")[:8000],
    )


def head_of(named: reports.ReportView | None) -> dict[str, str]:
    """The head for the exam of a report on file, such as one that was dictated without the macro."""
    if named is None:
        return {}
    ended = (
        named.exam_at.astimezone(settings.PROGRAMME.zone).strftime("%Y-%m-%dT%H:%M") if named.exam_at else ""
    )
    return {"accession": named.accession, "exam": exam_named(named.procedure), "ended": ended}


def exam_named(procedure: str) -> str:
    """The code of the exam a sender's words mean; empty where they do not tell, so that a person chooses."""
    said = procedure.casefold()
    found = [part for part in ("cervical", "thoracic", "lumbar") if part in said]
    whole = len(found) == 3 or any(words in said for words in ("total spine", "whole spine", "entire spine"))
    part = "total" if whole else found[0] if len(found) == 1 else ""
    with_contrast = "contrast" not in said or "with " in f"{said} ".replace("without ", "")
    return next(
        (
            code
            for code, name in EXAMS
            if part and part in name and ("with contrast" in name) == with_contrast
        ),
        "",
    )


def first_rows(prior: Before) -> list[dict[str, str]]:
    """A row for each level of the report before, its findings left open, and one to begin with."""
    return [{"level": name} for name in prior.levels] + [dict(NORMALS)]


def rows_given(given: Mapping[str, str]) -> list[dict[str, str]]:
    """The typed texts of each row, by the names ``r0.level`` and so on; at most ``MOST_ROWS``."""
    numbers = sorted(
        {int(n) for key in given if (n := key.partition(".")[0][1:]).isdecimal() and key[:1] == "r"}
    )
    return [{key: given.get(f"r{n}.{key}", "")[:80] for key, _ in COLUMNS} for n in numbers[:MOST_ROWS]]


def form_row(number: int, texts: Mapping[str, str], conus: str, prior: Before) -> FormRow:
    """One row as typed, each cell with what it means."""
    named = typed("level", texts.get("level", ""))
    place = scale(named.word, canonical(conus)) if named.word else "either"
    was = prior.levels.get(named.word, {})
    cells = []
    for key, heading in COLUMNS:
        text = texts.get(key, "")
        cells.append(_cell(key, heading, text, named, place, was))
    said = any(texts.get(key, "").strip() not in ("", NORMALS.get(key, "")) for key, _ in COLUMNS)
    return FormRow(number, tuple(cells), named.word, place, not said)


def _cell(key: str, heading: str, text: str, named: Typed, place: str, was: Mapping[str, Any]) -> Cell:
    fields = _fields(key, place)
    if key == "cord_signal" and place == "cauda":
        return Cell(key, heading, "", choices="", closed=True, was="")
    before_words = _was(key, was)
    text = text.strip()
    if text == AS_BEFORE:
        text = _word_before(fields, was)
        if not text:
            return Cell(
                key, heading, AS_BEFORE, fault="The report before says nothing here.", was=before_words
            )
    if key == "level":
        return Cell(key, heading, named.word or text, named.word, named.fault)
    found = _meant(fields, text, named.word)
    return Cell(
        key,
        heading,
        shown(found[0], found[1].word) if found[1].word else text,
        f"{found[0]}.{found[1].word}" if found[1].word else "",
        found[1].fault,
        before_words,
        "either" if len(fields) > 1 else fields[0],
    )


def _fields(key: str, place: str) -> tuple[str, ...]:
    """The field a cell stands for. Of the two grades, the one of the scale at that level: so a cord's grade cannot be
    given below the conus by accident."""
    if key != "epidural":
        return (key,)
    return {"cord": ("escc",), "cauda": ("below_conus",)}.get(place, ("escc", "below_conus"))


def _meant(fields: Sequence[str], text: str, level: str) -> tuple[str, Typed]:
    tried = [(key, typed(key, text)) for key in fields]
    for key, found in tried:
        if not found.fault:
            return key, found
    if fields == ("below_conus",) and typed("escc", text).word:
        words_here = ", ".join(choice.shown for choice in BELOW_CONUS.choices)
        return fields[0], Typed(fault=f"{level} lies below the conus, where there is no cord: {words_here}.")
    if fields == ("escc",) and typed("below_conus", text).word:
        return fields[0], Typed(
            fault=f"{level} has cord: {', '.join(choice.shown for choice in ESCC.choices)}."
        )
    return tried[0]


def _was(key: str, level: Mapping[str, Any]) -> str:
    """The finding before, in words, for under the cell; empty where the report before has no such level."""
    if not level or key in ("level", "status"):
        return ""
    if key == "treated":
        return str(level.get("treatment") or "")
    return str(getattr(levels.facts(level), key))


def _word_before(fields: Sequence[str], level: Mapping[str, Any]) -> str:
    for key in fields:
        word = level.get("treatment" if key == "treated" else key)
        if word and word != "not_stated":
            return shown(key, str(word)) if key in FIELD else str(word)
    return ""


@dataclass(frozen=True)
class Draft:
    """The whole form read once: rows, the composed report, and what the page shows of it."""

    head: Head
    rows: tuple[FormRow, ...]
    prior: Before
    composed: Composed
    tells: str

    @property
    def faults(self) -> tuple[str, ...]:
        """What cannot be understood in the cells, in words."""
        return tuple(
            f"{row.level or f'Row {row.number + 1}'}: {fault}" for row in self.rows for fault in row.faults
        )

    @property
    def forbids(self) -> tuple[str, ...]:
        return tuple(self._in_words(one) for one in self.composed.unsettled if one.weight == "forbid")

    @property
    def alerts(self) -> tuple[str, ...]:
        return tuple(self._in_words(one) for one in self.composed.unsettled if one.weight == "alert")

    @property
    def contradictions(self) -> tuple[Contradiction, ...]:
        return self.composed.contradictions

    @property
    def confirmable(self) -> bool:
        return self.composed.confirmable and not self.faults

    @property
    def drawn(self) -> dict[str, spine.Level]:
        return levels.drawn(self.as_json["levels"])

    @property
    def before_drawn(self) -> dict[str, spine.Level]:
        return levels.drawn(self.prior.levels.values())

    @property
    def window(self) -> tuple[str, str] | None:
        return levels.window(self.drawn, self.before_drawn, margin=2)

    @property
    def as_json(self) -> dict[str, Any]:
        return self.composed.reading.as_json()

    @property
    def facts(self) -> list[levels.LevelFacts]:
        return [levels.facts(level) for level in levels.worst_first(self.as_json["levels"])]

    @property
    def fileable(self) -> bool:
        """Everything a report needs is there, and nothing in it waits to be settled."""
        full = any(not row.empty for row in self.rows)
        return self.confirmable and not self.head.faults and (full or self.head.tumour == "absent")

    @property
    def dates(self) -> tuple[str, str]:
        return (self.prior.day, "now")

    @property
    def title(self) -> str:
        """What the drawing shows, in words."""
        reasons_given = self.composed.reading.reasons
        return reasons_given[0] if reasons_given else "No abnormal level"

    @property
    def sins(self) -> levels.LevelFacts | None:
        """The level with the highest instability score, None without levels."""
        return max(
            (fact for fact in self.facts if fact.sins), key=lambda fact: fact.sins or (0, 0), default=None
        )

    @property
    def numbering_is_usual(self) -> bool:
        return self.head.numbering == NORMAL_NUMBERING

    def _in_words(self, one: Unsettled) -> str:
        full = [row for row in self.rows if not row.empty]
        row = full[one.row] if one.row < len(full) else None
        return f"{row.level}: {one.sentence}" if row is not None and row.level else one.sentence


def draft(given: Mapping[str, str], prior: Before, patient: Patient, now: datetime) -> Draft:
    """Read the form. Nothing is stored. The reading is the one that filing would give."""
    head = head_from(given)
    rows = tuple(form_row(n, texts, head.conus, prior) for n, texts in enumerate(rows_given(given)))
    full = [row for row in rows if not row.empty]
    composed = compose(
        [Row(row.level, _words(row), prior.grade(row.level)) for row in full],
        numbering=head.numbering,
        conus=head.conus,
        tumour=head.tumour if not full else "",
        other_levels=head.other_levels,
        own_words=head.own_words,
        prior_date=prior.day,
        read=lambda text: reports.preview(text, patient, head.accession, head.ended_at),
    )
    return Draft(head, rows, prior, composed, _tells(composed.reading.lane, now))


def _words(row: FormRow) -> dict[str, str]:
    found = dict(cell.word.split(".", 1) for cell in row.cells if "." in cell.word)
    treated = next(cell.text for cell in row.cells if cell.key == "treated")
    return found | ({"treated": treated} if treated and treated != AS_BEFORE else {})


def _tells(lane: str, now: datetime) -> str:
    """Who a report of this lane goes to at this hour, in words."""
    if lane == "none":
        return "nobody; it is filed"
    role = people.role(plan.addressed(plan.active_pack(), lane, now))
    person = people.on_duty(role.key, now)
    return f"{person.label}, {role.name.lower()}" if person else f"{role.name}: nobody on duty by the rota"


#: LOINC's spine MRI, without contrast or before and after it.
EXAMS: tuple[tuple[str, str], ...] = (
    ("30855-1", "MRI total spine without and with contrast"),
    ("30854-4", "MRI total spine without contrast"),
    ("24981-3", "MRI thoracic spine without and with contrast"),
    ("24980-5", "MRI thoracic spine without contrast"),
    ("24937-5", "MRI cervical spine without and with contrast"),
    ("24935-9", "MRI cervical spine without contrast"),
    ("24967-2", "MRI lumbar spine without and with contrast"),
    ("24968-0", "MRI lumbar spine without contrast"),
)


def about(patient: Patient, head: Head, ended: datetime, person: Person, now: datetime) -> About:
    """Whose exam it is and who reports it, for the resource that is filed."""
    given, _, family = person.name.rpartition(" ")
    return About(
        identifiers=[(one.authority, one.value, one.kind) for one in patient.identifiers.all()],
        family=patient.family,
        given=patient.given,
        birth_date=patient.birth_date.isoformat() if patient.birth_date else "",
        sex=patient.sex,
        accession=head.accession,
        exam_code=head.exam,
        exam_name=dict(EXAMS)[head.exam],
        ended=ended,
        issued=now.astimezone(settings.PROGRAMME.zone),
        status=head.status,
        reader_family=family,
        reader_given=given,
    )
