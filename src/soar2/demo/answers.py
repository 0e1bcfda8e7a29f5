"""How people answered: who was on duty, how long they took, what they did. Pure, for a given random source.

Medians follow what published programmes reach in hours; nights and weekends are slower, and a few answers are late,
because a history without a late answer would teach nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from math import log
from pathlib import Path
from random import Random

from soar2.criteria.packs import Span
from soar2.demo.events import ZONE, Answer, Message
from soar2.record.programme import Programme, load

SETTINGS = Path(__file__).with_name("soar2.toml")

CALLED = ("Spoke with the team; admitted for review", "Team informed, seen on the ward", "Patient called in")
BOOKED = (
    "Joint clinic this week",
    "Clinic visit booked",
    "Visit and simulation booked",
    "Telehealth visit booked",
)
SURVEILLED = (
    "Bone disease only; next MRI in three months",
    "Unchanged after treatment; follow-up stays as planned",
    "Known to the oncologist; no visit needed now",
)
READ = (
    "No metastasis described; nothing to do",
    "Bone disease only, oncologist has it",
    "Asked the radiologist for the macro; stable disease",
    "Degenerative change only",
)


@cache
def programme() -> Programme:
    """The demonstration's settings: calendar, roles and rota."""
    found, faults = load(SETTINGS)
    if faults:
        raise ValueError("\n".join(faults))
    return found


def on_duty(role: str, at: datetime) -> str:
    """Who holds a role at ``at`` by the weekly rota; empty when nobody does."""
    here = at.astimezone(ZONE)
    clock, today, yesterday = here.time(), here.weekday(), (here - timedelta(days=1)).weekday()
    for turn in programme().rota:
        if turn.role != role:
            continue
        if turn.since < turn.until:
            covers = today in turn.weekdays and turn.since <= clock < turn.until
        else:
            covers = (today in turn.weekdays and clock >= turn.since) or (
                yesterday in turn.weekdays and clock < turn.until
            )
        if covers:
            return turn.person
    return ""


def answers(rng: Random, message: Message) -> list[Answer]:
    """What people did about one report; empty for one that asks nothing of anybody."""
    exam = message.exam
    if exam.kind == "free-text":
        return [_reading(rng, message)]
    if exam.kind in ("outside", "preliminary", "no-patient") or exam.lane == "none":
        return []
    return {"emergent": _emergent, "urgent": _urgent, "expedited": _expedited, "routine": _routine}[
        exam.lane
    ](rng, message)


def _minutes(rng: Random, median: float, spread: float) -> timedelta:
    return timedelta(minutes=max(0.5, rng.lognormvariate(log(median), spread)))


def _open_hours(at: datetime) -> bool:
    return programme().calendar.is_open(at)


def _working(at: datetime, minutes: float) -> datetime:
    return programme().calendar.add(at, Span("working", round(minutes)))


def _answer(
    message: Message, at: datetime, person: str, kind: str, words: str = "", detail: str = ""
) -> Answer:
    return Answer(at, message.exam.accession, person, kind, words, detail)


def _emergent(rng: Random, message: Message) -> list[Answer]:
    quick = 3.0 if _open_hours(message.at) else 5.0
    wait = _minutes(rng, 22 if rng.random() < 0.07 else quick, 0.5)
    owned = message.at + wait
    who = on_duty("neurosurgery-on-call", owned)
    called = message.at + _minutes(rng, 4, 0.3)
    done = owned + _minutes(rng, 14, 0.4)
    steps = [
        _answer(message, called, "hale", "hand", "neuroradiology", "Read back by the ward team"),
        _answer(message, owned, who, "mine"),
        _answer(message, done, who, "acted", "called", rng.choice(CALLED)),
    ]
    return [step for step in steps if step.at <= done]


def _urgent(rng: Random, message: Message) -> list[Answer]:
    open_hours = _open_hours(message.at)
    median = 80 if rng.random() < 0.05 else 13 if open_hours else 21
    owned = message.at + _minutes(rng, median, 0.6)
    role = "navigator" if open_hours else "spine-on-call"
    first: list[Answer] = []
    if open_hours and rng.random() < 0.04:
        first = [_answer(message, message.at + timedelta(minutes=4), "bell", "not-me", "spine-on-call")]
        role = "spine-on-call"
        owned += timedelta(minutes=6)
    elif rng.random() < 0.05:
        known = message.at + (owned - message.at) / 2
        first = [_answer(message, known, "varga", "already-known", "Seen in clinic last week")]
    who = on_duty(role, owned) or on_duty("spine-on-call", owned)
    done = owned + _minutes(rng, 62, 0.55)
    kind, words = ("booked", BOOKED) if open_hours else ("called", CALLED)
    return [
        *first,
        _answer(message, owned, who, "mine"),
        _answer(message, done, who, "acted", kind, rng.choice(words)),
    ]


def _expedited(rng: Random, message: Message) -> list[Answer]:
    late = rng.random() < 0.05
    owned = _working(message.at, 300 if late else min(235.0, rng.lognormvariate(log(70), 0.7)))
    owned += timedelta(minutes=rng.randint(1, 9))
    who = "ruiz" if late else on_duty("navigator", owned) or "bell"
    done = _in_time(rng, owned, _working(owned, min(300.0, rng.lognormvariate(log(55), 0.6))))
    return [
        _answer(message, owned, who, "mine"),
        _answer(message, done, who, "acted", rng.choice(("booked", "booked", "called")), rng.choice(BOOKED)),
    ]


def _in_time(rng: Random, owned: datetime, done: datetime) -> datetime:
    """Most act before the working day ends; one in ten does not, and the clock passes."""
    end = programme().calendar.add(owned, Span("same_day", 0))
    return done if done < end or rng.random() < 0.1 else owned + (end - owned) * rng.uniform(0.3, 0.9)


def next_digest(at: datetime) -> datetime:
    """07:30 of this working day when that is still to come, else of the next one."""
    calendar, here = programme().calendar, at.astimezone(ZONE)
    today = here.replace(hour=7, minute=30, second=0, microsecond=0)
    if calendar.is_working_day(here.date()) and today >= here:
        return today
    return calendar.add(at, Span("day_at", 450))


def _routine(rng: Random, message: Message) -> list[Answer]:
    owned = next_digest(message.at) + timedelta(minutes=rng.randint(4, 70), seconds=rng.randint(0, 59))
    done = owned + timedelta(seconds=rng.randint(20, 150))
    who = on_duty("navigator", owned) or "bell"
    return [
        _answer(message, owned, who, "mine"),
        _answer(message, done, who, "acted", "no-action", rng.choice(SURVEILLED)),
    ]


def _reading(rng: Random, message: Message) -> Answer:
    at = _working(message.at, min(400.0, rng.lognormvariate(log(95), 0.6))) + timedelta(
        minutes=rng.randint(1, 9)
    )
    return _answer(message, at, on_duty("navigator", at) or "bell", "read", rng.choice(READ))


def finished(steps: Sequence[Answer], at: datetime) -> bool:
    """Whether everything that was going to be answered had been by ``at``."""
    return all(step.at < at for step in steps)
