"""Deliveries owed: written here by verbs, taken by workers. Nothing is sent from a request."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models.functions import Now

from soar2.record import rows
from soar2.record.models import DeliveryAttempt, OutboxMessage, Person, Role

LEASE = timedelta(seconds=60)
BACK_OFF = (5, 15, 60, 120, 300)  # seconds; the last one repeats
NOTIFY = "soar2_outbox"


def draft(
    *,
    about: UUID,
    kind: str,
    channel: str,
    role_id: str,
    now: datetime,
    lane: str = "",
    case_code: str = "",
    words: str = "",
    count: int = 0,
) -> OutboxMessage:
    """A delivery not yet owed: ``owing`` writes it."""
    return OutboxMessage(
        about=about,
        kind=kind,
        channel=channel,
        role_id=role_id,
        lane=lane,
        case_code=case_code,
        words=words,
        count=count,
        created_at=now,
    )


def owing(*messages: OutboxMessage) -> list[rows.Statement]:
    """What writes these deliveries; run it inside the transaction that makes them due. The worker is woken on
    commit."""
    return [rows.insert(*messages), (f"SELECT pg_notify('{NOTIFY}', '')", ())] if messages else []


def owe(*, about: UUID, kind: str, channel: str, role: Role, now: datetime, **more: Any) -> OutboxMessage:
    """Owe one delivery; the rest is that of ``draft``. Call inside the transaction that makes it due."""
    message = draft(about=about, kind=kind, channel=channel, role_id=role.key, now=now, **more)
    rows.run(*owing(message))
    return message


def lease(
    worker: str, limit: int = 10, *, channel: str | None = None, but: Collection[str] = ()
) -> list[OutboxMessage]:
    """Take messages that are due and that nobody holds; a holder that died loses its lease after a minute.

    With ``channel`` only that one's, with ``but`` all other channels': what waits for a slow service keeps
    nobody from the rest.
    """
    mine, channels = ("<> ALL(%s)", list(but)) if channel is None else ("= ANY(%s)", [channel])
    role = ", ".join(f"role.{name}" for name in ("key", "name", "phone"))
    found = rows.ask(
        "WITH due AS ("  # noqa: S608 - column names and two operators
        " SELECT id FROM record_outboxmessage WHERE state = 'queued' AND not_before <= statement_timestamp()"
        f" AND (leased_until IS NULL OR leased_until < statement_timestamp()) AND channel {mine}"
        " ORDER BY not_before, id LIMIT %s FOR UPDATE SKIP LOCKED)"
        " UPDATE record_outboxmessage AS r SET leased_until = statement_timestamp() + %s, leased_by = %s"
        " FROM due, record_role AS role WHERE r.id = due.id AND role.key = r.role_id"
        f" RETURNING {rows.columns(OutboxMessage)[0]}, {role}",
        [channels, limit, LEASE, worker],
        first=[rows.UNHURRIED],  # a lease that is lost is one that has run out
    )
    messages = [_with_role(row) for row in found]
    return sorted(messages, key=lambda message: (message.not_before, message.id))


def _with_role(values: tuple[Any, ...]) -> OutboxMessage:
    *own, key, name, phone = values
    message = rows.made(OutboxMessage, own)
    message.role = Role(key=key, name=name, phone=phone)
    return message


def sent(message: OutboxMessage, *, person: Person | None, now: datetime) -> None:
    """The channel took it."""
    with transaction.atomic(savepoint=False):
        rows.run(*taken(message, person=person, now=now))


def taken(message: OutboxMessage, *, person: Person | None, now: datetime) -> list[rows.Statement]:
    """What writes that the channel took it; run it inside a transaction."""
    row = (
        "UPDATE record_outboxmessage SET state = 'sent', sent_at = %s, person_id = %s, leased_until = NULL,"
        " attempts = attempts + 1, failure = '' WHERE id = %s",
        [now, person.pk if person else None, message.id],
    )
    return [row, rows.insert(DeliveryAttempt(message=message, at=now, person=person, outcome="sent"))]


@transaction.atomic
def put_off(
    message: OutboxMessage,
    *,
    person: Person | None,
    reason: str,
    now: datetime,
    seconds: float | None = None,
) -> None:
    """A passing fault: try again later, a little longer each time; after ``seconds`` where the service says so."""
    usual = BACK_OFF[min(message.attempts, len(BACK_OFF) - 1)]
    wait = timedelta(seconds=usual if seconds is None else seconds)
    OutboxMessage.objects.filter(id=message.id, state=OutboxMessage.QUEUED).update(
        not_before=Now() + wait, leased_until=None, attempts=models.F("attempts") + 1, failure=reason
    )
    DeliveryAttempt.objects.create(message=message, at=now, person=person, outcome="retry", detail=reason)


@transaction.atomic
def failed(message: OutboxMessage, *, person: Person | None, reason: str, now: datetime) -> bool:
    """A lasting fault: this delivery will not succeed; its notice must go another way. False when another
    worker, which took it up after this one's lease had run out, has delivered it meanwhile."""
    lost = OutboxMessage.objects.filter(id=message.id, state=OutboxMessage.QUEUED).update(
        state=OutboxMessage.FAILED, leased_until=None, attempts=models.F("attempts") + 1, failure=reason
    )
    DeliveryAttempt.objects.create(message=message, at=now, person=person, outcome="failed", detail=reason)
    return bool(lost)


@transaction.atomic
def dropped(message: OutboxMessage, *, reason: str, now: datetime) -> bool:
    """Nobody needs it any more: it is not sent, and the reason is kept. False when it was no longer owed."""
    gone = OutboxMessage.objects.filter(id=message.id, state=OutboxMessage.QUEUED).update(
        state=OutboxMessage.DROPPED, leased_until=None, failure=reason
    )
    if gone:
        DeliveryAttempt.objects.create(message=message, at=now, outcome="dropped", detail=reason)
    return bool(gone)
