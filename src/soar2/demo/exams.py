"""Invented people and their exams: from findings and times to a report with its message. Pure."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random

from soar2.demo.course import lane_meant
from soar2.demo.events import ZONE, Exam, Finding, Procedure, Someone
from soar2.demo.names import FAMILY, GIVEN_MEN, GIVEN_WOMEN, PRIMARIES
from soar2.demo.prose import MARK, report

CERVICAL = Procedure("72156", "MRI CERVICAL SPINE WITHOUT AND WITH CONTRAST", region="cervical")
THORACIC = Procedure("72157", "MRI THORACIC SPINE WITHOUT AND WITH CONTRAST", region="thoracic")
LUMBAR = Procedure("72158", "MRI LUMBAR SPINE WITHOUT AND WITH CONTRAST", region="lumbar")
TOTAL = Procedure("MRSPTOT", "MRI TOTAL SPINE WITHOUT AND WITH CONTRAST", "L", region="whole")
BY_REGION = {"C": CERVICAL, "T": THORACIC, "L": LUMBAR}

#: Exams of the same radiology system that are not this programme's.
OUTSIDE = (
    (Procedure("71260", "CT CHEST WITH CONTRAST"), "Lungs are clear. Mediastinum is normal."),
    (Procedure("74177", "CT ABDOMEN AND PELVIS WITH CONTRAST"), "Solid organs are normal. No free fluid."),
    (
        Procedure("70553", "MRI BRAIN WITHOUT AND WITH CONTRAST"),
        "No intracranial lesion. Ventricles are normal.",
    ),
    (Procedure("71046", "CHEST RADIOGRAPH TWO VIEWS"), "Heart size is normal. Lungs are clear."),
    (Procedure("73721", "MRI KNEE WITHOUT CONTRAST"), "Menisci and ligaments are intact."),
)

WHY = (
    "Follow-up of known bone disease.",
    "New back pain.",
    "Back pain at night.",
    "Restaging.",
    "Pain on standing, relieved lying down.",
)
WHY_ACUTE = ("New leg weakness.", "Unsteady walking since two days.", "Severe back pain, new numbness.")


class People:
    """Deals invented people: no name twice, record numbers in order."""

    def __init__(self, rng: Random, first_number: int):
        self._rng, self._number, self._taken = rng, first_number, set[tuple[str, str]]()

    def reserve(self, given: str, family: str) -> None:
        self._taken.add((given, family))

    def somebody(self) -> tuple[Someone, str]:
        """A person and the usual look of their tumour in bone."""
        rng = self._rng
        primary, _, lesion, only = rng.choices(PRIMARIES, [row[1] for row in PRIMARIES])[0]
        sex = only or rng.choice("FM")
        given, family = self._name(sex)
        born = date(rng.randint(1937, 1986), rng.randint(1, 12), rng.randint(1, 28))
        self._number += rng.randint(1, 9)
        return Someone(self._number, given, family, born, sex, primary), lesion

    def _name(self, sex: str) -> tuple[str, str]:
        while True:
            name = self._rng.choice(GIVEN_WOMEN if sex == "F" else GIVEN_MEN), self._rng.choice(FAMILY)
            if name not in self._taken:
                self._taken.add(name)
                return name


def procedure_for(findings: Sequence[Finding]) -> Procedure:
    """The region that covers every level; the whole spine when they lie in several."""
    regions = {finding.level[0] for finding in findings} or {"T"}
    return BY_REGION[regions.pop()] if len(regions) == 1 else TOTAL


def slot(rng: Random, day: date, acute: bool) -> datetime:
    """When an exam starts: outpatients on a working day, emergencies at any hour."""
    if acute and rng.random() < 0.6:
        begun = datetime(day.year, day.month, day.day, rng.randint(0, 23), rng.randint(0, 59), tzinfo=ZONE)
    else:
        ahead = {5: 2, 6: 1}.get(day.weekday(), 0)
        begun = datetime(day.year, day.month, day.day, rng.randint(7, 17), rng.randint(0, 59), tzinfo=ZONE)
        begun += timedelta(days=ahead)
    return begun.astimezone(UTC)  # from here on plain arithmetic, whatever the clocks do that night


def exam(
    rng: Random,
    who: Someone,
    findings: tuple[Finding, ...],
    start: datetime,
    *,
    before: datetime | None = None,
    acute: bool = False,
    macro: bool = True,
    procedure: Procedure | None = None,
) -> Exam:
    """A spine exam with its final report; times in UTC."""
    end = start + timedelta(minutes=rng.randint(28, 62), seconds=rng.randint(0, 59))
    wait = rng.randint(18, 70) if acute else rng.randint(35, 235)
    procedure = procedure or procedure_for(findings)
    why = rng.choice(WHY_ACUTE if acute else WHY)
    return Exam(
        who=who,
        accession="",
        procedure=procedure,
        start=start,
        end=end,
        reported=end + timedelta(minutes=wait, seconds=rng.randint(0, 59)),
        text=report(who, procedure, findings, on=start, before=before, why=why, macro=macro),
        lane=lane_meant(findings) if macro else "none",
        kind="macro" if macro else "free-text",
        patient_class="E" if acute else "O",
        location=rng.choice(("EMERGENCY 4", "EMERGENCY 9", "7 NORTH 12")) if acute else "MRI CENTRE",
        radiologist=rng.randint(0, 3),
        clinician=rng.randint(0, 5),
        findings=findings,
    )


def outside_exam(rng: Random, who: Someone, reported: datetime, accession: str) -> Exam:
    """An exam of another region, by the same sender."""
    procedure, words = rng.choice(OUTSIDE)
    end = reported - timedelta(minutes=rng.randint(20, 120))
    return Exam(
        who=who,
        accession=accession,
        procedure=procedure,
        start=end - timedelta(minutes=rng.randint(5, 25)),
        end=end,
        reported=reported,
        text=f"EXAM: {procedure.name}\nFINDINGS: {words}\nIMPRESSION: Normal for age.\n\n{MARK}",
        lane="none",
        kind="outside",
        radiologist=rng.randint(0, 3),
        clinician=rng.randint(0, 5),
    )
