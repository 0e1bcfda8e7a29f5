"""What others may know of notices: frozen values, each from a bounded number of SQL queries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, Min, OuterRef, Prefetch, Q, QuerySet

from soar2.criteria.urgency import lane_rank
from soar2.pathway.notices.models import Digest, Notice, NoticeReport, Reply, Step
from soar2.pathway.reports import queries as reports
from soar2.record.models import DeliveryAttempt, OutboxMessage, Patient

CHANNELS = {
    "email": "e-mail",
    "page": "pager",
    "voice": "telephone",
    "list": "worklist",
    "incident": "incident record",
    "digest": "morning digest",
}

NEVER = timedelta(days=36500)  # a notice without a clock stands behind every notice with one


@dataclass(frozen=True)
class Rung:
    """One step of the ladder: whom it reaches, how, when, and what became of it."""

    id: int
    n: int
    due_at: datetime
    role: str
    role_name: str
    phone: str
    channel: str
    words: str
    state: str
    fired_at: datetime | None
    message: UUID | None
    hand_why: str
    done_at: datetime | None
    done_by: str
    done_note: str

    @property
    def by(self) -> str:
        """Its channel in words, before the role it reaches: 'pager to Nurse navigator'."""
        return f"{CHANNELS.get(self.channel, self.channel)} to {self.role_name}"

    @property
    def by_hand(self) -> bool:
        """Whether a person must do this step now, because no channel can."""
        return self.state == Step.HAND

    @property
    def to_do(self) -> str:
        """What the hand task asks: 'Telephone Neurosurgery backup 4-7751'."""
        if self.channel == "incident":
            return "Open an incident record"
        return f"Telephone {self.role_name} {self.phone}".rstrip()


@dataclass(frozen=True)
class Answer:
    """What one person replied."""

    at: datetime
    person: str
    kind: str
    detail: str


@dataclass(frozen=True)
class Try:
    """One attempt to deliver."""

    at: datetime
    person: str
    outcome: str
    detail: str


@dataclass(frozen=True)
class Delivery:
    """One copy of a notice on its way out, with every attempt."""

    id: UUID
    channel: str
    role_name: str
    person: str
    state: str
    created_at: datetime
    sent_at: datetime | None
    failure: str
    tries: tuple[Try, ...]

    @property
    def words(self) -> str:
        said = {"sent": "sent", "failed": "failed", "dropped": "not needed"}
        return said.get(self.state, "retrying" if self.tries else "queued")


@dataclass(frozen=True)
class Who:
    """The patient as a list shows one; None everywhere when identity is not resolved."""

    id: UUID
    name: str
    birth_date: date | None
    sex: str
    diagnosis: str
    provisional: bool


@dataclass(frozen=True)
class NoticeRow:
    """An open notice as a list needs it."""

    id: UUID
    case_code: str
    patient: Who | None
    accession: str
    place: str
    lane: str
    role: str
    role_name: str
    headline: str
    reasons: tuple[str, ...]
    rise: str
    review: bool
    identity_unresolved: bool
    score: tuple[int | None, int | None]
    exam_end: datetime | None
    opened_at: datetime
    acknowledge_due: datetime
    action_due: datetime | None
    visit_due: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    owner: int | None
    owner_name: str
    owned_at: datetime | None
    answers: tuple[Answer, ...]
    hand_tasks: tuple[Rung, ...]
    in_digest: bool
    changed_at: datetime
    owner_phone: str = ""

    @property
    def clock_due(self) -> datetime | None:
        """Not owned: until somebody must own it. Owned: until its owner must have acted."""
        return self.action_due if self.owner else self.acknowledge_due

    @property
    def clock_start(self) -> datetime:
        return self.owned_at if self.owner and self.owned_at else self.opened_at

    @property
    def clock_verb(self) -> str:
        return "act" if self.owner else "own"

    @property
    def is_new(self) -> bool:
        """Nobody has answered it yet."""
        return not self.answers and self.owner is None

    def overdue(self, now: datetime) -> bool:
        return self.clock_due is not None and now >= self.clock_due


@dataclass(frozen=True)
class NoticeCard:
    """A notice with its ladder, answers and deliveries."""

    row: NoticeRow
    rungs: tuple[Rung, ...]
    deliveries: tuple[Delivery, ...]
    reports: tuple[UUID, ...]
    pack: str
    acted_at: datetime | None
    acted_by: str
    action: str
    action_detail: str
    closed_at: datetime | None
    close_reason: str
    superseded_by: str

    @property
    def open(self) -> bool:
        return self.closed_at is None

    @property
    def acted_words(self) -> str:
        """'called', 'no action, because the patient has died'."""
        return _said(f"{self.action}: {self.action_detail}" if self.action_detail else self.action)

    @property
    def next_rung(self) -> Rung | None:
        """The next step that will fire by itself."""
        return next((rung for rung in self.rungs if rung.state == Step.WAITING), None)


def order(rows: Iterable[NoticeRow], now: datetime) -> tuple[NoticeRow, ...]:
    """Lane, overdue, rise, clock remaining, score, age: the most pressing first."""
    return tuple(sorted(rows, key=lambda row: _pressing(row, now)))


def _pressing(row: NoticeRow, now: datetime) -> tuple[Any, ...]:
    remaining = row.clock_due - now if row.clock_due else NEVER
    highest = row.score[1] or 0
    return (
        -lane_rank(row.lane),
        not row.overdue(now),
        not row.rise,
        remaining,
        -highest,
        row.opened_at,
        row.case_code,
    )


def open_rows(now: datetime) -> tuple[NoticeRow, ...]:
    """Every open notice, the most pressing first. Five queries, however many there are."""
    notices = list(_with_rows(Notice.objects.filter(closed_at=None)))
    places = reports.places(link.report for notice in notices for link in notice.reports.all())
    return order((_row(notice, places) for notice in notices), now)


def card(case_code: str) -> NoticeCard | None:
    """The notice of this case code, open or closed. A bounded number of queries."""
    return next(iter(_cards(Notice.objects.filter(case_code=case_code))), None)


def patient_of(case_code: str) -> UUID | None:
    """The patient of this case code; None when there is no such notice or its patient is not known. One query."""
    return Notice.objects.filter(case_code=case_code.upper()).values_list("patient", flat=True).first()


def of_patient(patient: UUID) -> tuple[NoticeCard, ...]:
    """Every notice of one patient, the latest first. A bounded number of queries."""
    return _cards(Notice.objects.filter(patient=patient).order_by("-opened_at"))


def about_reports(reports_asked: Iterable[UUID]) -> dict[UUID, NoticeCard]:
    """The notice that speaks for each of these reports. A bounded number of queries."""
    pairs = dict(
        NoticeReport.objects.filter(report__in=list(reports_asked))
        .order_by("id")
        .values_list("report", "notice")
    )
    cards = {card.row.id: card for card in _cards(Notice.objects.filter(id__in=set(pairs.values())))}
    return {report: cards[notice] for report, notice in pairs.items() if notice in cards}


def about_report(report: UUID) -> str:
    """The case code of the notice that speaks for this report; empty when none does."""
    return (
        NoticeReport.objects.filter(report=report).values_list("notice__case_code", flat=True).first() or ""
    )


def pulse() -> tuple[object, ...]:
    """What changes when any open notice changes: one query over the open ones."""
    row = Notice.objects.filter(closed_at=None).aggregate(
        n=Count("id", distinct=True),
        changed=Max("changed_at"),
        hand=Count("steps", filter=Q(steps__state=Step.HAND), distinct=True),
        digest=Max("digests__id"),
    )
    return row["n"], row["changed"], row["hand"], row["digest"]


def next_due(after: datetime) -> datetime | None:
    """When the next waiting step of an open notice comes due after a moment; None when none waits. One query."""
    waiting = Step.objects.filter(state=Step.WAITING, notice__closed_at=None, due_at__gt=after)
    return waiting.aggregate(at=Min("due_at"))["at"]


def without_next_step(before: datetime) -> int:
    """Open notices that nothing will move: a step due before ``before`` has not fired, or nobody owns the
    notice, the time to own it has passed, and no step or task is left. One query.

    Until that time a ladder may have come to its end: the clock then brings a standing task.
    """
    steps = Step.objects.filter(notice=OuterRef("pk"))
    late = Exists(steps.filter(state=Step.WAITING, due_at__lt=before))
    to_come = Exists(steps.filter(state__in=(Step.WAITING, Step.HAND)))
    stuck = Q(late) | (Q(owner=None, acknowledge_due__lt=before) & ~Q(to_come))
    return Notice.objects.filter(stuck, closed_at=None).count()


def _with_rows(notices: QuerySet[Notice]) -> QuerySet[Notice]:
    digests = Digest.notices.through  # the digests that a notice has stood in
    return (
        notices.select_related("role", "owner", "patient", "acknowledged_by", "acted_by", "superseded_by")
        .annotate(in_digest=Exists(digests.objects.filter(notice_id=OuterRef("id"))))
        .prefetch_related(
            "reports",
            Prefetch("replies", Reply.objects.select_related("person").order_by("at", "id")),
            Prefetch("steps", Step.objects.select_related("role", "done_by").order_by("due_at", "n")),
        )
    )


def _cards(notices: QuerySet[Notice]) -> tuple[NoticeCard, ...]:
    found = list(_with_rows(notices))
    places = reports.places(link.report for notice in found for link in notice.reports.all())
    deliveries = _deliveries([notice.id for notice in found])
    return tuple(_card(notice, places, deliveries[notice.id]) for notice in found)


def _card(notice: Any, places: dict[UUID, reports.Place], deliveries: list[Delivery]) -> NoticeCard:
    later = getattr(notice, "superseded_by", None)
    return NoticeCard(
        row=_row(notice, places),
        rungs=tuple(_rung(step) for step in notice.steps.all()),
        deliveries=tuple(deliveries),
        reports=tuple(link.report for link in notice.reports.all()),
        pack=f"{notice.pack_name} {notice.pack_version}",
        acted_at=notice.acted_at,
        acted_by=_label(notice.acted_by),
        action=notice.action,
        action_detail=notice.action_detail,
        closed_at=notice.closed_at,
        close_reason=notice.close_reason,
        superseded_by=later.case_code if later else "",
    )


def _row(notice: Any, places: dict[UUID, reports.Place]) -> NoticeRow:
    same = (
        "id case_code accession lane headline rise review identity_unresolved exam_end opened_at"
        " acknowledge_due action_due visit_due acknowledged_at owned_at in_digest changed_at"
    )
    where = [places[link.report].words for link in notice.reports.all() if link.report in places]
    return NoticeRow(
        **{name: getattr(notice, name) for name in same.split()},
        patient=_who(notice.patient),
        place=next((words for words in reversed(where) if words), ""),
        role=notice.role_id,
        role_name=notice.role.name,
        reasons=tuple(notice.reasons),
        score=(notice.score_min, notice.score_max),
        acknowledged_by=_label(notice.acknowledged_by),
        owner=notice.owner_id,
        owner_name=_label(notice.owner),
        owner_phone=notice.owner.phone if notice.owner else "",
        answers=tuple(Answer(r.at, r.person.label, r.kind, _said(r.detail)) for r in notice.replies.all()),
        hand_tasks=tuple(_rung(step) for step in notice.steps.all() if step.state == Step.HAND),
    )


def _said(detail: str) -> str:
    """A reply's detail in words: 'seen: in the ward', 'no action, because …', 'neurosurgery backup'."""
    chosen, colon, rest = detail.partition(": ")
    if chosen == "no-action":
        first = rest[:1].lower() if rest[1:2].islower() else rest[:1]
        return f"no action, because {first}{rest[1:]}"
    return f"{chosen.replace('-', ' ')}{colon}{rest}"


def _who(patient: Patient | None) -> Who | None:
    if patient is None:
        return None
    return Who(
        patient.id, patient.name, patient.birth_date, patient.sex, patient.diagnosis, patient.provisional
    )


def _rung(step: Step) -> Rung:
    return Rung(
        id=step.id,
        n=step.n,
        due_at=step.due_at,
        role=step.role_id,
        role_name=step.role.name,
        phone=step.role.phone,
        channel=step.channel,
        words=step.words,
        state=step.state,
        fired_at=step.fired_at,
        message=step.message_id,
        hand_why=step.hand_why,
        done_at=step.done_at,
        done_by=_label(step.done_by),
        done_note=step.done_note,
    )


def _deliveries(notices: list[UUID]) -> dict[UUID, list[Delivery]]:
    tries = Prefetch("tries", DeliveryAttempt.objects.select_related("person").order_by("at", "id"))
    rows = (
        OutboxMessage.objects.filter(about__in=notices)
        .select_related("role", "person")
        .prefetch_related(tries)
        .order_by("created_at")
    )
    found: dict[UUID, list[Delivery]] = defaultdict(list)
    for row in rows:
        found[row.about].append(_delivery(row))
    return found


def _delivery(row: OutboxMessage) -> Delivery:
    return Delivery(
        id=row.id,
        channel=row.channel,
        role_name=row.role.name,
        person=_label(row.person),
        state=row.state,
        created_at=row.created_at,
        sent_at=row.sent_at,
        failure=row.failure,
        tries=tuple(Try(t.at, _label(t.person), t.outcome, t.detail) for t in row.tries.all()),
    )


def _label(person: Any) -> str:
    return person.label if person else ""
