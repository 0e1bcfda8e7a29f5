"""The audit page: who opened this chart, and what did this person open. Every look at it is a row too.

A search is a POST and its answers live under opaque ids: a name typed into an address would stay in histories
and in the logs of every proxy on the way.
"""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from soar2.record import audit, clock, ledger, people, seals
from soar2.record.models import AuditSeal, Heartbeat, Patient, Person
from soar2.record.permissions import require
from soar2.worklists import trail

LONGEST = 100  # characters of a search
WATCHED = timedelta(seconds=30)  # without a look of the watcher nobody would find a changed row


class Range(forms.Form):
    """From which day to which, both included, and what of it."""

    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    what = forms.ChoiceField(
        required=False, choices=[("", "Everything"), (trail.LOOKS, "Looks"), (trail.CHANGES, "Changes")]
    )


@require_http_methods(["GET", "POST"])
@require("audit.see")
def find(request: HttpRequest) -> HttpResponse:
    """The search. One patient found: on to their trail."""
    now = clock.now()
    if request.method != "POST":
        return _page(request, now)
    said = " ".join(request.POST.get("words", "").replace("\0", "").split())[:LONGEST]
    if not said:
        return _page(request, now, refused="Type a record number, a case code or a name.")
    found = trail.search(said)
    _note_search(request, said, found, now)
    if found.only is not None:
        return redirect("audit-patient", found.only.id)
    return _page(request, now, said=said, found=found)


def _page(request: HttpRequest, now: datetime, **more: Any) -> HttpResponse:
    real = timezone.now()
    beat = Heartbeat.objects.filter(kind="watcher").order_by("-seen").first()
    context = {
        "now": now,
        "real": real,
        "refusals": trail.refusals(),
        "seal": AuditSeal.objects.order_by("-id").first(),
        "waiting": seals.unsealed(real),
        "broken": seals.known_breaks(),
        "watched": beat is not None and real - beat.seen <= WATCHED,
        **more,
    }
    return render(request, "worklists/audit.html", context)


def _note_search(request: HttpRequest, said: str, found: trail.Found, now: datetime) -> None:
    """What was typed, and each patient it led to: whoever looks for a neighbour's name leaves the name."""
    person, name = people.person_of(request.user), request.user.get_username()
    count = len(found.patients)
    ledger.record("audit.searched", at=now, person=person, actor=name, words=said, found=count)
    for one in found.patients:
        audit.opened(one, person=person, username=name, page="audit", at=now, kind=audit.SEARCHED)


@require_GET
@require("audit.see", patient_of=lambda patient: patient)
def of_patient(request: HttpRequest, patient: UUID) -> HttpResponse:
    """Every look at one patient and every change, newest first."""
    found, now = _patient(patient), clock.now()
    _note(request, found, now, audit.OPENED)
    return _trail(request, now, patient=found)


@require_GET
@require("audit.see")
def of_person(request: HttpRequest, person: int) -> HttpResponse:
    """What one person looked at and did."""
    found, now = _person(person), clock.now()
    _note_person(request, found, now, "audit.person-opened")
    return _trail(request, now, person=found)


def _trail(
    request: HttpRequest, now: datetime, *, patient: Patient | None = None, person: Person | None = None
) -> HttpResponse:
    form, asked = _asked(request.GET, patient, person)
    rows, older = trail.page(asked)
    if person is not None:
        _note_shown(request, {row.patient for row in rows if row.patient}, now)
    context = {
        "now": now,
        "patient": patient,
        "of": person,
        "identifiers": list(patient.identifiers.all()) if patient else [],
        "rows": rows,
        "form": form,
        "range": _query(form),
        "older": f"{older.timestamp():.6f}" if older else "",
        "later": "before" in request.GET,
    }
    return render(request, "worklists/trail.html", context)


def _asked(given: QueryDict, patient: Patient | None, person: Person | None) -> tuple[Range, trail.Asked]:
    form = Range(given)
    form.is_valid()
    said = form.cleaned_data
    at = settings.PROGRAMME.calendar.at
    since = at(said["since"], datetime.min.time()) if said.get("since") else None
    until = at(said["until"] + timedelta(days=1), datetime.min.time()) if said.get("until") else None
    before = _moment(given.get("before", ""))
    until = min((one for one in (until, before) if one is not None), default=None)
    return form, trail.Asked(patient, person, since, until, said.get("what", ""))


def _moment(said: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(said), settings.PROGRAMME.zone)
    except (ValueError, OverflowError, OSError):
        return None


def _query(form: Range) -> str:
    """The filter as the question of an address; it names days, never a patient."""
    query = QueryDict(mutable=True)
    query.update({key: str(value) for key, value in form.cleaned_data.items() if value})
    return query.urlencode()


@require_GET
@require("audit.see", patient_of=lambda patient: patient)
def of_patient_csv(request: HttpRequest, patient: UUID) -> HttpResponse:
    """One patient's trail as a file; taking it is a row of its own."""
    found, now = _patient(patient), clock.now()
    _note(request, found, now, audit.EXPORTED)
    return _file(_asked(request.GET, found, None)[1])[0]


@require_GET
@require("audit.see")
def of_person_csv(request: HttpRequest, person: int) -> HttpResponse:
    """One person's trail as a file."""
    found, now = _person(person), clock.now()
    _note_person(request, found, now, "audit.person-exported")
    answer, patients = _file(_asked(request.GET, None, found)[1])
    _note_shown(request, patients, now)
    return answer


def _file(asked: trail.Asked) -> tuple[HttpResponse, set[UUID]]:
    """The rows as a file, and the patients named in it."""
    patients: set[UUID] = set()
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    writer = csv.writer(answer)
    writer.writerow(["when", "who", "account", "what", "detail", "patient", "patient id"])
    for row in trail.everything(asked):
        writer.writerow(_cells(row))
        patients.update([row.patient] if row.patient else [])
    return answer, patients


def _cells(row: trail.Seen) -> Iterator[str]:
    """A cell that a spreadsheet would run as a formula gets an apostrophe: names come from outside."""
    at = row.at.astimezone(settings.PROGRAMME.zone).isoformat(timespec="seconds")
    for cell in (at, row.who, row.account, row.what, row.detail, row.patient_name, str(row.patient or "")):
        yield f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _note(request: HttpRequest, patient: Patient, now: datetime, kind: str) -> None:
    person, name = people.person_of(request.user), request.user.get_username()
    audit.opened(patient, person=person, username=name, page="audit", at=now, kind=kind)


def _note_shown(request: HttpRequest, patients: set[UUID], now: datetime) -> None:
    """The patients whose names stand on one person's trail."""
    person, name = people.person_of(request.user), request.user.get_username()
    audit.listed(patients, person=person, username=name, page="audit", at=now)


def _note_person(request: HttpRequest, of: Person, now: datetime, kind: str) -> None:
    person, name = people.person_of(request.user), request.user.get_username()
    ledger.record(kind, at=now, subject=of.key, person=person, actor=name)


def _patient(patient: UUID) -> Patient:
    found = Patient.objects.prefetch_related("identifiers").filter(id=patient).first()
    if found is None:
        raise Http404
    return found


def _person(person: int) -> Person:
    found = Person.objects.filter(id=person).first()
    if found is None:
        raise Http404
    return found
