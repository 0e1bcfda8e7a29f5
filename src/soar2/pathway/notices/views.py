"""The card that a message links to, and the answers given on it. A GET answers nothing."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from soar2.errors import Refused
from soar2.pages import words
from soar2.pathway.notices import actions, forms, ladder, queries
from soar2.pathway.reports import levels
from soar2.pathway.reports import queries as reports
from soar2.record import audit, clock, people
from soar2.record.models import Patient, Person
from soar2.record.permissions import BY_SCRIPT, require


def _patient_of(case_code: str, **_: object) -> UUID | None:
    return queries.patient_of(case_code)


@require_GET
@require("patients.see", patient_of=_patient_of)
def card(request: HttpRequest, case_code: str) -> HttpResponse:
    """The card. Whoever opens one with a patient on it is written down."""
    notice, now = _find(case_code), clock.now()
    _note_opening(request, notice, now)
    return render(request, "notices/card.html", _context(request, notice, now))


@require_GET
@require("patients.see", recorded=False)
def pulse(request: HttpRequest, case_code: str) -> HttpResponse:
    """The ladder and the standing of an open card, which names no patient: asking again is not an opening."""
    notice, now = _find(case_code), clock.now()
    viewer = people.person_of(request.user)
    context = {
        "now": now,
        "notice": notice,
        "row": notice.row,
        "ladder": ladder.lines(notice),
        "state": _state(notice),
        "mine": viewer is not None and notice.row.owner == viewer.id,
        "back": reverse("notice", args=[case_code]),
    }
    return render(request, "notices/_pulse.html", context)


def _state(notice: queries.NoticeCard) -> str:
    """What decides which answers may be given."""
    return f"{notice.row.owner or 'nobody'} {'open' if notice.open else 'closed'}"


@require("patients.see", "notices.answer", patient_of=_patient_of)
def answer(request: HttpRequest, case_code: str, kind: str) -> HttpResponse:
    """One of mine, not-me, already-known, acted. A refusal is a sentence beside the button that asked."""
    if kind not in VERBS:
        raise Http404
    if request.method != "POST":
        return _nothing_taken(request, case_code)
    notice, now = _find(case_code), clock.now()
    try:
        VERBS[kind](request, notice, people.person_of(request.user), now)
    except Refused as refusal:
        return _refused(request, notice, kind, refusal.reason, now)
    return _taken(request, case_code, _said(kind, case_code, now))


@require_POST
@require("patients.see", "notices.hand-tasks", patient_of=_patient_of)
def done(request: HttpRequest, case_code: str, step: int) -> HttpResponse:
    """A hand task was carried out."""
    notice, now = _find(case_code), clock.now()
    try:
        if step not in {rung.id for rung in notice.rungs}:
            raise Refused("This task belongs to another notice.")
        actions.step_done(
            step, person=people.person_of(request.user), now=now, note=request.POST.get("note", "")
        )
    except Refused as refusal:
        return _refused(request, notice, "step", refusal.reason, now, step=step)
    return _taken(request, case_code, "Noted. The ladder goes on until somebody owns this.")


def _mine(request: HttpRequest, notice: queries.NoticeCard, person: Person | None, now: datetime) -> None:
    actions.mine(notice.row.id, person=person, now=now)


def _not_me(request: HttpRequest, notice: queries.NoticeCard, person: Person | None, now: datetime) -> None:
    actions.not_me(notice.row.id, person=person, now=now, role=request.POST.get("role", ""))


def _already_known(
    request: HttpRequest, notice: queries.NoticeCard, person: Person | None, now: datetime
) -> None:
    form = forms.AlreadyKnown(request.POST)
    if not form.is_valid():
        raise Refused("Choose the plan that makes this finding known.")
    actions.already_known(notice.row.id, person=person, now=now, plan=form.cleaned_data["plan"])


def _acted(request: HttpRequest, notice: queries.NoticeCard, person: Person | None, now: datetime) -> None:
    chosen, detail = request.POST.get("action", ""), request.POST.get("detail", "")[:400]
    actions.acted(notice.row.id, person=person, now=now, action=chosen, detail=detail)


VERBS: dict[str, Callable[[HttpRequest, queries.NoticeCard, Person | None, datetime], None]] = {
    "mine": _mine,
    "not-me": _not_me,
    "already-known": _already_known,
    "acted": _acted,
}


def _find(case_code: str) -> queries.NoticeCard:
    notice = queries.card(case_code.upper())
    if notice is None:
        raise Http404
    return notice


def _note_opening(request: HttpRequest, notice: queries.NoticeCard, now: datetime) -> None:
    person, username = people.person_of(request.user), request.user.get_username()
    if notice.row.patient is not None:
        audit.opened(
            Patient.objects.get(id=notice.row.patient.id),
            person=person,
            username=username,
            page="notice",
            at=now,
        )
    else:
        audit.opened_unidentified(
            notice.row.case_code, person=person, username=username, page="notice", at=now
        )


def _said(kind: str, case_code: str, now: datetime) -> str:
    row = _find(case_code).row
    act_by = f" Act by {words.hospital_clock(row.action_due, now)}." if row.action_due else ""
    return {
        "mine": f"You own this now. The ladder has stopped.{act_by}",
        "not-me": f"Noted. It is with {row.role_name}; the ladder goes on.",
        "already-known": "Noted as known. The ladder goes on until somebody owns this or acts.",
        "acted": "Recorded and closed.",
    }[kind]


def _taken(request: HttpRequest, case_code: str, sentence: str) -> HttpResponse:
    if request.headers.get(BY_SCRIPT):
        return HttpResponse(sentence, content_type="text/plain; charset=utf-8")
    messages.success(request, sentence)
    return redirect(_way_back(request, case_code))


def _refused(
    request: HttpRequest, notice: queries.NoticeCard, kind: str, sentence: str, now: datetime, step: int = 0
) -> HttpResponse:
    if request.headers.get(BY_SCRIPT):
        return HttpResponse(sentence, status=409, content_type="text/plain; charset=utf-8")
    _note_opening(request, notice, now)
    context = _context(request, notice, now, refused={kind.replace("-", "_"): sentence})
    context["refused_step"] = step
    context["back"] = _way_back(request, notice.row.case_code)
    context["refused_here"] = "" if _has_button(context, kind, step) else sentence
    return render(request, "notices/card.html", context, status=409)


def _nothing_taken(request: HttpRequest, case_code: str) -> HttpResponse:
    """A sign-in that came between a button and its answer leads here by GET: the card again, nothing done."""
    notice, now = _find(case_code), clock.now()
    _note_opening(request, notice, now)
    context = _context(request, notice, now)
    context["refused_here"] = "Nothing was recorded. Please give your answer again."
    context["back"] = reverse("notice", args=[case_code])
    return render(request, "notices/card.html", context, status=405)


def _has_button(context: dict[str, Any], kind: str, step: int) -> bool:
    """Whether the button that asked is still on the card; if not, the sentence stands at its top."""
    if not context["notice"].open:
        return False
    if kind == "step":
        return step in {rung.id for rung in context["row"].hand_tasks}
    others = context["row"].owner and not context["mine"]
    offered = {"mine": not context["row"].owner, "acted": context["mine"], "not-me": not others}
    return bool(offered.get(kind, True))


def _way_back(request: HttpRequest, case_code: str) -> str:
    asked = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure()):
        return asked
    return reverse("notice", args=[case_code])


def _context(
    request: HttpRequest, notice: queries.NoticeCard, now: datetime, refused: dict[str, str] | None = None
) -> dict[str, Any]:
    found = reports.by_ids(notice.reports)
    report = next((one for one in found if one.current), found[0] if found else None)
    viewer = people.person_of(request.user)
    return {
        "now": now,
        "notice": notice,
        "row": notice.row,
        "report": report,
        "levels": levels.drawn(report.levels) if report else {},
        "more": notice.row.headline.partition(", and ")[2],
        "fact": _fact(notice, report),
        "second": levels.beside(report.levels) if report else "",
        "window": levels.window(levels.drawn(levels.worst_first(report.levels)[:1])) if report else None,
        "line": levels.line_words(report.rule) if report else "",
        "ladder": ladder.lines(notice),
        "state": _state(notice),
        "mine": viewer is not None and notice.row.owner == viewer.id,
        "phones": phones(notice, report),
        "pack_label": report.reading.get("pack_label", notice.pack) if report else notice.pack,
        **answer_forms(request, refused),
    }


def _fact(notice: queries.NoticeCard, report: reports.ReportView | None) -> str:
    """The one fact in the fewest words: 'T11 ESCC 3'. Without a patient it is the report's, not the notice's."""
    said = notice.row.headline
    if notice.row.identity_unresolved:
        said = report.headline if report else ""
    return said.partition(", and ")[0].replace("epidural ", "ESCC ")


def answer_forms(request: HttpRequest, refused: dict[str, str] | None = None) -> dict[str, Any]:
    """The forms under a notice, filled again where an answer was refused, with its sentence."""
    data = request.POST if refused else None
    return {
        "refused": refused or {},
        "not_me_form": forms.NotMe(data),
        "known_form": forms.AlreadyKnown(data),
        "acted_form": forms.Acted(data),
    }


def phones(
    notice: queries.NoticeCard | None, report: reports.ReportView | None
) -> list[tuple[str, str, str]]:
    """Numbers to call from a page: (who, second line, number); each number once, the role addressed first."""
    named = {entry.key: entry for entry in settings.PROGRAMME.roles}
    keys = [notice.row.role] if notice else []
    later = [rung.role for rung in notice.rungs if rung.state in ("waiting", "hand")] if notice else []
    rows = [(named[key].name, "", named[key].phone) for key in keys if key in named]
    desk = settings.PROGRAMME.critical_results_phone
    by = f"report by {report.author}" if report and report.author else ""
    rows += [("Reading room, critical results", by, desk)]
    rows += [(named[key].name, "", named[key].phone) for key in later if key in named]
    rows += [(name, "", number) for name, number in settings.PROGRAMME.phones]
    unique: dict[str, tuple[str, str, str]] = {}
    for who, more, number in rows:
        if number:
            unique.setdefault(number, (who, more, number))
    return list(unique.values())[:6]
