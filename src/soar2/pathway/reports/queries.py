"""What others may know of reports: frozen values, each from a bounded number of SQL queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q

from soar2.dictation.reading import Reading
from soar2.pathway.reports.basis import headline, prior_of, reading_on_record
from soar2.pathway.reports.models import Report
from soar2.pathway.reports.types import FINAL, WITHDRAWN
from soar2.record.models import Patient

STATUS_WORDS = {
    "P": "preliminary",
    "R": "not verified",
    "F": "final",
    "C": "corrected",
    "A": "with addendum",
    "X": "cancelled",
    "W": "withdrawn, posted as wrong",
    "D": "deleted",
}


@dataclass(frozen=True)
class ReportView:
    """One filed version of one report with its reading. ``reading`` is the JSON answer of the reader."""

    id: UUID
    patient: UUID | None
    patient_name: str
    identity_fault: str
    feed: str
    accession: str
    status: str
    version: int
    current: bool
    procedure: str
    exam_at: datetime | None
    exam_end_is_start: bool
    reported_at: datetime | None
    received_at: datetime
    author: str
    ordering: str
    location: str
    patient_class: str
    text: str
    source: str
    tumour: str
    lane: str
    rule: int | None
    worst_escc: str
    score: tuple[int | None, int | None]
    pack: str
    review: bool
    outside: tuple[str, ...]
    reasons: tuple[str, ...]
    rise: str
    reading: dict[str, Any]
    headline: str
    read_wanted: bool
    read_why: str
    read_at: datetime | None
    read_by: str
    read_outcome: str

    @property
    def levels(self) -> list[dict[str, Any]]:
        return list(self.reading.get("levels", []))

    @property
    def status_words(self) -> str:
        return STATUS_WORDS.get(self.status, f"status {self.status}")

    @property
    def tumour_words(self) -> str:
        return self.tumour.replace("_", " ")

    @property
    def scored(self) -> bool:
        """Whether the reader found a macro whose words may be acted on."""
        return self.source != "free-text" and self.status in FINAL

    @property
    def withdrawn(self) -> bool:
        return self.status in WITHDRAWN

    @property
    def awaits_reading(self) -> bool:
        return self.read_wanted and self.read_at is None


@dataclass(frozen=True)
class ToRead:
    """A report that a person must read, because no notice speaks for it."""

    id: UUID
    patient: UUID | None
    patient_name: str
    birth_date: Any
    sex: str
    diagnosis: str
    accession: str
    procedure: str
    why: str
    outside: tuple[str, ...]
    lane: str
    reported_at: datetime | None
    received_at: datetime
    location: str
    author: str


@dataclass(frozen=True)
class Place:
    """Where the patient was when the report was ordered, in the sender's words."""

    location: str
    patient_class: str

    @property
    def words(self) -> str:
        kinds = {"I": "inpatient", "E": "emergency", "O": "outpatient"}
        return self.location or kinds.get(self.patient_class, "")


def to_read(limit: int = 200) -> tuple[ToRead, ...]:
    """Reports waiting for a reader: dangers outside the programme first, then the oldest. One query."""
    rows = (
        Report.objects.filter(read_wanted=True, read_at=None)
        .select_related("patient")
        .defer("text", "reading")
        .order_by("received_at")[:limit]
    )
    return tuple(sorted((_to_read(row) for row in rows), key=lambda row: not row.outside))


def _to_read(row: Report) -> ToRead:
    patient = row.patient
    return ToRead(
        id=row.id,
        patient=row.patient_id,
        patient_name=patient.name if patient else "",
        birth_date=patient.birth_date if patient else None,
        sex=patient.sex if patient else "",
        diagnosis=patient.diagnosis if patient else "",
        accession=row.accession,
        procedure=row.procedure,
        why=row.read_why,
        outside=tuple(row.outside),
        lane=row.lane,
        reported_at=row.reported_at,
        received_at=row.received_at,
        location=row.location,
        author=row.author,
    )


def of_patient(patient: UUID) -> tuple[ReportView, ...]:
    """Every version of every report of one patient, the newest exam first. One query."""
    rows = Report.objects.filter(patient=patient).select_related("read_by", "patient")
    return tuple(sorted((_view(row) for row in rows), key=_newest, reverse=True))


def _newest(report: ReportView) -> tuple[datetime, int]:
    return report.exam_at or report.received_at, report.version


def by_ids(ids: Iterable[UUID]) -> tuple[ReportView, ...]:
    """The named reports, newest exam first. One query."""
    rows = Report.objects.filter(id__in=list(ids)).select_related("read_by", "patient")
    return tuple(sorted((_view(row) for row in rows), key=_newest, reverse=True))


def of_accession(accession: str) -> tuple[ReportView, ...]:
    """Every version of the reports of one accession, newest exam first. One query."""
    rows = Report.objects.filter(accession=accession).select_related("read_by", "patient")
    return tuple(sorted((_view(row) for row in rows), key=_newest, reverse=True))


def of_author(author: str, limit: int) -> tuple[ReportView, ...]:
    """The newest reports that a person signed, by the name the sender gives; the version in force of each."""
    if not author:
        return ()
    rows = Report.objects.filter(author=author, current=True).select_related("read_by", "patient")
    return tuple(_view(row) for row in rows.order_by("-received_at")[:limit])


def of_message(inbound: int) -> ReportView | None:
    """The report that one stored message became; None while it is unread, held or left outside."""
    row = Report.objects.filter(inbound=inbound).select_related("read_by", "patient").first()
    return _view(row) if row else None


def one(report: UUID) -> ReportView | None:
    """The report of this id, or None. One query."""
    return next(iter(by_ids([report])), None)


def places(ids: Iterable[UUID]) -> dict[UUID, Place]:
    """Where each of these reports was ordered from. One query."""
    rows = Report.objects.filter(id__in=list(ids)).values_list("id", "location", "patient_class")
    return {key: Place(location, kind) for key, location, kind in rows}


def scored(reports: Iterable[ReportView]) -> tuple[ReportView, ...]:
    """Of one patient's reports, those whose levels may be drawn: one version an exam, newest exam first."""
    return tuple(report for report in reports if report.current and report.scored)


def pulse() -> tuple[int, datetime | None]:
    """What changes when the list to read changes: how many wait, and the newest of them. One query."""
    waiting = Q(read_wanted=True, read_at=None)
    row = Report.objects.filter(waiting).aggregate(n=Count("id"), newest=Max("received_at"))
    return row["n"], row["newest"]


def _view(row: Report) -> ReportView:
    same = (
        "id identity_fault feed accession status version current procedure exam_end_is_start reported_at"
        " received_at author ordering location patient_class text source tumour lane rule worst_escc review"
        " rise reading read_wanted read_why read_at read_outcome"
    )
    return ReportView(
        **{name: getattr(row, name) for name in same.split()},
        patient=row.patient_id,
        patient_name=row.patient.name if row.patient else "",
        exam_at=row.exam_end or row.exam_start or row.reported_at,
        score=(row.score_min, row.score_max),
        pack=f"{row.pack_name} {row.pack_version}",
        outside=tuple(row.outside),
        reasons=tuple(row.reasons),
        headline=headline(row.reading),
        read_by=row.read_by.label if row.read_by else "",
    )


def patients_of_message(inbound: int) -> list[Patient]:
    """The patients of the reports that one stored message brought. One query."""
    filed = Report.objects.filter(inbound=inbound, patient__isnull=False).values("patient")
    return list(Patient.objects.filter(id__in=filed))


def preview(text: str, patient: Patient | None, accession: str, exam_at: datetime | None) -> Reading:
    """What a report of this text would be read as if it were filed now. Nothing is stored."""
    return reading_on_record(text, patient, prior_of(patient, accession, exam_at))
