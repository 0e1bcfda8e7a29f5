"""Verbs on messages that could not be read: look at one, take it, and say what became of it.

Who may is asked by the views, of the one table of permissions.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from soar2.errors import Refused
from soar2.exchange.models import InboundMessage
from soar2.record import ledger
from soar2.record.models import Person

DESK = "interface-desk"


def opened(message: int, *, person: Person | None, username: str, now: datetime, how: str = "page") -> None:
    """Note who looked at the raw message and how (page, bytes, file, mapping); called before it is shown."""
    ledger.record(
        "message.opened", at=now, subject=f"inbound {message}", person=person, actor=username, how=how
    )


@transaction.atomic
def take(message: int, *, person: Person | None, username: str, now: datetime) -> None:
    """'I look after this': a held message gets a person of its own; another may take it over."""
    row = _held_row(message)
    if person is None:
        raise Refused(
            "Your account stands for no person in the programme, so it cannot look after a message."
        )
    if row.taken_by_id == person.id:
        raise Refused("You look after this message already.")
    row.taken_by, row.taken_at = person, now
    row.save(update_fields=["taken_by", "taken_at"])
    ledger.record("message.taken", at=now, subject=f"inbound {message}", person=person, actor=username)


@transaction.atomic
def settle(message: int, *, person: Person | None, username: str, note: str, now: datetime) -> None:
    """A person dealt with a held message and says how. It stays stored and leaves the list."""
    row = _held_row(message)
    if not note.strip():
        raise Refused("Say in a few words how it was settled.")
    row.settled_at, row.settled_by, row.settled_note = now, person, note.strip()
    row.save(update_fields=["settled_at", "settled_by", "settled_note"])
    ledger.record("message.settled", at=now, subject=f"inbound {message}", person=person, actor=username)


def settle_all(
    messages: Iterable[int], *, person: Person | None, username: str, note: str, now: datetime
) -> int:
    """Settle many with the same words; those settled meanwhile are left alone. Returns how many were."""
    if not note.strip():
        raise Refused("Say in a few words how they were settled.")
    done = 0
    for message in messages:
        try:
            settle(message, person=person, username=username, note=note, now=now)
        except Refused:
            continue
        done += 1
    return done


def _held_row(message: int) -> InboundMessage:
    """The row, locked. Raises Refused when it does not wait for a person."""
    rows = InboundMessage.objects.select_for_update(of=("self",)).select_related("settled_by")
    row = rows.filter(id=message).first()
    if row is None or row.state != InboundMessage.QUARANTINED:
        raise Refused("This message is not held.")
    if row.settled_at is not None:
        raise Refused(f"{row.settled_by.label if row.settled_by else 'Somebody'} has settled this already.")
    return row
