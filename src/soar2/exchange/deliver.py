"""The delivery worker's step: lease what is owed, turn its role into a person, send, record the attempt."""

import logging
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import transaction

from soar2.errors import Undelivered
from soar2.exchange.senders import SENDERS, Delivery
from soar2.pathway.notices import actions as notices
from soar2.record import outbox, people
from soar2.record.models import OutboxMessage, Person

log = logging.getLogger("soar2.deliver")

LATE_AFTER = 4  # tries, so after 80 s of back-off: a person must bridge the gap; the tries go on


def deliver_owed(
    worker: str, now: datetime, limit: int = 10, *, keep_on: Callable[[], bool] = lambda: True
) -> int:
    """Send up to ``limit`` owed messages while ``keep_on``; returns how many were tried.

    Each is leased just before it is sent: behind a slow mail server a lease taken earlier would run out, and
    a second worker would send the same again.
    """
    tried = 0
    while tried < limit and keep_on() and (leased := outbox.lease(worker, 1)):
        deliver_one(leased[0], now)
        tried += 1
    return tried


def deliver_one(message: OutboxMessage, now: datetime) -> None:
    """One attempt. No transaction is open while the channel is spoken to."""
    person: Person | None = None
    try:
        person = recipient(message, now)
        sender = SENDERS.get(message.channel)
        if sender is None:
            raise Undelivered(f"No sender for {message.channel} is set up.", permanent=True)
        sender(_delivery(message, person))
    except Undelivered as fault:
        _record_failure(message, person, fault, now)
    else:
        with transaction.atomic():
            outbox.sent(message, person=person, now=now)
            if message.attempts >= LATE_AFTER:
                notices.delivered_late(message.id, now=now)
        log.info("sent %s %s case %s to %s", message.kind, message.id, message.case_code, message.role_id)


def recipient(message: OutboxMessage, now: datetime) -> Person:
    """Who holds the role now; a hole in the rota is a lasting fault that a person must bridge by telephone."""
    person = people.on_duty(message.role_id, now)
    if person is None:
        raise Undelivered(f"Nobody is on the rota as {message.role.name}.", permanent=True)
    return person


def _delivery(message: OutboxMessage, person: Person) -> Delivery:
    return Delivery(
        notice=message.about,
        message=message.id,
        kind=message.kind,
        lane=message.lane,
        case_code=message.case_code,
        words=message.words,
        count=message.count,
        person=person,
        phone=message.role.phone,
        address=settings.PROGRAMME.address,
    )


def _record_failure(message: OutboxMessage, person: Person | None, fault: Undelivered, now: datetime) -> None:
    log.warning("not sent %s case %s: %s", message.id, message.case_code, fault.reason)
    if not fault.permanent:
        with transaction.atomic():
            outbox.put_off(message, person=person, reason=fault.reason, now=now)
            if message.attempts + 1 == LATE_AFTER:
                notices.delivery_failed(message.id, reason=f"Not delivered so far. {fault.reason}", now=now)
        return
    with transaction.atomic():
        if outbox.failed(message, person=person, reason=fault.reason, now=now):
            notices.delivery_failed(message.id, reason=fault.reason, now=now)
