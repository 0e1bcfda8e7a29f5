"""The feed page: what came in, what is held, what went out, and whether the house around it stands."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from soar2.exchange import data_errors, headline, held, mappings, quarantine, queries, receipts, vitals
from soar2.record import clock, people
from soar2.record.permissions import may, require


@require_GET
@require("feeds.see")
def feeds(request: HttpRequest) -> HttpResponse:
    """The page; its title says the finding."""
    now, real = clock.now(), timezone.now()
    lines, causes, queue = queries.feed_lines(now), held.causes(), queries.queue()
    channels, processes = receipts.channels(now), receipts.processes(real)
    cover = vitals.coverage(now)
    count = sum(cause.count for cause in causes)
    context = {
        "now": now,
        "real": real,
        "feeds": lines,
        "causes": causes,
        "held_count": count,
        "last_settled": None if causes else held.last_settled(),
        "queue": queue,
        "channels": channels,
        "receipts": receipts.receipts(),
        "processes": processes,
        "vitals": vitals.vitals(real),
        "data_errors": data_errors.impossible_clocks(10),
        "gaps": vitals.sequence_gaps(),
        "cover": cover,
        "covered": [one.role for one in cover if not one.holes],
        "mappings": mappings.labels(),
        "axis": headline.axis(now),
        "finding": headline.finding(lines, count, queue, channels, now),
        "faults": headline.silent_processes(processes),
        "may_open": may(request.user, "messages.see"),
        "may_map": may(request.user, "mappings.edit"),
        "may_see_patients": may(request.user, "patients.see"),
        "desk_phone": queries.desk_phone(),
        "desk": people.on_duty(quarantine.DESK, now),
    }
    return render(request, "exchange/feeds.html", context)
