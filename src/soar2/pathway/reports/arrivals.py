"""From a report, or all of a patient's, back to the messages that brought them."""

from collections.abc import Iterable
from uuid import UUID

from soar2.pathway.reports.models import Report

AT_ONCE = 5000


def of_patient(patient: UUID) -> list[tuple[UUID, int | None]]:
    """Each report of a patient with the number of its stored message; None where no message brought it."""
    return list(Report.objects.filter(patient=patient).values_list("id", "inbound"))


def inbound_of(reports: Iterable[UUID]) -> dict[UUID, int]:
    """The number of the stored message behind each report; a report that no message brought is left out."""
    ids = list(reports)
    found: dict[UUID, int] = {}
    for start in range(0, len(ids), AT_ONCE):
        rows = Report.objects.filter(id__in=ids[start : start + AT_ONCE], inbound__isnull=False)
        found.update({report: inbound for report, inbound in rows.values_list("id", "inbound") if inbound})
    return found
