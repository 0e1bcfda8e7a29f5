"""The pages across stages. A GET changes nothing; who opened which patient is written down."""

from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from soar2.errors import Refused
from soar2.exchange import queries as exchange
from soar2.pathway.notices import queries as notices
from soar2.pathway.reports import actions as report_actions
from soar2.pathway.reports import levels
from soar2.pathway.reports import queries as reports
from soar2.record import audit, clock, people
from soar2.record.models import Patient
from soar2.record.permissions import View, may, require
from soar2.worklists import chart, groups, queries

BEGINS = (("audit.see", "audit"), ("feeds.see", "feeds"))
"""Where a day begins for those whose work is not on the worklist."""

OUTCOMES = (
    "Nothing for this programme",
    "Telephoned the duty role",
    "Asked the radiologist to add the macro",
)


def _led_on(view: View) -> View:
    """Those who see no patients are led from here to the page of their work instead of being refused."""

    @wraps(view)
    def led(request: HttpRequest) -> HttpResponse:
        leads = "" if may(request.user, "patients.see") else _begins(request)
        return redirect(leads) if leads else view(request)

    return led


def _begins(request: HttpRequest) -> str:
    return next((name for permission, name in BEGINS if may(request.user, permission)), "")


@require_GET
@_led_on
@require("patients.see")
def worklist(request: HttpRequest) -> HttpResponse:
    """The list, filtered by ``show``."""
    return render(request, "worklists/worklist.html", _list(request, clock.now()))


@require_GET
@require("patients.see", recorded=False)
def pulse(request: HttpRequest) -> HttpResponse:
    """204 while nothing has changed since version ``v``, else the list as a fragment."""
    now = clock.now()
    token = queries.version(now)
    if request.GET.get("v") == token:
        return HttpResponse(status=204)
    return render(request, "worklists/_list.html", _list(request, now))


def _list(request: HttpRequest, now: datetime) -> dict[str, Any]:
    show = request.GET.get("show", "")
    if show not in groups.FILTERS and show != groups.QUIET:
        raise Http404
    viewer, name = people.person_of(request.user), request.user.get_username()
    found = queries.worklist(viewer, now, show)
    audit.listed(found.patients, person=viewer, username=name, page="worklist", at=now)
    feed = exchange.feed_state(now) if found.empty else None
    return {"now": now, "list": found, "feed": feed, **_phones()}


def _phones() -> dict[str, str]:
    return {"desk_phone": exchange.desk_phone(), "critical_phone": settings.PROGRAMME.critical_results_phone}


def _patient_of_case(case_code: str) -> UUID | None:
    return notices.patient_of(case_code)


def _patient_of_report(report: UUID) -> UUID | None:
    found = reports.one(report)
    return found.patient if found else None


@require_GET
@require("patients.see", patient_of=_patient_of_case)
def pane(request: HttpRequest, case_code: str) -> HttpResponse:
    """The side pane of the current row. It shows a patient, so the look is written down."""
    found, now = notices.card(case_code), clock.now()
    if found is None:
        raise Http404
    seen: tuple[reports.ReportView, ...] = ()
    if found.row.patient is not None:
        _note_opening(request, _patient(found.row.patient.id), "worklist", now)
        seen = reports.scored(reports.of_patient(found.row.patient.id))
    else:
        _note_reading(request, found.row.case_code, "worklist", now)
        seen = reports.by_ids(found.reports)
    return render(request, "worklists/_pane.html", chart.pane(request, found, seen, now))


@require_GET
@require("patients.see", patient_of=lambda patient: patient)
def patient(request: HttpRequest, patient: UUID) -> HttpResponse:
    """Everything of one patient."""
    found, now = _patient(patient), clock.now()
    openings = audit.openings(found, limit=12)
    _note_opening(request, found, "patient", now)
    return render(request, "worklists/patient.html", chart.patient(request, found, openings, now))


@require_GET
@require("patients.see", patient_of=_patient_of_report)
def report(request: HttpRequest, report: UUID) -> HttpResponse:
    """One report with the words that each finding was read from."""
    return _report_page(request, report, clock.now())


@require_POST
@require("patients.see", "reports.mark-read", patient_of=_patient_of_report)
def mark_read(request: HttpRequest, report: UUID) -> HttpResponse:
    """A person says what came of reading a report that no notice speaks for."""
    now, person = clock.now(), people.person_of(request.user)
    said = [request.POST.get("outcome", ""), request.POST.get("words", "")[:400]]
    try:
        if person is None:
            raise Refused("Your account stands for no person in the programme, so it cannot answer.")
        outcome = ": ".join(part.strip() for part in said if part.strip())
        report_actions.mark_read(report, person=person, outcome=outcome, now=now)
    except Refused as refusal:
        return _report_page(request, report, now, refused=refusal.reason)
    messages.success(request, "Noted as read. It has left the list.")
    return redirect("worklist")


def _report_page(request: HttpRequest, report: UUID, now: datetime, refused: str = "") -> HttpResponse:
    found = reports.one(report)
    if found is None:
        raise Http404
    if found.patient is not None:
        _note_opening(request, _patient(found.patient), "report", now)
    else:
        _note_reading(request, found.id, "report", now)
    context = {
        "now": now,
        "report": found,
        "words": levels.marked(found.text, found.reading),
        "facts": [levels.facts(level) for level in levels.worst_first(found.levels)],
        "line": levels.line_words(found.rule),
        "pack_label": chart.pack_label(found),
        "case_code": notices.about_report(found.id),
        "outcomes": OUTCOMES,
        "refused": refused,
        **_phones(),
    }
    return render(request, "worklists/report.html", context, status=409 if refused else 200)


def _patient(patient: UUID) -> Patient:
    try:
        return Patient.objects.prefetch_related("identifiers").get(id=patient)
    except ObjectDoesNotExist:
        raise Http404 from None


def _note_opening(request: HttpRequest, patient: Patient, page: str, now: datetime) -> None:
    person, name = people.person_of(request.user), request.user.get_username()
    audit.opened(patient, person=person, username=name, page=page, at=now)


def _note_reading(request: HttpRequest, subject: object, page: str, now: datetime) -> None:
    person, name = people.person_of(request.user), request.user.get_username()
    audit.opened_unidentified(subject, person=person, username=name, page=page, at=now)
