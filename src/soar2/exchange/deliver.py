"""The delivery worker's step: lease what is owed, turn its role into a person, send, record the attempt."""

import logging
from collections.abc import Callable, Collection
from datetime import datetime

from django.conf import settings
from django.db import transaction

from soar2.errors import Undelivered
from soar2.exchange.senders import Delivery, sender_of
from soar2.exchange.senders.delivery import Busy
from soar2.pathway.notices import actions as notices
from soar2.record import outbox, people
from soar2.record.models import OutboxMessage, Person

log = logging.getLogger("soar2.deliver")

LATE_AFTER = 4  # tries, so after 80 s of back-off: a person must bridge the gap; the tries go on
BY_NUMBER = frozenset({"voice"})  # a telephone service can ring a role's own number


def deliver_owed(
    worker: str,
    now: datetime,
    limit: int = 10,
    *,
    keep_on: Callable[[], bool] = lambda: True,
    channel: str | None = None,
    but: Collection[str] = (),
) -> int:
    """Send up to ``limit`` owed messages while ``keep_on``; returns how many were taken up.

    Each is leased just before it is sent: behind a slow server a lease taken earlier would run out, and a
    second worker would send the same again. ``channel`` and ``but`` are those of ``outbox.lease``.
    """
    tried = 0
    while tried < limit and keep_on() and (leased := outbox.lease(worker, 1, channel=channel, but=but)):
        deliver_one(leased[0], now)
        tried += 1
    return tried


def deliver_one(message: OutboxMessage, now: datetime) -> None:
    """One attempt. No transaction is open while the channel is spoken to."""
    errand = notices.take_up(message.id, now=now)
    if errand is None:
        log.info("not needed %(kind)s %(id)s case %(case)s", _named(message))
        return
    person: Person | None = None
    try:
        sender = sender_of(message.channel)
        if sender is None:
            raise Undelivered(f"No sender for {message.channel} is set up.", permanent=True)
        person = recipient(message, now)
        sender(_delivery(message, person, errand))
    except Undelivered as fault:
        _record_failure(message, person, fault, now)
    else:
        notices.delivered(message, person=person, now=now)
        log.info("sent %(kind)s %(id)s case %(case)s by %(channel)s to %(role)s", _named(message))


def recipient(message: OutboxMessage, now: datetime) -> Person | None:
    """Who holds the role now; a hole in the rota is a lasting fault that a person must bridge by telephone.

    None where nobody need hold it, because a service calls the role's number, as an operator's.
    """
    person = people.on_duty(message.role_id, now)
    if person is None and not (message.channel in BY_NUMBER and message.role.phone):
        raise Undelivered(f"Nobody is on the rota as {message.role.name}.", permanent=True)
    return person


def _delivery(message: OutboxMessage, person: Person | None, errand: notices.Errand) -> Delivery:
    return Delivery(
        notice=message.about,
        message=message.id,
        kind=message.kind,
        channel=message.channel,
        lane=message.lane,
        case_code=message.case_code,
        words=message.words,
        count=message.count,
        role=message.role_id,
        role_name=message.role.name,
        phone=message.role.phone,
        person=person,
        address=settings.PROGRAMME.address,
        created_at=message.created_at,
        rung=errand.rung,
        identity_unresolved=errand.identity_unresolved,
    )


def _record_failure(message: OutboxMessage, person: Person | None, fault: Undelivered, now: datetime) -> None:
    log.warning("not sent %(kind)s %(id)s case %(case)s: %(why)s", _named(message) | {"why": fault.reason})
    if not fault.permanent:
        wait = fault.seconds if isinstance(fault, Busy) else None
        with transaction.atomic():
            outbox.put_off(message, person=person, reason=fault.reason, now=now, seconds=wait)
            if message.attempts + 1 == LATE_AFTER:
                notices.delivery_failed(message.id, reason=f"Not delivered so far. {fault.reason}", now=now)
        return
    with transaction.atomic():
        if outbox.failed(message, person=person, reason=fault.reason, now=now):
            notices.delivery_failed(message.id, reason=fault.reason, now=now)


def _named(message: OutboxMessage) -> dict[str, object]:
    """What a log line may say of a message."""
    return {
        "kind": message.kind,
        "id": message.id,
        "case": message.case_code,
        "channel": message.channel,
        "role": message.role_id,
    }
