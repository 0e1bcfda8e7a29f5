"""Pages and verbs of held messages, for those who mend interfaces. Each look and each step is written down."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from soar2.errors import Refused
from soar2.exchange import held, quarantine, queries, replay
from soar2.exchange.mappings import active_feeds
from soar2.record import clock, people
from soar2.record.models import Person
from soar2.record.permissions import may, require

AT_ONCE = 200  # messages read again by one press of a button; `soar2 replay` has no limit
LAST = "replayed"  # where a session keeps what its last replay came to


def _who(request: HttpRequest) -> tuple[Person | None, str]:
    return people.person_of(request.user), request.user.get_username()


@require_GET
@require("messages.see")
def held_page(request: HttpRequest, message: int) -> HttpResponse:
    """One message with the field that failed, and what to do about it."""
    return _page(request, message, clock.now())


@require_GET
@require("messages.see")
def held_bytes(request: HttpRequest, message: int) -> HttpResponse:
    """The same message as bytes; ``from`` is where the page begins."""
    start = request.GET.get("from", "0")
    found = held.hex_page(
        message, int(start) if start.isascii() and start.isdigit() and len(start) < 12 else 0
    )
    if found is None:
        raise Http404
    _looked(request, message, "bytes")
    context = {"message": message, "lines": found[0], "more": found[1]}
    return render(request, "exchange/held_bytes.html", context)


@require_GET
@require("messages.see")
def held_file(request: HttpRequest, message: int) -> HttpResponse:
    """The message as it came, as a file. It holds a patient: that it left is written down."""
    row = held.held_row(message)
    if row is None:
        raise Http404
    _looked(request, message, "file")
    ending = "json" if row.format == row.FHIR else "hl7"
    return HttpResponse(
        bytes(row.raw),
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="held-{message}.{ending}"'},
    )


def _looked(request: HttpRequest, message: int, how: str) -> None:
    person, name = _who(request)
    quarantine.opened(message, person=person, username=name, now=clock.now(), how=how)


@require_POST
@require("messages.see")
def take(request: HttpRequest, message: int) -> HttpResponse:
    """'I look after this.'"""
    return _verb(request, message, quarantine.take, "You look after this message now.", "held")


@require_POST
@require("messages.see")
def settle(request: HttpRequest, message: int) -> HttpResponse:
    """'Settled, because …'"""
    words = {"note": _given(request, "note")}
    return _verb(request, message, quarantine.settle, "Settled. The message stays stored.", "feeds", **words)


def _verb(
    request: HttpRequest, message: int, verb: Callable[..., None], said: str, back: str, **given: Any
) -> HttpResponse:
    now = clock.now()
    person, name = _who(request)
    try:
        verb(message, person=person, username=name, now=now, **given)
    except Refused as refusal:
        return _page(request, message, now, refused=refusal.reason)
    messages.success(request, said)
    return redirect(back, message) if back == "held" else redirect(back)


@require_POST
@require("messages.see")
def settle_cause(request: HttpRequest) -> HttpResponse:
    """'All of these are settled, because …': those that stood on the page. What came since, nobody has seen."""
    person, name = _who(request)
    latest = _given(request, "latest")
    seen = int(latest) if latest.isascii() and latest.isdigit() and len(latest) < 16 else 0
    try:
        done = quarantine.settle_all(
            _of_cause(request, seen),
            person=person,
            username=name,
            note=_given(request, "note"),
            now=clock.now(),
        )
    except Refused as refusal:
        messages.error(request, refusal.reason)
    else:
        messages.success(request, f"{done} settled. They stay stored.")
    return redirect("feeds")


@require_POST
@require("messages.replay")
def replay_one(request: HttpRequest, message: int) -> HttpResponse:
    """Read one held message again."""
    return _replay(request, [message])


@require_POST
@require("messages.replay")
def replay_cause(request: HttpRequest) -> HttpResponse:
    """Read all messages of one cause again, or all held of one feed, or those that it would not leave out now."""
    if name := _given(request, "missed_of"):
        mapped = next((one for one in active_feeds(settings.PROGRAMME) if one.name == name), None)
        return _replay(request, replay.missed(mapped, clock.now()) if mapped else [], outside=True)
    if feed := _given(request, "all_of"):
        return _replay(request, replay.held_of(feed, replay.held_rows()))
    return _replay(request, _of_cause(request))


def _of_cause(request: HttpRequest, latest: int | None = None) -> list[int]:
    reason, where, feed, sender = (_given(request, key) for key in ("reason", "where", "feed", "sender"))
    return held.of_cause(reason, where, feed, sender, latest)


def _given(request: HttpRequest, key: str) -> str:
    """What a form says; the database takes no NUL."""
    return str(request.POST.get(key, "")).replace("\0", "")


def _replay(request: HttpRequest, wanted: list[int], *, outside: bool = False) -> HttpResponse:
    person, name = _who(request)
    try:
        found = replay.replay(
            wanted[:AT_ONCE], person=person, username=name, now=clock.now(), outside=outside
        )
    except Refused as refusal:
        messages.error(request, refusal.reason)
        return redirect("feeds")
    request.session[LAST] = {
        "said": replay.summary(found),
        "more": max(0, len(wanted) - AT_ONCE),
        "rows": [
            [one.message, one.event_at.isoformat(), one.state, one.words, one.case_code] for one in found
        ],
    }
    return redirect("replayed")


@require_GET
@require("messages.replay")
def replayed(request: HttpRequest) -> HttpResponse:
    """What this person's last replay came to, message by message."""
    kept = request.session.get(LAST)
    if kept is None:
        return redirect("feeds")
    names = ("message", "event_at", "state", "words", "case_code")
    rows = [dict(zip(names, row, strict=True)) for row in kept["rows"]]
    for row in rows:
        row["event_at"] = datetime.fromisoformat(row["event_at"])
    context = {
        "now": clock.now(),
        "said": kept["said"],
        "more": kept["more"],
        "rows": rows,
        "still": held.held_count(),
        "may_see_patients": may(request.user, "patients.see"),
    }
    return render(request, "exchange/replayed.html", context)


def _page(request: HttpRequest, message: int, now: datetime, refused: str = "") -> HttpResponse:
    found = held.held_message(message)
    if found is None:
        raise Http404
    _looked(request, message, "page")
    person, _ = _who(request)
    context = {
        "now": now,
        "message": found,
        "refused": refused,
        "owner": held.owner_words(found.head.taken_by, now),
        "mine": bool(person and found.head.taken_by == person.label),
        "viewer": person,
        "desk_phone": queries.desk_phone(),
        "may_replay": may(request.user, "messages.replay"),
        "may_map": may(request.user, "mappings.edit") and found.format == "hl7v2",
    }
    return render(request, "exchange/held.html", context, status=409 if refused else 200)
