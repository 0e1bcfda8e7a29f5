"""The ledger: one attributed fact for each thing that happened. The only way in is ``record``."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from soar2.record import rows
from soar2.record.models import LedgerEntry, Patient, Person

Follower = Callable[[LedgerEntry], None]
_followers: list[Follower] = []


def follow(follower: Follower) -> None:
    """Have ``follower`` called with each new fact, inside the transaction that records it.

    The pathway's flow table is the one follower: an earlier stage may not import a later one.
    """
    if follower not in _followers:
        _followers.append(follower)


def record(
    kind: str,
    *,
    at: datetime,
    patient: Patient | None = None,
    subject: object = "",
    person: Person | None = None,
    actor: str = "",
    about: object = None,
    along: Iterable[rows.Statement] = (),
    **data: Any,
) -> LedgerEntry:
    """Write one fact and let the next stage follow, in one transaction.

    ``at`` is hospital time; ``subject`` the id of what the fact is about; ``actor`` the process that
    acted when no person did. ``data`` is JSON and holds ids, labels and times, not report text. ``about``
    is the row itself, not stored: whoever follows need not read it again. ``along`` writes the rows that
    the fact is about; it goes in front, in the same message to the database.
    """
    with transaction.atomic(savepoint=False):
        entry = LedgerEntry(
            kind=kind, at=at, patient=patient, subject=str(subject), person=person, actor=actor, data=data
        )
        rows.run(*along, rows.insert(entry))
        entry.about = about
        for follower in _followers:
            follower(entry)
    return entry
