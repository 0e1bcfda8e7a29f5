"""What happens in the demonstration, as frozen values: findings, exams, messages and people's answers. Pure."""

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
START = datetime(2026, 3, 10, 14, 4, 45, tzinfo=ZONE)  # where the demonstration begins
AUTHORITY = "DEMO"  # issues every record number here; no hospital's does


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """A time of day at the demonstration's hospital, aware."""
    return datetime(year, month, day, hour, minute, second, tzinfo=ZONE)


@dataclass(frozen=True)
class Someone:
    """An invented patient. Every record number begins with SYN, so that none can be taken for a real one."""

    number: int
    given: str
    family: str
    born: date
    sex: str
    primary: str

    @property
    def mrn(self) -> str:
        return f"SYN{self.number:06d}"

    def age(self, on: date) -> int:
        return on.year - self.born.year - ((on.month, on.day) < (self.born.month, self.born.day))


@dataclass(frozen=True)
class Finding:
    """One level as the macro says it. ``grade`` is an ESCC label, or a below-conus word when ``below``.

    ``signal`` is the macro's word (normal, new, old); ``treated`` is empty or such as "SBRT 2024".
    """

    level: str
    grade: str = "0"
    lesion: str = "lytic"
    collapse: str = "none"
    posterolateral: str = "none"
    alignment: str = "normal"
    signal: str = "normal"
    status: str = "new"
    treated: str = ""
    below: bool = False


@dataclass(frozen=True)
class Procedure:
    code: str
    name: str
    system: str = "C4"
    region: str = "spine"


@dataclass(frozen=True)
class Exam:
    """One report of one exam and everything its message says. ``lane`` is what the story means it to be read as;
    ``kind`` is macro, free-text, addendum, preliminary, outside (not a spine exam) or no-patient."""

    who: Someone
    accession: str
    procedure: Procedure
    start: datetime
    end: datetime
    reported: datetime
    text: str
    lane: str
    kind: str = "macro"
    status: str = "F"
    patient_class: str = "O"
    location: str = "MRI CENTRE"
    radiologist: int = 0
    clinician: int = 0
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Message:
    """A message reaches the door at ``at``."""

    at: datetime
    exam: Exam
    control_id: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What a person does about the notice or the report of ``accession``.

    ``kind``: mine, not-me, already-known, acted, read. ``words`` is the role (not-me), the plan
    (already-known), the action (acted) or the outcome (read).
    """

    at: datetime
    accession: str
    person: str
    kind: str
    words: str = ""
    detail: str = ""


Event = Message | Answer
