"""Eighteen invented months: who was examined when, what the reports said, and how people answered. Pure and fixed:
the same events every time, so that a test, a screenshot and a conversation speak of the same patients."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from random import Random

from soar2.demo import cast, present
from soar2.demo.answers import answers, finished
from soar2.demo.course import ACUTE, COURSES, Visit, course
from soar2.demo.events import START, ZONE, Answer, Event, Exam, Finding, Message, Someone
from soar2.demo.exams import LUMBAR, THORACIC, People, exam, slot
from soar2.demo.traffic import LIVE_DAYS, live_spine, outside
from soar2.demo.wire import message

SEED = 2026
BEGIN = date(2024, 9, 10)
MONTHS = 18
PATIENTS = 320
OTHERS = 60  # people whose other exams keep the feed alive
END = START + timedelta(days=LIVE_DAYS)
LAST_ACCESSION = 20931  # Rosa Quill's, the first report of the demonstration


@dataclass(frozen=True)
class Story:
    """Everything that happens: ``history`` before the demonstration starts, ``live`` after, each in order."""

    history: tuple[Event, ...]
    live: tuple[Message, ...]

    @property
    def reports(self) -> tuple[Message, ...]:
        return tuple(event for event in self.history if isinstance(event, Message))


@cache
def story() -> Story:
    rng = Random(SEED)  # noqa: S311 - invented people need repeatable chance, not secrecy
    people = People(rng, 1000)
    for who in cast.EVERYBODY:
        people.reserve(who.given, who.family)
    ordinary = [item for _ in range(PATIENTS) for item in _patient(rng, people)]
    others = [people.somebody()[0] for _ in range(OTHERS)]
    fixed = (*cast.history(), *present.exams())
    history = [
        *_numbered(ordinary, frozenset(item.accession for item in fixed)),
        *(message(item) for item in fixed),
        *cast.answers(),
        *present.answers(),
        *_filtered(rng, others),
    ]
    live = [
        *cast.live(),
        *live_spine(rng, people, LAST_ACCESSION + 20),
        *outside(rng, others, START, END, "X"),
    ]
    return Story(tuple(sorted(history, key=_order)), tuple(sorted(live, key=lambda item: item.at)))


def _order(event: Event) -> tuple[datetime, int]:
    return event.at, isinstance(event, Answer)


def _filtered(rng: Random, others: Sequence[Someone]) -> list[Message]:
    """Other exams: the last day as they come, so that the feed page shows a living feed."""
    return outside(rng, others, START - timedelta(hours=26), START - timedelta(seconds=20), "W")


Told = tuple[Exam, Sequence[Answer]]


def _patient(rng: Random, people: People) -> Iterator[Told]:
    who, lesion = people.somebody()
    kind = rng.choices([name for name, _ in COURSES], [share for _, share in COURSES])[0]
    day = BEGIN + timedelta(days=int(545 * rng.random() ** 0.5))
    visits = course(rng, kind, lesion)
    before: datetime | None = None
    year = ""
    for n, visit in enumerate(visits):
        day += timedelta(days=visit.gap if n else 0)
        start = slot(rng, day, kind in ACUTE and n == 0)
        year = year or _year_of_treatment(visit, before)
        told = list(_visit(rng, who, _dated(visit, year), start, before, kind, last=n == len(visits) - 1))
        if not told or any(not finished(replies, START) for _, replies in told):
            return  # a story that would still be open belongs to the present, which is written by hand
        yield from told
        before = start


def _year_of_treatment(visit: Visit, before: datetime | None) -> str:
    """Treatment comes about two weeks after the exam before."""
    treated = any(finding.treated for finding in visit.findings)
    return str((before + timedelta(days=14)).year) if treated and before else ""


def _dated(visit: Visit, year: str) -> Visit:
    return replace(
        visit,
        findings=tuple(replace(f, treated=f"{f.treated} {year}") if f.treated else f for f in visit.findings),
    )


def _visit(
    rng: Random,
    who: Someone,
    visit: Visit,
    start: datetime,
    before: datetime | None,
    kind: str,
    *,
    last: bool,
) -> Iterator[Told]:
    macro = kind not in ("clear", "bone") or rng.random() > _free_text_share(start)
    one = exam(
        rng, who, visit.findings, start, before=before, acute=kind in ACUTE and before is None, macro=macro
    )
    if one.reported > START - timedelta(hours=5):
        return
    replies = answers(rng, message(replace(one, accession="?")))
    yield one, replies
    chance = rng.random()
    if macro and one.findings and chance < 0.02:
        yield _addendum(rng, one), []
    elif one.patient_class == "E" and chance < 0.3:
        early = replace(one, kind="preliminary", status="P", reported=one.end + timedelta(minutes=9))
        yield early, []
    elif macro and last and chance > 0.97 and kind == "bone" and one.procedure is THORACIC:
        yield _lumbar_part(rng, one), []


def _free_text_share(start: datetime) -> float:
    """Radiologists took the macro up over the first year."""
    since = (start.astimezone(ZONE).date() - BEGIN).days / 365
    return max(0.12, 0.5 - 0.4 * since)


def _addendum(rng: Random, one: Exam) -> Exam:
    text = one.text.replace(
        "\n\nSPINE", "\nADDENDUM: Clinical history completed. Findings unchanged.\n\nSPINE", 1
    )
    later = one.reported + timedelta(minutes=rng.randint(25, 190))
    return replace(one, kind="addendum", status="C", reported=later, text=text)


def _lumbar_part(rng: Random, one: Exam) -> Exam:
    """The lumbar part of the same exam, ordered and reported on its own."""
    bone = Finding("L3", "none", "blastic", below=True)
    part = exam(rng, one.who, (bone,), one.end + timedelta(minutes=4), procedure=LUMBAR)
    return replace(part, reported=one.reported + timedelta(minutes=rng.randint(3, 40)))


def _numbered(told: Sequence[Told], taken: frozenset[str]) -> list[Event]:
    """Accession numbers in order of exams; versions of one report share theirs."""
    keys = sorted({_key(one) for one, _ in told}, reverse=True)
    free = (name for n in count(1) if (name := f"A-{LAST_ACCESSION - n}") not in taken)
    number = dict(zip(keys, free, strict=False))
    events: list[Event] = []
    for one, replies in told:
        accession = number[_key(one)]
        events.append(message(replace(one, accession=accession)))
        events.extend(replace(reply, accession=accession) for reply in replies)
    return events


def _key(one: Exam) -> tuple[datetime, int, str]:
    return one.end.astimezone(UTC), one.who.number, one.procedure.code
