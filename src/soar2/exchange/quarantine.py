"""Verbs on messages that could not be read: look at one, and say what became of it."""

from datetime import datetime

from django.db import transaction

from soar2.errors import Refused
from soar2.exchange.models import InboundMessage
from soar2.record import ledger, people
from soar2.record.models import Person

DESK = "interface-desk"


def may_open(person: Person | None, *, staff: bool) -> bool:
    """Held messages show patient data as it came: for the interface desk and administrators only."""
    return staff or people.holds(person, DESK)


def opened(message: int, *, person: Person | None, username: str, now: datetime) -> None:
    """Note who looked at the raw message; called before it is shown."""
    ledger.record("message.opened", at=now, subject=f"inbound {message}", person=person, actor=username)


@transaction.atomic
def settle(message: int, *, person: Person | None, username: str, note: str, now: datetime) -> None:
    """A person dealt with a held message and says how. It stays stored and leaves the list."""
    row = InboundMessage.objects.select_for_update().filter(id=message).first()
    if row is None or row.state != InboundMessage.QUARANTINED:
        raise Refused("This message is not held.")
    if row.settled_at is not None:
        raise Refused(f"{row.settled_by.label if row.settled_by else 'Somebody'} has settled this already.")
    if not note.strip():
        raise Refused("Say in a few words how it was settled.")
    row.settled_at, row.settled_by, row.settled_note = now, person, note.strip()
    row.save(update_fields=["settled_at", "settled_by", "settled_note"])
    ledger.record("message.settled", at=now, subject=f"inbound {message}", person=person, actor=username)
