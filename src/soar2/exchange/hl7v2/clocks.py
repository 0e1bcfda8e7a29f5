"""Times that cannot be: an exam after its own report, tomorrow, or in another age. Pure.

A report with such a clock is read like any other, since an urgent finding must not be lost for it. But no
deadline and no measure may start from it, so the times of the exam are left out and somebody is told.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from soar2.exchange.hl7v2.charsets import Note
from soar2.exchange.hl7v2.types import ImagingResult

CLOCK = "clock"  # kind of the notes
AHEAD = timedelta(hours=1)  # how far a scanner's clock may run ahead of ours
LONG_AGO = timedelta(days=3653)  # no report is first written ten years after its exam
REPORT_BEFORE_EXAM = "The report time lies before the exam."
EXAM_AHEAD = "The exam lies in the future."
REPORT_AHEAD = "The report time lies in the future."
SENT_AHEAD = "The report has no time of its own, and the message time lies in the future."
EXAM_LONG_AGO = "The exam lies more than ten years back."
# A time given to the day means any moment of that day.
_WIDTHS = {
    "year": timedelta(days=366),
    "month": timedelta(days=31),
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
}


def trusted(result: ImagingResult, now: datetime) -> tuple[ImagingResult, tuple[Note, ...]]:
    """The result without the times that cannot be, and a note for each reason; itself when all may be."""
    found = list(dict.fromkeys(_faults(result, now)))
    if not found:
        return result, ()
    changes: dict[str, datetime | bool | None] = {}
    if set(found) - {REPORT_AHEAD, SENT_AHEAD}:
        changes |= {"exam_start": None, "exam_end": None, "exam_time_is_start": False}
    if {REPORT_AHEAD, SENT_AHEAD} & set(found):  # else it would seem to overtake every later correction
        changes |= {"reported_at": None, "sent_at": None}
    return replace(result, **changes), tuple(Note(CLOCK, words) for words in found)  # type: ignore[arg-type]


def report_before_exam(result: ImagingResult) -> bool:
    """Whether the report says to have been made before its exam began, by more than its own precision."""
    reported, exam = result.reported_at, result.exam_start or result.exam_end
    return bool(reported and exam and reported + _width(result, reported) < exam)


def _faults(result: ImagingResult, now: datetime) -> Iterator[str]:
    exams = [at for at in (result.exam_start, result.exam_end) if at]
    if report_before_exam(result):
        yield REPORT_BEFORE_EXAM
    if any(at > now + AHEAD for at in exams):
        yield EXAM_AHEAD
    if any(at < now - LONG_AGO for at in exams):
        yield EXAM_LONG_AGO
    if result.reported_at and result.reported_at > now + AHEAD:
        yield REPORT_AHEAD
    if not result.reported_at and result.sent_at and result.sent_at > now + AHEAD:
        yield SENT_AHEAD


def _width(result: ImagingResult, at: datetime) -> timedelta:
    """How long the stated moment may last."""
    stated = next((moment for moment in result.moments.values() if moment.at == at), None)
    return _WIDTHS.get(stated.precision, timedelta(0)) if stated else timedelta(0)
