"""The composer: a report of one patient made from fields, read as it is typed, and filed by the same door as any."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from soar2.pathway.reports import queries as reports
from soar2.record import audit, clock, people
from soar2.record.models import Patient
from soar2.record.permissions import require
from soar2.worklists import compose as composer


@require_http_methods(["GET", "HEAD", "POST"])
@require("patients.see", "reports.compose", patient_of=lambda patient: patient)
def compose(request: HttpRequest, patient: UUID) -> HttpResponse:
    """The page. A POST without scripts reads the form once and shows it again."""
    found, now = _patient(patient), clock.now()
    _note_opening(request, found, now)
    if request.method == "POST":
        return render(request, "worklists/compose.html", _context(found, request.POST, now))
    return render(request, "worklists/compose.html", _context(found, _first(request, found), now))


@require_POST
@require("patients.see", "reports.compose", patient_of=lambda patient: patient)
def composed(request: HttpRequest, patient: UUID) -> HttpResponse:
    """What the form says at this moment: lane, reasons, contradictions, drawing, text. Asked at each pause."""
    found, now = _patient(patient), clock.now()
    return render(request, "worklists/_composed.html", _context(found, request.POST, now))


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
