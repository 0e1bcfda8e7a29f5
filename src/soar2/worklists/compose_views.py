"""The composer: a report of one patient made from fields, read as it is typed, and filed by the same door as any."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from soar2.errors import Refused
from soar2.exchange.composed import feed_for, file_composed
from soar2.exchange.fhir.composed import diagnostic_report
from soar2.pathway.notices import queries as notices
from soar2.pathway.reports import queries as reports
from soar2.record import audit, clock, people
from soar2.record.models import Patient
from soar2.record.permissions import require
from soar2.worklists import compose as composer

LISTED = 30  # of one's own reports


@require_http_methods(["GET", "HEAD"])
@require("reports.compose")
def mine(request: HttpRequest) -> HttpResponse:
    """One's own reports, newest first: which were dictated without the macro, who owns each, what became of it."""
    now, person = clock.now(), people.person_of(request.user)
    found = reports.of_author(person.name, LISTED) if person else ()
    cards = notices.about_reports(report.id for report in found)
    seen = {report.patient for report in found if report.patient}
    audit.listed(seen, person=person, username=request.user.get_username(), page="own reports", at=now)
    rows = [(report, cards.get(report.id)) for report in found]
    return render(request, "worklists/mine.html", {"now": now, "rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@require("patients.see", "reports.compose", patient_of=lambda patient: patient)
def compose(request: HttpRequest, patient: UUID) -> HttpResponse:
    """The page. A POST reads the form and shows it again; with ``file`` it files the report."""
    found, now = _patient(patient), clock.now()
    _note_opening(request, found, now)
    if request.method != "POST":
        return render(request, "worklists/compose.html", _context(found, _first(request, found), now))
    context = _context(found, request.POST, now)
    if "file" not in request.POST:
        return render(request, "worklists/compose.html", context)
    try:
        message = _file(request, found, context["draft"], now)
    except Refused as refusal:
        context["refused"] = refusal.reason
        return render(request, "worklists/compose.html", context, status=409)
    return redirect("composed-filed", patient=found.id, message=message)


@require_POST
@require("patients.see", "reports.compose", patient_of=lambda patient: patient)
def composed(request: HttpRequest, patient: UUID) -> HttpResponse:
    """What the form says at this moment: lane, reasons, contradictions, drawing, text. Asked at each pause."""
    found, now = _patient(patient), clock.now()
    _note_listing(request, found, "composer", now)
    return render(request, "worklists/_composed.html", _context(found, request.POST, now))


@require_http_methods(["GET", "HEAD"])
@require("patients.see", "reports.compose", patient_of=lambda patient, message: patient)
def filed(request: HttpRequest, patient: UUID, message: int) -> HttpResponse:
    """After filing: that it is stored, then how it was read, who is told, who owns it and what became of it."""
    found, now = _patient(patient), clock.now()
    report = reports.of_message(message)
    if report is not None and report.patient != found.id:
        raise Http404
    _note_listing(request, found, "filed report", now)
    context = {"now": now, "patient": found, "report": report, "message": message}
    if report is not None:
        card = notices.about_reports([report.id]).get(report.id)
        context |= {"card": card, "notice": card, "row": card.row if card else None}
    return render(request, "worklists/filed.html", context)


def _file(request: HttpRequest, patient: Patient, draft: composer.Draft, now: datetime) -> int:
    """Store the report for a worker to read. Raises Refused with what is still to be settled."""
    person = people.person_of(request.user)
    if person is None:
        raise Refused("Your account stands for no person in the programme, so it signs no report.")
    if not draft.fileable or draft.head.ended_at is None:
        still = [*draft.faults, *draft.forbids, *draft.head.faults]
        raise Refused(f"Not filed. {still[0] if still else 'Two statements exclude each other.'}")
    earlier = next(
        (one for one in reports.of_accession(draft.head.accession) if one.patient == patient.id), None
    )
    about = composer.about(patient, draft.head, draft.head.ended_at, person, now)
    resource = diagnostic_report(
        about, draft.composed.text, draft.composed.impression, draft.composed.reading
    )
    feed = feed_for(earlier.feed if earlier else "")
    return file_composed(resource, feed=feed, patient=patient, person=person, now=now)


def _context(patient: Patient, given: Mapping[str, str], now: datetime) -> dict[str, Any]:
    prior = composer.before(
        [
            report
            for report in reports.of_patient(patient.id)
            if report.accession != given.get("accession", "")
        ]
    )
    return {
        "now": now,
        "patient": patient,
        "identifiers": list(patient.identifiers.all()),
        "draft": composer.draft(given, prior, patient, now),
        "columns": composer.COLUMNS,
        "choices": composer.CHOICES,
        "exams": composer.EXAMS,
        "normals": composer.NORMALS,
    }


def _first(request: HttpRequest, patient: Patient) -> dict[str, str]:
    """The form as it opens: the exam of the report named in the address, if any, and the levels of the one before."""
    named = next(
        (one for one in reports.of_patient(patient.id) if str(one.id) == request.GET.get("report", "")), None
    )
    prior = composer.before(
        [one for one in reports.of_patient(patient.id) if named is None or one.accession != named.accession]
    )
    given = {
        f"r{n}.{key}": text for n, row in enumerate(composer.first_rows(prior)) for key, text in row.items()
    }
    return given | composer.head_of(named)


def _patient(patient: UUID) -> Patient:
    try:
        return Patient.objects.prefetch_related("identifiers").get(id=patient)
    except ObjectDoesNotExist:
        raise Http404 from None


def _note_opening(request: HttpRequest, patient: Patient, now: datetime) -> None:
    person, name = people.person_of(request.user), request.user.get_username()
    audit.opened(patient, person=person, username=name, page="composer", at=now)


def _note_listing(request: HttpRequest, patient: Patient, page: str, now: datetime) -> None:
    """For what a page asks again and again while it is open: a row a shift, as for the worklist."""
    person, name = people.person_of(request.user), request.user.get_username()
    audit.listed([patient.id], person=person, username=name, page=page, at=now)
