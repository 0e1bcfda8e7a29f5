"""The ordinary day of a radiology system: exams of other regions every few minutes, a few spine exams a day. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from soar2.demo.course import COURSES, course
from soar2.demo.events import START, ZONE, Exam, Finding, Message, Someone, local
from soar2.demo.exams import People, exam, outside_exam
from soar2.demo.wire import message

LIVE_DAYS = 14


def outside(
    rng: Random, others: Sequence[Someone], since: datetime, until: datetime, prefix: str
) -> list[Message]:
    """Messages outside the programme between two times, close together by day and sparse at night."""
    found: list[Message] = []
    at = since.astimezone(UTC)
    while (at := at + _pause(rng, at)) < until:
        found.append(message(outside_exam(rng, rng.choice(others), at, f"{prefix}-{len(found) + 1:05d}")))
    return found


def _pause(rng: Random, at: datetime) -> timedelta:
    here = at.astimezone(ZONE)
    busy = here.weekday() < 5 and 7 <= here.hour < 19
    return timedelta(seconds=rng.randint(200, 660) if busy else rng.randint(900, 2400))


def live_spine(rng: Random, people: People, first_accession: int) -> list[Message]:
    """Spine reports of the coming days: two or three on a working day, at most one on other days."""
    exams = sorted((_one(rng, people, start) for start in _starts(rng)), key=lambda item: item.reported)
    return [message(replace(item, accession=f"A-{first_accession + n}")) for n, item in enumerate(exams)]


def _starts(rng: Random) -> Iterator[datetime]:
    for ahead in range(LIVE_DAYS):
        day = START + timedelta(days=ahead)
        count = rng.choice((2, 3)) if day.weekday() < 5 else rng.choice((0, 1))
        for _ in range(count):
            start = local(day.year, day.month, day.day, rng.randint(7, 17), rng.randint(0, 59)).astimezone(
                UTC
            )
            if start > START:
                yield start


def _one(rng: Random, people: People, start: datetime) -> Exam:
    """Never the gravest kind: the emergencies of these days belong to the named cast."""
    kinds = [(name, share) for name, share in COURSES if name not in ("cord", "unstable")]
    who, lesion = people.somebody()
    kind = rng.choices([name for name, _ in kinds], [share for _, share in kinds])[0]
    findings = course(rng, kind, lesion)[0].findings
    return exam(rng, who, _milder(findings), start, macro=rng.random() > 0.1)


def _milder(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(replace(f, grade="moderate") if f.grade == "severe" else f for f in findings)
