"""The feed page: what came in, what is held, what went out. And the raw text of a held message."""

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from soar2.errors import Refused
from soar2.exchange import headline, quarantine, queries, receipts
from soar2.record import clock, people


@require_GET
def feeds(request: HttpRequest) -> HttpResponse:
    """The page; its title says the finding."""
    now, real = clock.now(), timezone.now()
    lines, waiting, queue = queries.feed_lines(now), queries.held(), queries.queue()
    channels, processes = receipts.channels(now), receipts.processes(real)
    context = {
        "now": now,
        "real": real,
        "feeds": lines,
        "held": waiting,
        "queue": queue,
        "channels": channels,
        "receipts": receipts.receipts(),
        "processes": processes,
        "axis": headline.axis(now),
        "finding": headline.finding(lines, len(waiting), queue, channels, now),
        "faults": headline.silent_processes(processes),
        "may_open": _may_open(request),
        "desk_phone": queries.desk_phone(),
        "desk": people.on_duty(quarantine.DESK, now),
    }
    return render(request, "exchange/feeds.html", context)


@require_GET
def held(request: HttpRequest, message: int) -> HttpResponse:
    """The raw message, for those who mend interfaces. Each look is written down."""
    return _held_page(request, message, clock.now())


@require_POST
def settle(request: HttpRequest, message: int) -> HttpResponse:
    """'Settled, because …'"""
    if not _may_open(request):
        raise PermissionDenied
    now = clock.now()
    person, name = people.person_of(request.user), request.user.get_username()
    try:
        quarantine.settle(message, person=person, username=name, note=request.POST.get("note", ""), now=now)
    except Refused as refusal:
        return _held_page(request, message, now, refused=refusal.reason)
    messages.success(request, "Settled. The message stays stored.")
    return redirect("feeds")


def _held_page(request: HttpRequest, message: int, now: datetime, refused: str = "") -> HttpResponse:
    if not _may_open(request):
        raise PermissionDenied
    found = queries.held_message(message)
    if found is None:
        raise Http404
    person, name = people.person_of(request.user), request.user.get_username()
    quarantine.opened(message, person=person, username=name, now=now)
    context = {"now": now, "message": found, "refused": refused}
    return render(request, "exchange/held.html", context, status=409 if refused else 200)


def _may_open(request: HttpRequest) -> bool:
    return quarantine.may_open(people.person_of(request.user), staff=request.user.is_staff)
