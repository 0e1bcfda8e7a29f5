"""What went out, with its receipts, and which of our processes are alive."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Prefetch, Q

from soar2.pathway.notices.ladder import CHANNELS
from soar2.record.models import DeliveryAttempt, Heartbeat, OutboxMessage

DAY = timedelta(days=1)
ALIVE = timedelta(seconds=30)  # machine time; a process leaves a sign of life every few seconds
PROCESSES = ("listener", "worker", "watcher")


@dataclass(frozen=True)
class Attempt:
    at: datetime
    person: str
    outcome: str
    detail: str


@dataclass(frozen=True)
class Receipt:
    """One delivery with every attempt at it."""

    id: UUID
    case_code: str
    kind: str
    channel: str
    role: str
    person: str
    state: str
    created_at: datetime
    sent_at: datetime | None
    failure: str
    attempts: tuple[Attempt, ...]

    @property
    def by(self) -> str:
        return CHANNELS.get(self.channel, self.channel)


@dataclass(frozen=True)
class ChannelLine:
    """What one channel owes and has done in the last 24 hours."""

    name: str
    queued: int
    retrying: int
    sent: int
    failed: int

    @property
    def words(self) -> str:
        return CHANNELS.get(self.name, self.name)

    @property
    def owed(self) -> int:
        return self.queued + self.retrying

    @property
    def mark(self) -> str:
        return "fault" if self.failed else "warn" if self.retrying else "well"

    @property
    def state(self) -> str:
        if self.failed:
            return f"{self.failed} failed"
        return f"{self.retrying} retrying" if self.retrying else "Well"


@dataclass(frozen=True)
class ProcessLine:
    """One kind of process and its last sign of life, in machine time."""

    kind: str
    count: int
    seen: datetime | None
    alive: bool
    words: str


def channels(now: datetime) -> tuple[ChannelLine, ...]:
    """What each channel owes now, and what it sent and failed to send in the last 24 hours. One query."""
    recent = Q(state=OutboxMessage.QUEUED) | Q(created_at__gt=now - DAY)
    rows = (
        OutboxMessage.objects.filter(recent)
        .values("channel")
        .annotate(
            waiting=Count("id", filter=Q(state=OutboxMessage.QUEUED, attempts=0)),
            again=Count("id", filter=Q(state=OutboxMessage.QUEUED, attempts__gt=0)),
            gone=Count("id", filter=Q(state=OutboxMessage.SENT)),
            lost=Count("id", filter=Q(state=OutboxMessage.FAILED)),
        )
        .order_by("channel")
    )
    return tuple(
        ChannelLine(row["channel"], row["waiting"], row["again"], row["gone"], row["lost"]) for row in rows
    )


def receipts(limit: int = 20) -> tuple[Receipt, ...]:
    """The latest deliveries with their attempts, failed and retrying ones first. Two queries."""
    tries = Prefetch("tries", DeliveryAttempt.objects.select_related("person").order_by("at", "id"))
    rows = OutboxMessage.objects.select_related("role", "person").prefetch_related(tries)
    found = [_receipt(row) for row in rows.order_by("-created_at", "id")[:limit]]
    return tuple(sorted(found, key=lambda receipt: receipt.state in ("sent", "dropped")))


def _receipt(row: OutboxMessage) -> Receipt:
    tries = tuple(
        Attempt(t.at, t.person.label if t.person else "", t.outcome, t.detail) for t in row.tries.all()
    )
    waiting = "retrying" if tries else "queued"
    return Receipt(
        id=row.id,
        case_code=row.case_code,
        kind=row.kind,
        channel=row.channel,
        role=row.role.name,
        person=row.person.label if row.person else "",
        state=waiting if row.state == OutboxMessage.QUEUED else row.state,
        created_at=row.created_at,
        sent_at=row.sent_at,
        failure=row.failure,
        attempts=tries,
    )


def processes(real: datetime) -> tuple[ProcessLine, ...]:
    """Each kind of process with its last sign of life; a kind that never gave one is listed too. One query."""
    beats: dict[str, list[Heartbeat]] = defaultdict(list)
    for beat in Heartbeat.objects.order_by("-seen"):
        beats[beat.kind].append(beat)
    kinds: Iterable[str] = dict.fromkeys((*PROCESSES, *beats))
    return tuple(_process(kind, beats.get(kind, []), real) for kind in kinds)


def _process(kind: str, beats: list[Heartbeat], real: datetime) -> ProcessLine:
    alive = [beat for beat in beats if real - beat.seen <= ALIVE]
    newest = beats[0] if beats else None
    return ProcessLine(
        kind, len(alive), newest.seen if newest else None, bool(alive), newest.words if newest else ""
    )
