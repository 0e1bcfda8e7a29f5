"""A jump of the demo clock lives through the time it passes: messages, rungs and answers each at their own minute.

Without it everything of three days would arrive at once at the end of the jump, and look as if nobody had worked.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import batched

from django.db import transaction

from soar2.demo.deliveries import deliver_history
from soar2.demo.events import Answer, Event, Message
from soar2.demo.meanwhile import meanwhile
from soar2.demo.player import arrived
from soar2.demo.seed import arrivals
from soar2.demo.story import story
from soar2.exchange.dispatch import apply_one
from soar2.pathway.notices import actions as notices
from soar2.pathway.notices import queries
from soar2.pathway.reports import queries as reports
from soar2.pathway.reports.actions import mark_read
from soar2.record.models import Person

CHUNK = 40  # events in one transaction
HOUR = timedelta(hours=1)


def pass_time(since: datetime, until: datetime) -> int:
    """Play the story's live part from ``since`` up to ``until``; returns how many events.

    Call with the clock stopped. Nothing happens in a database that does not hold the demonstration's history.
    Broken off half-way, it goes on where it stopped: what has arrived is left out.
    """
    if not arrived(story().reports[-1:]):
        return 0
    people = {person.key: person for person in Person.objects.all()}
    events, at = _events(since, until), since
    for chunk in batched(events, CHUNK):
        with transaction.atomic():
            for event in chunk:
                _sweep(at, event.at)
                _play(event, people)
                at = event.at
            deliver_history(people)
    with transaction.atomic():
        _sweep(at, until)
        deliver_history(people)
    return len(events)


def _events(since: datetime, until: datetime) -> list[Event]:
    live = story().live
    known = arrived(live)
    messages = [one for one in live if one.at <= until and one.control_id not in known]
    answers = [one for one in meanwhile(live) if since < one.at <= until]
    return sorted([*messages, *answers], key=lambda event: (event.at, isinstance(event, Answer)))


def _sweep(since: datetime, until: datetime) -> None:
    """What comes due between two events, at its own minute."""
    for tick in _ticks(since, until):
        notices.sweep(tick)


def _ticks(since: datetime, until: datetime) -> Iterator[datetime]:
    at = since
    while True:
        due = queries.next_due(at)
        at = min(due, at + HOUR) if due else at + HOUR
        if at > until:
            return
        yield at


def _play(event: Event, people: dict[str, Person]) -> None:
    if isinstance(event, Message):
        row = next(arrivals([event]))
        apply_one(row.id, event.at)
    elif event.kind == "read":
        _read(event, people[event.person])
    else:
        _reply(event, people[event.person])


def _read(answer: Answer, person: Person) -> None:
    for report in reports.of_accession(answer.accession):
        if report.awaits_reading:
            mark_read(report.id, person=person, outcome=answer.words, now=answer.at)


def _reply(answer: Answer, person: Person) -> None:
    """Only what the visitor has not done already: an owned notice keeps its owner, who then acts."""
    cards = (queries.card(queries.about_report(one.id)) for one in reports.of_accession(answer.accession))
    card = next((one for one in cards if one and one.open), None)
    if card is None:
        return
    if answer.kind == "mine" and card.row.owner is None:
        notices.mine(card.row.id, person=person, now=answer.at)
    elif answer.kind == "acted" and card.row.owner is not None:
        owner = Person.objects.get(id=card.row.owner)
        notices.acted(card.row.id, person=owner, now=answer.at, action=answer.words, detail=answer.detail)
