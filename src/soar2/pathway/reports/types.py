"""Values this stage takes and gives."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from soar2.record.patients import PatientIdentity

FINAL = frozenset({"F", "C", "A"})  # acted on; HL7 table 0123: final, corrected, appended
PRELIMINARY = frozenset({"P", "R", "M"})
WITHDRAWN = frozenset({"X", "W", "D"})
EXAM_WINDOW = timedelta(hours=4)  # accessions whose exams end so near each other are parts of one exam (X6)


@dataclass(frozen=True)
class IncomingReport:
    """One report as a door understood it; times are aware. ``identity`` is None when the door found no
    usable identity, and ``identity_fault`` then says why. ``reported_at_is_sent``: the report states no time
    of its own, and ``reported_at`` is when its message was sent."""

    feed: str
    accession: str
    status: str
    text: str
    identity: PatientIdentity | None
    identity_fault: str = ""
    procedure_code: str = ""
    procedure: str = ""
    exam_start: datetime | None = None
    exam_end: datetime | None = None
    exam_end_is_start: bool = False
    reported_at: datetime | None = None
    reported_at_is_sent: bool = False
    author: str = ""
    ordering: str = ""
    location: str = ""
    patient_class: str = ""
    inbound: int | None = None


@dataclass(frozen=True)
class Filed:
    """What became of a report: its id, and whether it was new or a duplicate of one already here."""

    report: UUID
    new: bool
    identity_fault: str = ""
