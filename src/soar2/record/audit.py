"""Who opened which patient. Kept apart from the ledger; no feature reads it back."""

from datetime import datetime

from soar2.record.models import ChartAccess, Patient, Person


def opened(patient: Patient, *, person: Person | None, username: str, page: str, at: datetime) -> None:
    """Note that somebody looked at ``patient``; called before the page is rendered."""
    ChartAccess.objects.create(at=at, patient=patient, person=person, username=username, page=page)


def openings(patient: Patient, limit: int = 50) -> list[ChartAccess]:
    """The latest openings of one chart, newest first."""
    return list(patient.accesses.select_related("person").order_by("-at", "-id")[:limit])
