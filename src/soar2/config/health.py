"""Whether reports come in, are read and leave. Says nothing of patients or machines and needs no sign-in.

``/health/live`` is for whoever starts processes again or shares out requests: it asks this process alone. A feed
that is silent is no reason to take the pages away.
"""

from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from soar2.exchange.measured import Backlog
from soar2.record import clock
from soar2.record.models import Heartbeat
from soar2.watch.traffic import Fault, Traffic, traffic

DATABASE = "database"


@login_not_required
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """200 'alive' from any process that answers requests at all."""
    return HttpResponse("alive\n", content_type="text/plain")


@login_not_required
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """200 'well' when traffic flows or silence is expected; 503 with a sentence for each fault when not.

    JSON with all that was looked at for ``?format=json`` or an Accept header that asks for it. In a
    demonstration, whose clock people stop and move, only the database can be at fault.
    """
    try:
        faults, seen = _look()
    except DatabaseError:
        faults, seen = [Fault(DATABASE, "The database does not answer.")], None
    grave = [fault for fault in faults if fault.kind == DATABASE or not settings.PROGRAMME.demo]
    status = 503 if grave else 200
    if _wants_json(request):
        return JsonResponse(_told(grave, faults, seen), status=status)
    text = "".join(f"{fault.words}\n" for fault in grave) or "well\n"
    return HttpResponse(text, status=status, content_type="text/plain")


def _wants_json(request: HttpRequest) -> bool:
    return request.GET.get("format") == "json" or request.headers.get("Accept", "") == "application/json"


def _look() -> tuple[list[Fault], Traffic | None]:
    """Raises DatabaseError when the database does not answer."""
    if fault := _wrong_version() or _unwritable():
        return [Fault(DATABASE, fault)], None
    seen = traffic(clock.now(), timezone.now())
    return list(seen.faults), seen


@cache
def _known() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)


def _wrong_version() -> str:
    done = set(MigrationRecorder(connection).applied_migrations())
    if _known() - done:
        return "The database is of an older version. Run: soar2 migrate"
    if done - _known():
        return "The database is of a newer version than this process. Restart it from that version."
    return ""


def _unwritable() -> str:
    """A sign of life is written as the other processes do, and taken back: looking must change nothing."""
    try:
        with transaction.atomic():
            Heartbeat.objects.create(
                name=f"health {timezone.now().timestamp()}", kind="web", seen=timezone.now()
            )
            transaction.set_rollback(True)
    except DatabaseError:
        connection.ensure_connection()  # one that is away is told as such
        return "The database answers and takes no writes: it is read-only, or its disk is full."
    return ""


def _told(grave: list[Fault], faults: list[Fault], seen: Traffic | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "status": "fault" if grave else "well",
        "mode": settings.PROGRAMME.mode,
        "faults": [{"kind": fault.kind, "words": fault.words} for fault in faults],
    }
    if seen is None:
        return told
    return told | {
        "last": {
            "stored": _iso(seen.passed.stored),
            "read": _iso(seen.passed.read),
            "delivered": _iso(seen.passed.delivered),
        },
        "unread": _backlog(seen.undone),
        "owed": {channel: _backlog(waits) for channel, waits in seen.owed.items()},
        "feeds": [
            {
                "name": feed.name,
                "last_seen": _iso(feed.last_seen),
                "expected_gap_minutes": feed.expected_gap_minutes,
            }
            for feed in seen.feeds
        ],
        "processes": [
            {"kind": one.kind, "alive": one.count, "last_seen": _iso(one.seen)} for one in seen.processes
        ],
    }


def _backlog(waits: Backlog) -> dict[str, Any]:
    return {"count": waits.count, "oldest": _iso(waits.oldest)}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
