"""The mail of the past: owed by the verbs, marked as delivered to whoever was on duty, and sent to nobody."""

from collections.abc import Mapping
from datetime import timedelta

from soar2.demo.answers import on_duty
from soar2.record.models import DeliveryAttempt, OutboxMessage, Person

TRANSIT = timedelta(seconds=2)


def deliver_history(people: Mapping[str, Person]) -> int:
    """Settle every delivery owed so far; call in the transaction that owes them, before a worker can see one.

    A message for a role nobody held at that hour is marked failed, as the worker would in the end.
    """
    rows = list(OutboxMessage.objects.filter(state=OutboxMessage.QUEUED))
    tries = [_settle(row, people) for row in rows]
    fields = ["state", "sent_at", "person", "attempts", "failure"]
    OutboxMessage.objects.bulk_update(rows, fields)
    DeliveryAttempt.objects.bulk_create(tries)
    return len(rows)


def _settle(row: OutboxMessage, people: Mapping[str, Person]) -> DeliveryAttempt:
    at = row.created_at + TRANSIT
    person = people.get(on_duty(row.role_id, row.created_at))
    row.attempts, row.person = 1, person
    if person is None:
        row.state, row.failure = OutboxMessage.FAILED, "Nobody held this role at that hour."
        return DeliveryAttempt(message=row, at=at, outcome="failed", detail=row.failure)
    row.state, row.sent_at = OutboxMessage.SENT, at
    return DeliveryAttempt(message=row, at=at, person=person, outcome="sent")
