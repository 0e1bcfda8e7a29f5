"""Who opened which patient, and where in the product. Kept apart from the ledger; no feature reads it back.

``opened`` somebody looked at the patient; ``listed`` the patient stood on a list they had open; ``searched`` the
patient was an answer to a search; ``exported`` it left as a file; ``refused`` they were shown nothing.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from soar2.record import ledger, people
from soar2.record.models import ChartAccess, Patient, Person

OPENED, LISTED, SEARCHED, EXPORTED, REFUSED = "opened", "listed", "searched", "exported", "refused"
SHIFT = timedelta(hours=12)


def opened(
    patient: Patient,
    *,
    person: Person | None,
    username: str,
    page: str,
    at: datetime,
    kind: str = OPENED,
    detail: str = "",
) -> None:
    """Note that somebody looked at ``patient``; called before the page is rendered."""
    ChartAccess.objects.create(
        at=at, patient=patient, person=person, username=username, page=page, kind=kind, detail=detail
    )


def opened_unidentified(
    subject: object, *, person: Person | None, username: str, page: str, at: datetime
) -> None:
    """Note that somebody read a report whose patient is not known: it still tells of somebody."""
    ledger.record("report.opened", at=at, subject=subject, person=person, actor=username, page=page)


def listed(
    patients: Iterable[UUID], *, person: Person | None, username: str, page: str, at: datetime
) -> None:
    """Note which patients stood on a list that somebody has open: one row a patient, person, page and shift.

    An open list asks again every second and for ten hours. A row for each time would bury the one that
    matters, that this person could read this name today, under tens of thousands that say the same. One
    statement, whatever the number of patients; two screens at once may write a row each, which harms nobody.
    """
    shown = sorted(set(patients))
    if not shown:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO record_chartaccess (at, patient_id, person_id, username, page, kind, detail)"
            " SELECT %(at)s, shown.id, %(person)s, %(username)s, %(page)s, %(kind)s, ''"
            " FROM unnest(%(shown)s::uuid[]) AS shown(id) WHERE NOT EXISTS ("
            "   SELECT 1 FROM record_chartaccess AS seen WHERE seen.patient_id = shown.id"
            "   AND seen.at > %(since)s AND seen.kind = %(kind)s AND seen.page = %(page)s"
            "   AND seen.username = %(username)s)",
            {
                "at": at, "since": at - SHIFT, "person": person.pk if person else None, "username": username,
                "page": page, "kind": LISTED, "shown": shown,
            },
        )  # fmt: skip


def refused(user: Any, *, page: str, permission: str, patient: Patient | None, at: datetime) -> None:
    """Note that somebody asked for a page that their roles do not open; nothing was shown to them."""
    person, name = people.person_of(user), user.get_username()
    if patient is not None:
        opened(patient, person=person, username=name, page=page, at=at, kind=REFUSED, detail=permission)
    else:
        ledger.record("access.refused", at=at, person=person, actor=name, page=page, permission=permission)


def openings(patient: Patient, limit: int = 50) -> list[ChartAccess]:
    """The latest openings of one chart, newest first; not the lists on which it merely stood."""
    rows = patient.accesses.filter(kind__in=(OPENED, EXPORTED)).select_related("person")
    return list(rows.order_by("-at", "-id")[:limit])
