"""What a notice needs to know of a scored report, and how a report compares with the one before it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from soar2.criteria.packs import load_pack
from soar2.dictation.reading import Reading, read_report
from soar2.pathway.reports.models import Report
from soar2.pathway.reports.types import EXAM_WINDOW
from soar2.record import rows
from soar2.record.models import LedgerEntry, Patient

# ESCC grades and the words below the conus on one scale, as the lane table places them.
ORDER = {"0": 0, "1a": 1, "1b": 2, "1c": 3, "2": 4, "3": 5}
WORDS = {"none": 0, "mild": 2, "moderate": 3, "severe": 5}
SIGNAL = frozenset({"new", "present"})


@dataclass(frozen=True)
class Basis:
    """A scored report as its notice sees it."""

    report: UUID
    patient: Patient | None
    feed: str
    accession: str
    lane: str
    headline: str
    reasons: tuple[str, ...]
    rise: str
    review: bool
    score: tuple[int | None, int | None]
    exam_end: datetime | None
    pack: tuple[str, str]
    status: str
    findings: dict[
        str, tuple[int, bool]
    ]  # level -> place of its highest grade, whether the cord's signal changed
    inbound: int | None = None  # the message it came with

    def news_since(self, others: Iterable["Basis"]) -> tuple[str, ...]:
        """The levels at which this report says more than the others: a new one, a higher grade, a signal."""
        known: dict[str, tuple[int, bool]] = {}
        for other in others:
            for level, (grade, signal) in other.findings.items():
                was = known.get(level, (-1, False))
                known[level] = (max(grade, was[0]), signal or was[1])
        return tuple(level for level, found in self.findings.items() if _more(found, known.get(level)))


def _more(found: tuple[int, bool], known: tuple[int, bool] | None) -> bool:
    return known is None or found[0] > known[0] or (found[1] and not known[1])


def basis(report_id: UUID | str) -> Basis:
    """Raises ``Report.DoesNotExist`` when there is no such report."""
    return basis_of(Report.objects.select_related("patient").get(id=report_id))


def basis_behind(entry: LedgerEntry) -> Basis:
    """The same of the report that a fact is about; it is not read again where the fact still carries it."""
    return basis_of(entry.about) if isinstance(entry.about, Report) else basis(entry.subject)


def bases(report_ids: Iterable[UUID]) -> list[Basis]:
    """Those that exist, one query."""
    return [
        basis_of(report)
        for report in Report.objects.select_related("patient").filter(id__in=list(report_ids))
    ]


def basis_of(report: Report) -> Basis:
    """The same of a row at hand. Words read without the macro open no ladder by themselves: to a notice such a report
    says nothing, and a person reads it."""
    free = report.source == "free-text"
    reading = {} if free else report.reading
    return Basis(
        report=report.id,
        patient=report.patient,
        feed=report.feed,
        accession=report.accession,
        lane="none" if free else report.lane,
        headline=headline(reading),
        reasons=tuple(report.reasons),
        rise=report.rise,
        review=report.review,
        score=(report.score_min, report.score_max),
        exam_end=report.exam_end or report.exam_start or report.reported_at,
        pack=(report.pack_name, report.pack_version),
        status=report.status,
        findings={
            level["level"]: (_upper(level) or 0, level.get("cord_signal") in SIGNAL)
            for level in reading.get("levels", [])
        },
        inbound=report.inbound,
    )


#: A question that gives the ids of the reports without a patient that were filed from one message, whose number it takes.
UNIDENTIFIED_OF = "SELECT id FROM reports_report WHERE inbound = %s AND patient_id IS NULL"


def unidentified_before(scored: Basis) -> list[UUID]:
    """Those filed from the same message at an earlier reading which are this report.

    It is known by its words: another report of that message may be another person's.
    """
    rows = Report.objects.filter(inbound=scored.inbound, inbound__isnull=False).only(
        "id", "text", "patient_id"
    )
    words = {row.id: " ".join(row.text.split()) for row in rows}
    earlier = [row.id for row in rows if row.patient_id is None and row.id != scored.report]
    return [report for report in earlier if words[report] == words.get(scored.report)]


def headline(reading: dict[str, Any]) -> str:
    """The one fact: the most urgent level and what is said of it; '+ 2 more levels' when there are."""
    levels = reading.get("levels", [])
    if not levels:
        return "No level read"
    worst = max(levels, key=lambda level: (_lane(level), _upper(level) or 0))
    more = len(levels) - 1
    rest = f", and {more} more level{'s' if more > 1 else ''}" if more else ""
    name = "Level not named" if worst["level"] == "unknown" else worst["level"]
    return f"{name} {grade_words(worst)}{rest}"


def grade_words(level: dict[str, Any]) -> str:
    """'epidural 1c', 'epidural 2 to 3', 'bone only', 'sac compressed, severe', 'epidural grade not stated'."""
    low, high = level.get("escc_range") or (None, None)
    if low == high == "0":
        return "bone only"
    if low is not None:
        return f"epidural {low}" if low == high else f"epidural {low} to {high}"
    if level.get("below_conus") == "none":
        return "no compression of the sac"
    if level.get("below_conus") in WORDS:
        return f"sac compressed, {level['below_conus']}"
    return "epidural grade not stated"


def _lane(level: dict[str, Any]) -> int:
    return ("none", "routine", "expedited", "urgent", "emergent").index(level.get("lane") or "none")


def _upper(level: dict[str, Any]) -> int | None:
    if level.get("escc_range"):
        return ORDER[level["escc_range"][1]]
    return WORDS.get(level.get("below_conus") or "")


def _exact(level: dict[str, Any]) -> int | None:
    if level.get("escc"):
        return ORDER[level["escc"]]
    return WORDS.get(level.get("below_conus") or "")


def prior_of(patient: Patient | None, accession: str, before: datetime | None) -> Report | None:
    """The latest acted-on report of an earlier exam of this patient."""
    if patient is None:
        return None
    since = None if before is None else before - EXAM_WINDOW  # another part of this exam is no prior
    found = rows.read(
        Report,
        "WHERE r.patient_id = %s AND r.current AND r.status IN ('F', 'C', 'A') AND r.accession <> %s"
        " AND r.source <> 'free-text' AND (%s::timestamptz IS NULL OR r.exam_end < %s)"
        " ORDER BY r.exam_end DESC NULLS LAST LIMIT 1",
        [patient.id, accession, since, since],
        but=("text",),
    )
    return next(iter(found), None)


def rise(reading: dict[str, Any], prior: Report | None, exam_end: datetime | None) -> str:
    """'T8 1b to 1c in 98 days' for the steepest rise at one level between two exact grades, else empty."""
    if prior is None:
        return ""
    before = {level["level"]: level for level in prior.reading.get("levels", [])}
    rises = []
    for level in reading.get("levels", []):
        was, now = _exact(before.get(level["level"], {})), _exact(level)
        if was is not None and now is not None and now > was:
            rises.append((now - was, now, level["level"], _short(before[level["level"]]), _short(level)))
    if not rises:
        return ""
    _, _, name, was_words, now_words = max(rises)
    days = (exam_end - prior.exam_end).days if exam_end and prior.exam_end else None
    return f"{name} {was_words} to {now_words}" + (
        f" in {days} day{'s' if days != 1 else ''}" if days is not None else ""
    )


def _short(level: dict[str, Any]) -> str:
    return level.get("escc") or level.get("below_conus") or "not stated"


def confirmed_treated(levels: Iterable[dict[str, Any]], prior: Report | None) -> frozenset[str]:
    """Levels called treated and stable at which an earlier report is on record and agrees.

    Agreeing means that the earlier grade was known and this one is no higher. Without a record nothing
    is confirmed: a patient whose history was not loaded must not be quieted by words alone.
    """
    if prior is None:
        return frozenset()
    before = {level["level"]: _upper(level) for level in prior.reading.get("levels", [])}
    agreed = set()
    for level in levels:
        was, now = before.get(level["level"]), _upper(level)
        if level.get("status") == "treated_stable" and was is not None and now is not None and now <= was:
            agreed.add(level["level"])
    return frozenset(agreed)


def reading_on_record(text: str, patient: Patient | None, prior: Report | None) -> Reading:
    """What a report says, held to what is on record: the reading that is filed, and that the composer shows before."""
    pack = load_pack(*settings.PROGRAMME.pack)
    reading = read_report(text, pack=pack)
    if reading.rule == 2 and _cancer_on_record(patient):
        reading = read_report(text, pack=pack, cancer_known=True)
    if any(level.status == "treated_stable" for level in reading.levels):
        confirmed = confirmed_treated(reading.as_json()["levels"], prior)
        reading = read_report(text, pack=pack, confirmed_treated=confirmed)
    return reading


def _cancer_on_record(patient: Patient | None) -> bool:
    """Whether an earlier report told of a tumour: a later one that names nothing must then be looked at."""
    return patient is not None and Report.objects.filter(patient=patient, tumour="present").exists()
