"""Several versions of one report: which is the newest, and what of the others a person must know."""

from datetime import datetime

from soar2.criteria.urgency import lane_rank
from soar2.pathway.reports.models import Report
from soar2.pathway.reports.types import FINAL, PRELIMINARY, IncomingReport
from soar2.record import ledger
from soar2.record.models import Patient

CHANGED = frozenset({"C", "A"})


def is_late(incoming: IncomingReport, earlier: list[Report]) -> bool:
    """Whether a newer version is already here: a correction that overtook its original stays on top.

    A preliminary report never overtakes a final one, nor is a final one late behind a preliminary.
    """
    if incoming.status in PRELIMINARY:
        return any(row.status not in PRELIMINARY or _newer(row, incoming) for row in earlier)
    return any(_newer(row, incoming) for row in earlier if row.status not in PRELIMINARY)


def _newer(row: Report, incoming: IncomingReport) -> bool:
    """By the time of the report; where it says nothing, by status and then by the order of arrival."""
    if row.reported_at and incoming.reported_at:
        if row.reported_at != incoming.reported_at:
            return row.reported_at > incoming.reported_at
        if row.status in CHANGED and incoming.status == "F":  # what is corrected was there before
            return True
    return bool(row.inbound and incoming.inbound and row.inbound > incoming.inbound)


def why_against(
    incoming: IncomingReport, lane: str, patient: Patient | None, on_file: list[Report], late: bool
) -> str:
    """Why a person must look at this version because of what is on file beside it; empty when none must."""
    if incoming.status not in FINAL or patient is None:
        return ""
    if any(row.patient_id not in (None, patient.id) and row.current for row in on_file):
        return "This accession is on file for another patient too: one of the two charts is wrong."
    standing = next((row for row in on_file if row.patient_id == patient.id and row.current), None)
    if standing is None or standing.status not in FINAL:
        return ""
    if late and lane_rank(lane) > lane_rank(standing.lane):
        return f"An older version, which a newer one has overtaken, reads {lane}."
    if not late and lane_rank(lane) < lane_rank(standing.lane):
        return f"The version before read {standing.lane}: what was done on it must be looked at."
    return ""


def restore_if_newest(known: Report, on_file: list[Report], incoming: IncomingReport, now: datetime) -> None:
    """The sender reports again, later, in words that another version had replaced: they stand again.

    Its notice may be closed by now, so a person must read it.
    """
    standing = next((row for row in on_file if row.patient_id == known.patient_id and row.current), None)
    if standing is None or standing.id == known.id or incoming.reported_at is None:
        return
    if incoming.reported_at_is_sent:  # a message sent again gets a new time, and says nothing new by it
        return
    if standing.reported_at is None or incoming.reported_at <= standing.reported_at:
        return
    Report.objects.filter(id=standing.id).update(current=False)
    Report.objects.filter(id=known.id).update(
        current=True, reported_at=incoming.reported_at, read_wanted=True, read_at=None, read_by=None,
        read_outcome="", read_why="Reported again after another version had replaced it.",
    )  # fmt: skip
    ledger.record(
        "report.restored", at=now, patient=known.patient, subject=known.id, actor="reader", lane=known.lane
    )
