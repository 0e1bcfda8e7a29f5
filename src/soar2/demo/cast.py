"""The named patients of the demonstration: what happened to them before, and what happens while one looks. All invented."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from soar2.demo.course import lane_meant
from soar2.demo.events import Answer, Exam, Finding, Message, Procedure, Someone, local
from soar2.demo.exams import CERVICAL, LUMBAR, THORACIC, TOTAL
from soar2.demo.prose import MARK, report
from soar2.demo.wire import message

ROSA = Someone(4471, "Rosa", "Quill", date(1963, 5, 9), "F", "breast cancer")
LENA = Someone(4512, "Lena", "Marsh", date(1970, 8, 21), "F", "renal cell carcinoma")
MEI = Someone(4538, "Mei", "Harrow", date(1976, 11, 2), "F", "thyroid cancer")
AMOS = Someone(4203, "Amos", "Tern", date(1954, 6, 30), "M", "prostate cancer")
THEO = Someone(4317, "Theo", "Brandt", date(1951, 10, 14), "M", "lung cancer")
IVO = Someone(4390, "Ivo", "Castle", date(1957, 12, 5), "M", "lung cancer")
NORA = Someone(4455, "Nora", "Pike", date(1959, 4, 17), "F", "multiple myeloma")
ADA = Someone(4526, "Ada", "Finch", date(1954, 9, 8), "F", "multiple myeloma")
SAM = Someone(4480, "Sam", "Orr", date(1945, 7, 3), "M", "lung cancer")
EVERYBODY = (ROSA, LENA, MEI, AMOS, THEO, IVO, NORA, ADA, SAM)

_L2 = Finding("L2", "none", "blastic", status="stable", treated="SBRT 2024", below=True)
_T6_8 = (
    Finding("T6", "0", "mixed", status="stable", treated="EBRT 2025"),
    Finding("T7", "1a", "mixed", "<50%", status="stable", treated="EBRT 2025"),
    Finding("T8", "0", "mixed", status="stable", treated="EBRT 2025"),
)


def told(
    who: Someone,
    accession: str,
    procedure: Procedure,
    findings: tuple[Finding, ...],
    end: datetime,
    reported: datetime,
    why: str,
    *,
    before: datetime | None = None,
    place: tuple[str, str] = ("O", "MRI CENTRE"),
    minutes: int = 45,
) -> Exam:
    """A macro report with given times."""
    return Exam(
        who=who,
        accession=accession,
        procedure=procedure,
        start=end - timedelta(minutes=minutes),
        end=end,
        reported=reported,
        text=report(who, procedure, findings, on=end, before=before, why=why),
        lane=lane_meant(findings),
        patient_class=place[0],
        location=place[1],
        findings=findings,
    )


def steps(accession: str, *rows: tuple[datetime, str, str, str, str]) -> list[Answer]:
    """Answers to one report: time, person, kind, words, detail."""
    return [Answer(at.astimezone(UTC), accession, *rest) for at, *rest in rows]


def history() -> list[Exam]:
    """Reports before the demonstration starts, the last ones earlier that same day."""
    return [*_rosa(), *_lena(), *_mei(), *_amos(), *_theo(), *_ivo(), *_nora(), *_ada(), *_sam()]


def _rosa() -> list[Exam]:
    first, second = local(2025, 8, 19, 10, 40), local(2025, 12, 2, 11, 5)
    bone = Finding("T8", "0", "mixed")
    touched = Finding("T8", "1b", "lytic", "<50%", "unilateral", status="progressed")
    return [
        told(ROSA, "A-18804", THORACIC, (bone,), first, local(2025, 8, 19, 12, 30), "Mid-back pain."),
        told(ROSA, "A-19962", THORACIC, (touched,), second, local(2025, 12, 2, 13, 20),
             "Back pain at night.", before=first),
    ]  # fmt: skip


def _lena() -> list[Exam]:
    found = Finding("T11", "1a", "lytic")
    return [
        told(
            LENA,
            "A-20217",
            THORACIC,
            (found,),
            local(2026, 1, 5, 9, 50),
            local(2026, 1, 5, 11, 45),
            "Restaging.",
        )
    ]


def _mei() -> list[Exam]:
    return [
        told(
            MEI, "A-18733", CERVICAL, (), local(2025, 8, 12, 14, 5), local(2025, 8, 12, 16, 30), "Restaging."
        )
    ]


def _amos() -> list[Exam]:
    days = [
        (2024, 9, 12), (2024, 12, 9), (2025, 3, 6), (2025, 6, 5), (2025, 9, 4), (2025, 12, 4), (2026, 3, 10),
    ]  # fmt: skip
    exams, before = [], None
    for n, day in enumerate(days):
        accession = f"A-15{n}20" if day != days[-1] else "A-20919"
        end, reported = local(*day, 9, 35), local(*day, 11, 12)
        exams.append(
            told(AMOS, accession, LUMBAR, (_L2,), end, reported, "Follow-up after SBRT.", before=before)
        )
        before = end
    return exams


def _theo() -> list[Exam]:
    ends = [
        local(2025, 1, 8, 15, 20),
        local(2025, 4, 22, 10, 10),
        local(2025, 11, 6, 9, 15),
        local(2026, 3, 10, 8, 25),
    ]
    new = (Finding("T6", "1a", "mixed"), Finding("T7", "1b", "lytic", "<50%"), Finding("T8", "0", "mixed"))
    after = (replace(_T6_8[0], status="improved"), replace(_T6_8[1], status="improved"), _T6_8[2])
    risen = replace(_T6_8[1], grade="1c", lesion="lytic", status="progressed", posterolateral="unilateral")
    now = (_T6_8[0], risen, _T6_8[2])
    why = ("Back pain.", "Follow-up after radiation.", "Follow-up after radiation.", "Pain has come back.")
    rows = zip(("A-16390", "A-17511", "A-19700", "A-20911"), (new, after, _T6_8, now), ends, why, strict=True)
    return [
        told(
            THEO,
            accession,
            THORACIC,
            findings,
            end,
            end + timedelta(minutes=85),
            words,
            before=ends[n - 1] if n else None,
        )
        for n, (accession, findings, end, words) in enumerate(rows)
    ]


def _ivo() -> list[Exam]:
    first, second = local(2025, 12, 12, 13, 30), local(2026, 3, 10, 11, 20)
    mild = Finding("L4", "mild", "mixed", below=True)
    worse = Finding("L4", "moderate", "lytic", "<50%", "unilateral", status="progressed", below=True)
    return [
        told(IVO, "A-20071", LUMBAR, (mild,), first, local(2025, 12, 12, 15, 10), "Leg pain."),
        told(IVO, "A-20921", LUMBAR, (worse,), second, local(2026, 3, 10, 12, 8), "Leg pain, worse since a week.",
             before=first, place=("E", "EMERGENCY 9")),
    ]  # fmt: skip


def _nora() -> list[Exam]:
    found = Finding("L1", "0", "lytic")
    return [
        told(NORA, "A-18961", TOTAL, (found,), local(2025, 9, 3, 8, 45), local(2025, 9, 3, 11, 0), "Staging.")
    ]


def _ada() -> list[Exam]:
    first = local(2025, 11, 18, 12, 15)
    new = Finding("C7", "3", "lytic", "<50%", "unilateral")
    old = Finding("T10", "0", "mixed")
    return [
        told(ADA, "A-19822", TOTAL, (old,), first, local(2025, 11, 18, 14, 0), "Staging."),
        told(ADA, "A-20927", TOTAL, (new, replace(old, status="stable")), local(2026, 3, 10, 13, 5),
             local(2026, 3, 10, 13, 46), "Hand weakness since Monday.", before=first, place=("I", "7 NORTH 12")),
    ]  # fmt: skip


def _sam() -> list[Exam]:
    found = Finding("T9", "1b", "lytic", "none", "unilateral")
    return [
        told(
            SAM,
            "A-20866",
            THORACIC,
            (found,),
            local(2026, 3, 4, 11, 10),
            local(2026, 3, 4, 12, 40),
            "Back pain.",
        )
    ]


def answers() -> list[Answer]:
    """How people answered the reports above; what is missing here is still open when the demonstration starts."""
    digest = [
        answer
        for accession, day in (
            ("A-18804", (2025, 8, 20)), ("A-15020", (2024, 9, 13)), ("A-15120", (2024, 12, 10)),
            ("A-15220", (2025, 3, 7)), ("A-15320", (2025, 6, 6)), ("A-15420", (2025, 9, 5)),
            ("A-15520", (2025, 12, 5)), ("A-17511", (2025, 4, 23)), ("A-19700", (2025, 11, 7)),
            ("A-19822", (2025, 11, 19)),
        )
        for answer in _from_digest(accession, day)
    ]  # fmt: skip
    return [*digest, *_earlier(), *_today()]


def _from_digest(accession: str, day: tuple[int, int, int]) -> list[Answer]:
    words = "Unchanged after treatment; follow-up stays as planned"
    return steps(
        accession,
        (local(*day, 7, 44), "bell", "mine", "", ""),
        (local(*day, 7, 45), "bell", "acted", "no-action", words),
    )


def _earlier() -> list[Answer]:
    rows = (
        ("A-19962", (2025, 12, 2), 14, "Joint clinic 9 December"),
        ("A-20217", (2026, 1, 5), 13, "Clinic 8 January, SBRT planned"),
        ("A-16390", (2025, 1, 9), 8, "Radiation oncology 10 January"),
        ("A-20071", (2025, 12, 12), 16, "Clinic 16 December"),
        ("A-18961", (2025, 9, 3), 12, "Joint clinic 9 September"),
        ("A-20866", (2026, 3, 4), 14, "Palliative care visit 6 March; hospice chosen 8 March"),
    )
    return [
        answer
        for accession, day, hour, words in rows
        for answer in steps(
            accession,
            (local(*day, hour, 12), "bell", "mine", "", ""),
            (local(*day, hour + 1, 3), "bell", "acted", "booked", words),
        )
    ]


def _today() -> list[Answer]:
    """Tuesday 10 March: Theo owned but not acted on in time, Ivo passed on, Ada with the surgeon."""
    return [
        *steps("A-20911", (local(2026, 3, 10, 10, 2), "bell", "mine", "", "")),
        *steps(
            "A-20921",
            (local(2026, 3, 10, 12, 13), "bell", "not-me", "spine-backup", ""),
            (local(2026, 3, 10, 12, 20), "lindqvist", "mine", "", ""),
        ),
        *steps(
            "A-20927",
            (local(2026, 3, 10, 13, 49), "okafor", "mine", "", ""),
            (local(2026, 3, 10, 13, 50), "hale", "hand", "neuroradiology", "Read back by Dr Okafor"),
        ),
    ]


def live() -> list[Message]:
    """What arrives while one looks, in the order of its times."""
    exams = [_rosa_now(), _nora_now(), _nobody_now(), *_mei_now(), _lena_now()]
    return [message(exam, delay=2) for exam in exams]


def _rosa_now() -> Exam:
    found = Finding("T8", "1c", "lytic", ">50%", "bilateral", status="progressed")
    return told(ROSA, "A-20931", THORACIC, (found,), local(2026, 3, 10, 12, 40), local(2026, 3, 10, 14, 5),
                "Back pain, worse for two weeks.", before=local(2025, 12, 2))  # fmt: skip


def _nora_now() -> Exam:
    end = local(2026, 3, 10, 12, 55)
    text = "\n".join(
        (
            f"EXAM: {LUMBAR.name}",
            f"INDICATION: {NORA.age(end.date())}-year-old woman with multiple myeloma. New back pain.",
            "COMPARISON: 3 Sep 2025.",
            "FINDINGS: Replacement of the L1 vertebral body by tumour, with loss of height that is new.",
            "Tumour extends into the canal with compression at L1. Other levels as before.",
            "IMPRESSION: L1 myeloma deposit with compression.",
            "",
            MARK,
        )
    )
    base = told(NORA, "A-20932", LUMBAR, (), end, local(2026, 3, 10, 14, 9), "")
    return replace(base, text=text, kind="free-text", lane="none")


def _nobody_now() -> Exam:
    """A message that lost its patient on the way: held, but its urgent words still reach the duty role."""
    who = Someone(0, "", "", date(1960, 1, 1), "F", "cancer")
    found = Finding("T5", "2", "lytic", "<50%", "unilateral")
    base = told(
        who,
        "A-20933",
        THORACIC,
        (found,),
        local(2026, 3, 10, 13, 20),
        local(2026, 3, 10, 14, 12),
        "Leg weakness.",
    )
    return replace(base, kind="no-patient")


def _mei_now() -> list[Exam]:
    found = Finding("C5", "1b", "lytic", "none", "unilateral")
    first = told(MEI, "A-20940", CERVICAL, (found,), local(2026, 3, 11, 15, 58), local(2026, 3, 11, 16, 50),
                 "Neck pain.", before=local(2025, 8, 12), place=("E", "EMERGENCY 4"))  # fmt: skip
    more = "ADDENDUM: Findings discussed with the emergency physician. No change."
    text = first.text.replace("\n\nSPINE ONCOLOGY MACRO", f"\n{more}\n\nSPINE ONCOLOGY MACRO", 1)
    return [first, replace(first, kind="addendum", status="C", reported=local(2026, 3, 12, 9, 15), text=text)]


def _lena_now() -> Exam:
    found = Finding("T11", "3", "lytic", ">50%", "bilateral", signal="new", status="progressed")
    return told(LENA, "A-20950", THORACIC, (found,), local(2026, 3, 13, 17, 52), local(2026, 3, 13, 18, 40),
                "Legs weak since Thursday.", before=local(2026, 1, 5), place=("E", "EMERGENCY 2"))  # fmt: skip
