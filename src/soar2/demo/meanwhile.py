"""What the staff did while the demonstration's clock was moved past it: nobody leaves an urgent report for three days.

Only a jump plays these answers. While the clock runs, at whatever speed, every row is the visitor's own. Pure.
"""

from collections.abc import Sequence
from random import Random

from soar2.demo.answers import answers
from soar2.demo.cast import steps
from soar2.demo.events import Answer, Message, local

BONE = "Bone disease only; next MRI in three months"
STAY = "Unchanged after treatment; follow-up stays as planned"


def meanwhile(live: Sequence[Message]) -> list[Answer]:
    """Every answer to what is open at the start or arrives later, in the order of their times."""
    named = [*_tuesday(), *_digest(), *_later()]
    told = {answer.accession for answer in named}
    ordinary = [
        answer
        for message in live
        if message.exam.accession not in told
        for answer in answers(Random(message.control_id), message)  # noqa: S311 - invented, and repeatable
    ]
    return sorted([*named, *ordinary], key=lambda answer: answer.at)


def _owned_and_booked(accession: str, hour: int, minute: int, words: str) -> list[Answer]:
    """The navigator owns it and has booked a visit half an hour later, on Tuesday 10 March."""
    return steps(
        accession,
        (local(2026, 3, 10, hour, minute), "bell", "mine", "", ""),
        (local(2026, 3, 10, hour, minute + 29), "bell", "acted", "booked", words),
    )


def _tuesday() -> list[Answer]:
    day = (2026, 3, 10)
    return [
        *steps("A-20927", (local(*day, 14, 17), "okafor", "acted", "called", "Theatre tonight; ward informed")),
        *steps("A-20921", (local(*day, 14, 18), "lindqvist", "acted", "seen", "Bladder normal; clinic Thursday")),
        *steps("A-20933", (local(*day, 14, 21), "okafor", "mine", "", ""),
               (local(*day, 14, 48), "okafor", "acted", "called", "Reading room named the patient; on the ward")),
        *_owned_and_booked("A-20926", 14, 22, "Clinic Thursday 12 March"),
        *_owned_and_booked("A-20918", 14, 30, "Telehealth visit Friday 13 March"),
        *_owned_and_booked("A-20931", 14, 24, "Joint clinic Friday 13 March 09:30"),
        *steps("A-20911", (local(*day, 15, 2), "bell", "acted", "booked", "Joint clinic Thursday 12 March")),
        *_owned_and_booked("A-20902", 15, 5, "Clinic Monday 16 March"),
        *steps("A-20932", (local(*day, 15, 40), "bell", "read", "Dr Hale dictates the grade; oncologist told", "")),
        *_owned_and_booked("A-20920", 15, 10, "Clinic Wednesday 18 March"),
        *_owned_and_booked("A-20923", 15, 20, "Clinic Thursday 12 March"),
        *steps("A-20905", (local(*day, 16, 5), "bell", "acted", "booked", "Telehealth visit Wednesday 11 March")),
        *steps("A-20912", (local(*day, 16, 12), "bell", "acted", "booked", "Radiation oncology Friday 13 March")),
        *steps("A-20904", (local(*day, 16, 31), "bell", "read", "Bone disease only, oncologist has it", "")),
        *steps("A-20916", (local(*day, 16, 34), "bell", "read", "Bone disease only, oncologist has it", "")),
    ]  # fmt: skip


def _digest() -> list[Answer]:
    """Routine lines: the one of Tuesday's digest that afternoon, the others from Wednesday's."""
    rows = (
        ("A-20903", local(2026, 3, 10, 16, 40), local(2026, 3, 10, 16, 41), BONE),
        ("A-20919", local(2026, 3, 11, 7, 41), local(2026, 3, 11, 7, 42), STAY),
        ("A-20910", local(2026, 3, 11, 7, 43), local(2026, 3, 11, 7, 44), BONE),
        ("A-20922", local(2026, 3, 11, 7, 45), local(2026, 3, 11, 7, 46), BONE),
        ("A-20925", local(2026, 3, 11, 7, 47), local(2026, 3, 11, 7, 48), BONE),
    )
    return [
        answer
        for accession, owned, done, words in rows
        for answer in steps(
            accession, (owned, "bell", "mine", "", ""), (done, "bell", "acted", "no-action", words)
        )
    ]


def _later() -> list[Answer]:
    """Mei goes home with a visit; Lena is owned by the surgeon's backup, after the first rungs found nobody."""
    return [
        *steps(
            "A-20940",
            (local(2026, 3, 11, 17, 6), "bell", "mine", "", ""),
            (local(2026, 3, 11, 17, 21), "bell", "acted", "booked", "Clinic Thursday 12 March 10:40, simulation 13:30"),
        ),
        *steps(
            "A-20950",
            (local(2026, 3, 13, 18, 58), "lindqvist", "mine", "", ""),
            (local(2026, 3, 13, 19, 9), "lindqvist", "acted", "called", "Admitted; separation surgery in the morning"),
        ),
    ]  # fmt: skip
