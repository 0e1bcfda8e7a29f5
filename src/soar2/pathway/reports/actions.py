"""Verbs of this stage: file a report, and say that a person has read one."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from soar2.dictation.reading import Reading
from soar2.errors import Refused, Unreadable
from soar2.pathway.reports.basis import prior_of, reading_on_record, rise
from soar2.pathway.reports.models import Report
from soar2.pathway.reports.types import FINAL, WITHDRAWN, Filed, IncomingReport
from soar2.pathway.reports.versions import is_late, restore_if_newest, why_against
from soar2.record import ledger, patients, rows
from soar2.record.models import Patient, Person
from soar2.record.patients import PatientIdentity, find_or_create

TURN = 11  # the kind of lock of an accession
BULKY = ("text", "reading")  # of a report; not needed to compare its versions


@dataclass(frozen=True)
class _Read:
    reading: Reading
    rise: str


@transaction.atomic
def file_report(incoming: IncomingReport, *, now: datetime) -> Filed:
    """Keep, read and score one report, and let its notice follow, all in one transaction.

    A report already here with the same status and words is left alone (``new`` is False). A version
    older than the one on file is kept and acts on nothing. Without a usable identity the report is
    kept without a patient and ``identity_fault`` says why.
    """
    take_turns(incoming.feed, [incoming.accession], [incoming.identity])
    return file_in_turn(incoming, now=now)


def file_in_turn(incoming: IncomingReport, *, now: datetime) -> Filed:
    """The same inside a transaction in which ``take_turns`` was called for this report."""
    patient, fault = _patient(incoming, now)
    digest = content_hash(incoming, patient)
    on_file = rows.read(
        Report, "WHERE r.feed = %s AND r.accession = %s", [incoming.feed, incoming.accession], but=BULKY
    )
    known = next(
        (row for row in on_file if (row.status, row.content_hash) == (incoming.status, digest)), None
    )
    if known is not None:
        restore_if_newest(known, on_file, incoming, now)
        return Filed(known.id, False, known.identity_fault)
    report = _version(incoming, patient, fault, digest, on_file, now)
    _announce(report, now)
    return Filed(report.id, True, fault)


def take_turns(feed: str, accessions: Iterable[str], identities: Iterable[PatientIdentity | None]) -> None:
    """Two workers on one accession, or on one patient's number, take turns until the transaction ends.

    Whoever files several reports in one transaction asks for all of them first, or two workers that
    meet the same patient could wait for each other.
    """
    exams = [(f"{feed}|{accession}", TURN) for accession in accessions]
    numbers = [
        (key, patients.TURN)
        for identity in identities
        if identity is not None
        for key in patients.turns_of(identity)
    ]
    patients.take_turns([*exams, *numbers])


def _patient(incoming: IncomingReport, now: datetime) -> tuple[Patient | None, str]:
    if incoming.identity is None:
        return None, incoming.identity_fault or "The message names no patient."
    try:
        return find_or_create(incoming.identity, now=now, turn_taken=True), ""
    except Unreadable as fault:
        return None, fault.reason


def content_hash(incoming: IncomingReport, patient: Patient | None) -> str:
    """The report's words for one patient, whitespace aside; a re-filing to another patient differs."""
    words = " ".join(incoming.text.split())
    return hashlib.sha256(f"{patient.id if patient else ''}|{words}".encode()).hexdigest()


def _read(incoming: IncomingReport, patient: Patient | None) -> _Read:
    """Read by the words, then hold 'treated and stable' to what is on record (never to words alone)."""
    exam = incoming.exam_end or incoming.exam_start
    prior = prior_of(patient, incoming.accession, exam)
    reading = reading_on_record(incoming.text, patient, prior)
    return _Read(reading, rise(reading.as_json(), prior, exam))


def _version(
    incoming: IncomingReport,
    patient: Patient | None,
    fault: str,
    digest: str,
    on_file: list[Report],
    now: datetime,
) -> Report:
    """The row of this version, not yet written; those before it step back."""
    read = _read(incoming, patient)
    reading, earlier = (
        read.reading,
        [row for row in on_file if row.patient_id == (patient.id if patient else None)],
    )
    late = is_late(incoming, earlier)
    wanted = _why_to_read(incoming, reading, late) or why_against(
        incoming, reading.lane, patient, on_file, late
    )
    if earlier and not late:
        Report.objects.filter(id__in=[row.id for row in earlier]).update(current=False)
    return Report(
        patient=patient,
        identity_fault=fault,
        version=len(earlier) + 1,
        current=not late,
        content_hash=digest,
        received_at=now,
        read_wanted=bool(wanted),
        read_why=wanted,
        rise=read.rise,
        **_stated(incoming),
        **_scored(reading),
    )


def _why_to_read(incoming: IncomingReport, reading: Reading, late: bool) -> str:
    """Why a person must read this report, which no notice will speak for; empty when none must."""
    if incoming.status in WITHDRAWN:
        return "Withdrawn by the sender: what was done on it must be looked at."
    if late or incoming.status not in FINAL:
        return ""
    if reading.outside:
        return "A dangerous finding outside this programme."
    if reading.source == "free-text":
        return "No macro: the report could not be scored."
    if reading.lane == "none" and reading.review:
        return "The macro leaves a question open."
    return ""


def _stated(incoming: IncomingReport) -> dict[str, object]:
    names = (
        "feed accession status text procedure_code procedure exam_start exam_end exam_end_is_start"
        " reported_at author ordering location patient_class inbound"
    )
    return {name: getattr(incoming, name) for name in names.split()}


def _scored(reading: Reading) -> dict[str, object]:
    answer = reading.as_json()
    score = answer["imaging_score"]
    return {
        "source": reading.source,
        "tumour": reading.tumour,
        "lane": reading.lane,
        "rule": reading.rule,
        "worst_escc": reading.worst_escc or "",
        "score_min": score["min"],
        "score_max": score["max"],
        "pack_name": score["pack"],
        "pack_version": score["version"],
        "review": reading.review,
        "outside": list(reading.outside),
        "reasons": list(reading.reasons),
        "reading": answer,
    }


def _announce(report: Report, now: datetime) -> None:
    """The report is written with the one fact of this verb; what follows from it stands in the flow table."""
    kind = "report.scored"
    if not report.current:
        kind = "report.late"
    elif report.status in WITHDRAWN:
        kind = "report.withdrawn"
    elif report.status not in FINAL:
        kind = "report.preliminary"
    elif report.patient is None:
        kind = "report.unidentified"
    ledger.record(
        kind, at=now, patient=report.patient, subject=report.id, actor="reader", about=report,
        lane=report.lane, rule=report.rule, version=report.version, source=report.source,
        pack=f"{report.pack_name} {report.pack_version}", score=[report.score_min, report.score_max],
        along=[rows.insert(report)],
    )  # fmt: skip


@transaction.atomic
def mark_read(report_id: UUID, *, person: Person, outcome: str, now: datetime) -> None:
    """A person has read a report that asked for it. ``outcome`` is their words; it may not be empty."""
    report = Report.objects.select_for_update().filter(id=report_id).first()
    if report is None or not report.read_wanted:
        raise Refused("This report does not wait to be read.")
    if report.read_at is not None:
        raise Refused(
            f"{report.read_by.label if report.read_by else 'Somebody'} has read this report already."
        )
    if not outcome.strip():
        raise Refused("Say in a few words what you found or did.")
    report.read_at, report.read_by, report.read_outcome = now, person, outcome.strip()
    report.save(update_fields=["read_at", "read_by", "read_outcome"])
    ledger.record(
        "report.read",
        at=now,
        patient=report.patient,
        subject=report.id,
        person=person,
        outcome=report.read_outcome,
    )
