"""The watcher: another process that asks whether the rest did its work, and says what it found."""

import logging
import signal
import threading
from datetime import datetime, timedelta

from django.db import Error as DatabaseFault
from django.db import connection
from django.utils import timezone

from soar2.exchange import queries as exchange
from soar2.exchange.work import beat
from soar2.pathway.notices import queries as notices
from soar2.record import clock
from soar2.record.models import Heartbeat
from soar2.watch.models import Finding

log = logging.getLogger("soar2.watch")

EVERY = 5.0  # seconds
UNDONE_AFTER = timedelta(seconds=60)
STEP_LATE_AFTER = timedelta(seconds=60)
SILENT_AFTER = timedelta(seconds=30)
NEEDED = ("listener", "worker")


def run_watcher() -> int:
    """Look every few seconds until SIGTERM; a database that is away is itself said, and waited for."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    while not stopping.wait(EVERY):
        try:
            found = look(clock.now(), timezone.now())
            beat("watcher", "watcher", " ".join(found))
        except DatabaseFault as fault:
            log.error("the database does not answer (%s)", type(fault).__name__)
            connection.close()
    return 0


def look(now: datetime, real: datetime) -> list[str]:
    """One round of questions; findings are rows that open and close, each a sentence. Returns those open."""
    found = {key: words for key, words in _questions(now, real) if words}
    for key in set(Finding.objects.filter(closed_at=None).values_list("key", flat=True)) - set(found):
        Finding.objects.filter(key=key, closed_at=None).update(closed_at=real)
        log.info("settled: %s", key)
    for key, words in found.items():
        _, new = Finding.objects.update_or_create(
            key=key,
            closed_at=None,
            defaults={"words": words},
            create_defaults={"words": words, "opened_at": real},
        )
        if new:
            log.error("found: %s: %s", key, words)
    return list(found.values())


def _questions(now: datetime, real: datetime):
    yield "inbox.undone", _undone(real)
    yield "notice.no-next-step", _no_next_step(now)
    yield "outbox.waiting", _waiting(real)
    for kind in NEEDED:
        yield f"process.{kind}", _silent(kind, real)
    for feed, words in exchange.silent_feeds(now):
        yield f"feed.{feed}", words


def _undone(real: datetime) -> str:
    count = exchange.undone_before(real - UNDONE_AFTER)
    return (
        f"{count} stored message{'s' * (count != 1)} not applied for over a minute. Is soar2 work running?"
        if count
        else ""
    )


def _no_next_step(now: datetime) -> str:
    count = notices.without_next_step(now - STEP_LATE_AFTER)
    return f"{count} open notice{'s' * (count != 1)} without a valid next step." if count else ""


def _waiting(real: datetime) -> str:
    count = exchange.owed_before(real - UNDONE_AFTER)
    return f"{count} message{'s' * (count != 1)} owed for over a minute and not sent." if count else ""


def _silent(kind: str, real: datetime) -> str:
    if Heartbeat.objects.filter(kind=kind, seen__gte=real - SILENT_AFTER).exists():
        return ""
    return f"No {kind} has given a sign of life for half a minute."
