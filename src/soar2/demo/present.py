"""What is open when the demonstration starts, beside the named cast: one of every state a list can show. All invented."""

from dataclasses import replace
from datetime import date

from soar2.demo.cast import steps, told
from soar2.demo.events import Answer, Exam, Finding, Someone, local
from soar2.demo.exams import LUMBAR, THORACIC, TOTAL
from soar2.demo.prose import report

IMANI = Someone(4601, "Imani", "Otterbourn", date(1968, 2, 11), "F", "lung cancer")
CORA = Someone(4607, "Cora", "Lindmarsh", date(1967, 10, 3), "F", "lung cancer")
DOV = Someone(4612, "Dov", "Reyesholt", date(1962, 5, 27), "M", "renal cell carcinoma")
INES = Someone(4618, "Ines", "Parkmoor", date(1955, 12, 19), "F", "breast cancer")
KOFI = Someone(4625, "Kofi", "Quarrenden", date(1959, 7, 8), "M", "prostate cancer")
SOLVEIG = Someone(4631, "Solveig", "Tarnfield", date(1971, 1, 24), "F", "melanoma")
YUSUF = Someone(4639, "Yusuf", "Heronsgill", date(1964, 9, 15), "M", "colorectal cancer")
MARISOL = Someone(4644, "Marisol", "Escalonde", date(1958, 3, 6), "F", "breast cancer")
BAO = Someone(4650, "Bao", "Nguyenne", date(1950, 11, 29), "M", "prostate cancer")
HALINA = Someone(4657, "Halina", "Lewandor", date(1949, 8, 18), "F", "breast cancer")
EDMUND = Someone(4662, "Edmund", "Kettlemere", date(1953, 6, 1), "M", "prostate cancer")
RAHEL = Someone(4668, "Rahel", "Wainscroft", date(1966, 4, 22), "F", "breast cancer")
TARIQ = Someone(4673, "Tariq", "Mansouran", date(1961, 2, 2), "M", "bladder cancer")


def exams() -> list[Exam]:
    """Reports whose notices are still open, and two that wait to be read."""
    return [*_waiting(), *_owned(), *_routine(), *_to_read()]


def _waiting() -> list[Exam]:
    """Nobody owns these: one urgent and due soon, one due this afternoon, one known but not owned, one overdue."""
    return [
        told(IMANI, "A-20926", THORACIC, (Finding("T5", "1c", "lytic", "<50%", "unilateral"),),
             local(2026, 3, 10, 12, 20), local(2026, 3, 10, 13, 27), "New back pain, known lung cancer."),
        told(KOFI, "A-20918", THORACIC, (Finding("T10", "1a", "mixed", "none", "unilateral"),),
             local(2026, 3, 10, 9, 40), local(2026, 3, 10, 10, 48), "Restaging."),
        told(SOLVEIG, "A-20923", THORACIC, (Finding("T4", "1b", "lytic", "<50%", "none"),),
             local(2026, 3, 10, 11, 5), local(2026, 3, 10, 12, 32), "Back pain at night."),
        told(YUSUF, "A-20920", LUMBAR, (Finding("L3", "mild", "mixed", below=True),),
             local(2026, 3, 10, 10, 30), local(2026, 3, 10, 11, 55), "Leg pain."),
        told(MARISOL, "A-20902", THORACIC, (Finding("T12", "0", "lytic", "<50%", "none"),),
             local(2026, 3, 9, 14, 45), local(2026, 3, 9, 16, 20), "Pain on standing."),
    ]  # fmt: skip


def _owned() -> list[Exam]:
    again = Finding("T4", "1b", "lytic", "<50%", "none", status="progressed", treated="SBRT 2024")
    return [
        told(CORA, "A-20905", TOTAL, (Finding("L1", "1b", "lytic", "none", "unilateral"),),
             local(2026, 3, 9, 16, 15), local(2026, 3, 9, 17, 40), "Bone pain at night."),
        told(DOV, "A-20912", THORACIC, (again,), local(2026, 3, 10, 7, 50), local(2026, 3, 10, 9, 5),
             "Follow-up after SBRT elsewhere."),
    ]  # fmt: skip


def _routine() -> list[Exam]:
    """One stands in this morning's digest, the others wait for tomorrow's."""
    return [
        told(EDMUND, "A-20903", THORACIC, (Finding("T7", "0", "blastic"),),
             local(2026, 3, 9, 15, 20), local(2026, 3, 9, 17, 5), "Restaging."),
        told(INES, "A-20910", THORACIC, (Finding("T10", "0", "mixed"),),
             local(2026, 3, 10, 7, 35), local(2026, 3, 10, 8, 50), "Restaging."),
        told(BAO, "A-20922", LUMBAR, (Finding("L2", "none", "blastic", below=True),),
             local(2026, 3, 10, 11, 0), local(2026, 3, 10, 12, 21), "Follow-up of known bone disease."),
        told(HALINA, "A-20925", TOTAL, (Finding("T5", "0", "mixed"), Finding("T9", "0", "mixed")),
             local(2026, 3, 10, 11, 50), local(2026, 3, 10, 13, 10), "Follow-up of known bone disease."),
    ]  # fmt: skip


def _to_read() -> list[Exam]:
    found = (Finding("T6", "0", "blastic", status="stable"),)
    rows = (
        (TARIQ, "A-20904", local(2026, 3, 9, 15, 40), local(2026, 3, 9, 17, 22)),
        (RAHEL, "A-20916", local(2026, 3, 10, 8, 55), local(2026, 3, 10, 10, 15)),
    )
    return [
        replace(
            told(who, accession, THORACIC, found, end, reported, ""),
            text=report(who, THORACIC, found, on=end, why="Restaging.", macro=False),
            kind="free-text",
            lane="none",
        )
        for who, accession, end, reported in rows
    ]


def answers() -> list[Answer]:
    return [
        *steps("A-20905", (local(2026, 3, 10, 8, 5), "bell", "mine", "", "")),
        *steps("A-20912", (local(2026, 3, 10, 9, 41), "bell", "mine", "", "")),
        *steps(
            "A-20920", (local(2026, 3, 10, 12, 40), "varga", "already-known", "Seen in clinic on 5 March", "")
        ),
    ]
