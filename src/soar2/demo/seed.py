"""The history of the demonstration, put into an empty database by the same verbs that live messages run through.

Nothing is written past them: each message is read, filed, scored and answered at its own time, and each rung fires
when it was due. Only the mail is not sent: its rows are marked as delivered by the rota of that hour.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count

from soar2.demo import history
from soar2.demo.answers import programme
from soar2.demo.deliveries import deliver_history
from soar2.demo.events import START, ZONE, Answer, Event, Message
from soar2.demo.story import MONTHS, story
from soar2.errors import Refused
from soar2.exchange.arrival import received
from soar2.exchange.dispatch import apply_one
from soar2.exchange.models import InboundMessage
from soar2.pathway.notices import actions as notices
from soar2.pathway.notices import queries
from soar2.pathway.reports.actions import mark_read
from soar2.record import clock
from soar2.record.models import LedgerEntry, Patient, Person
from soar2.record.people import load_programme

STORED = ("raw", "body_hash", "door", "peer", "sending_application", "sending_facility", "control_id", "message_type",
          "answer_code", "answer", "state", "reason", "where")  # fmt: skip
CHUNK = 80  # events in one transaction
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Summary:
    """What the database now holds, all of it invented."""

    months: int
    patients: int
    messages: int
    reports: int
    notices: int
    replies: int
    open_notices: int

    @property
    def words(self) -> str:
        return (
            f"Synthetic programme: {self.months} months, {self.patients} patients, {self.reports} spine reports, "
            f"{self.notices} notices, {self.replies} replies; {self.open_notices} notices open. None of it is real."
        )


def seeded() -> bool:
    """Whether this database holds a finished demonstration: its clock is set last."""
    return clock.state() is not None


def seed(now: datetime | None = None, *, progress: Progress | None = None) -> Summary:
    """Play the story up to ``now`` (default: where the demonstration starts) and stop the demo clock there.

    ``progress`` is told in words how far it is, about once a quarter. Raises Refused when the database is not empty.
    """
    if Patient.objects.exists() or InboundMessage.objects.exists():
        raise Refused("This database holds patients already. Start over with: soar2 demo --reset")
    until = now or START
    load_programme(programme())
    events = [event for event in story().history if event.at <= until]
    gc.freeze()  # the story is large and lives on; counting through it again and again would take a tenth of the time
    playing = _Playing(history.ticks(events, until))
    for chunk in batched(events, CHUNK):
        with _one_transaction():
            playing.play(chunk)
            deliver_history(playing.people)
        if progress:
            _report(progress, chunk)
    with _one_transaction():
        playing.sweep_until(until)
        notices.sweep(until)
        deliver_history(playing.people)
        clock.start(until, running=False)
    return summary()


@contextmanager
def _one_transaction() -> Iterator[None]:
    """A chunk stands or falls as a whole, so the verbs' own savepoints, a third of all statements, are left out."""
    features = connection.features
    with transaction.atomic():
        features.uses_savepoints = False
        try:
            yield
        finally:
            features.uses_savepoints = True


def _report(progress: Progress, chunk: Sequence[Event]) -> None:
    first, last = (event.at.astimezone(ZONE) for event in (chunk[0], chunk[-1]))
    if (first.month - 1) // 3 != (last.month - 1) // 3:
        progress(f"{last:%B %Y}")


def summary() -> Summary:
    """Counted from the ledger, where every fact of the story has left its row."""
    counted = dict(LedgerEntry.objects.values_list("kind").annotate(n=Count("id")))
    replies = ("notice.mine", "notice.not-me", "notice.already-known", "notice.acted")
    closed = counted.get("notice.acted", 0) + counted.get("notice.superseded", 0)
    opened = counted.get("notice.opened", 0)
    return Summary(
        months=MONTHS,
        patients=Patient.objects.count(),
        messages=InboundMessage.objects.count(),
        reports=sum(counted.get(f"report.{kind}", 0) for kind in ("scored", "preliminary", "late")),
        notices=opened,
        replies=sum(counted.get(kind, 0) for kind in replies),
        open_notices=opened - closed,
    )


@dataclass
class _Playing:
    """The state of one run: who is who, and which report and notice belong to an accession."""

    ticks: Iterator[tuple[datetime, bool]]
    people: dict[str, Person] = field(default_factory=lambda: {p.key: p for p in Person.objects.all()})
    report: dict[str, UUID] = field(default_factory=dict)
    notice: dict[str, UUID] = field(default_factory=dict)
    last_fact: int = 0
    next_tick: tuple[datetime, bool] | None = None

    def __post_init__(self) -> None:
        self.next_tick = next(self.ticks, None)

    def play(self, events: Sequence[Event]) -> None:
        rows = arrivals([event for event in events if isinstance(event, Message)])
        for event in events:
            self.sweep_until(event.at)
            if isinstance(event, Message):
                self._file(event, next(rows))
            else:
                self._answer(event)

    def sweep_until(self, at: datetime) -> None:
        """Let time pass: whatever was due on the way happens at its own minute."""
        while self.next_tick is not None and self.next_tick[0] <= at:
            tick, is_rung = self.next_tick
            (notices.sweep if is_rung else notices.make_digests)(tick)
            self.next_tick = next(self.ticks, None)

    def _file(self, message: Message, row: InboundMessage) -> None:
        if not apply_one(row.id, message.at):
            raise RuntimeError(f"The story's message {message.control_id} could not be applied.")
        facts = LedgerEntry.objects.filter(id__gt=self.last_fact, kind__in=history.FACTS).order_by("id")
        for number, kind, subject, data in facts.values_list("id", "kind", "subject", "data"):
            self.last_fact = number
            if kind.startswith("report."):
                self.report[message.exam.accession] = UUID(subject)
            elif data["report"] == str(self.report[message.exam.accession]):
                self.notice[message.exam.accession] = UUID(subject)

    def _answer(self, answer: Answer) -> None:
        person = self.people[answer.person]
        if answer.kind == "read":
            report = self.report[answer.accession]
            mark_read(report, person=person, outcome=answer.words, now=answer.at)
        elif answer.kind == "hand":
            self._by_hand(answer, person)
        else:
            _reply(self.notice[answer.accession], answer, person)

    def _by_hand(self, answer: Answer, person: Person) -> None:
        card = queries.card(queries.about_report(self.report[answer.accession]))
        for rung in card.rungs if card else ():
            if rung.by_hand and rung.role == answer.words:
                notices.step_done(rung.id, person=person, now=answer.at, note=answer.detail)


def _reply(notice: UUID, answer: Answer, person: Person) -> None:
    if answer.kind == "mine":
        notices.mine(notice, person=person, now=answer.at)
    elif answer.kind == "not-me":
        notices.not_me(notice, person=person, now=answer.at, role=answer.words)
    elif answer.kind == "already-known":
        notices.already_known(notice, person=person, now=answer.at, plan=answer.words)
    else:
        notices.acted(notice, person=person, now=answer.at, action=answer.words, detail=answer.detail)


def arrivals(messages: Sequence[Message]) -> Iterator[InboundMessage]:
    """The inbox rows of these messages, as the listener would have stored them."""
    rows = []
    for message in messages:
        arrival = received(
            message.raw, peer="127.0.0.1", now=message.at, answer_id=f"D{message.control_id}"[:20]
        )
        rows.append(
            InboundMessage(received_at=message.at, **{name: getattr(arrival, name) for name in STORED})
        )
    return iter(InboundMessage.objects.bulk_create(rows))
