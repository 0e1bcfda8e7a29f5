"""Messages held for a person: grouped by their cause, and one with all that is known of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Max, Min, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from soar2.exchange import quarantine
from soar2.exchange.advice import Advice, advice
from soar2.exchange.mappings import active_feeds
from soar2.exchange.models import InboundMessage
from soar2.exchange.replay import feed_of, why_not
from soar2.exchange.shown_bytes import HEX_PAGE, HexLine, Line, hex_of, lines_of, visible
from soar2.record import people

SHOWN = 20  # messages listed under one cause
TAKE_WITHIN = timedelta(minutes=30)
SETTLE_WITHIN = timedelta(hours=4)


@dataclass(frozen=True)
class Held:
    """One message that could not be read, as the list shows it; it carries no patient data."""

    id: int
    received_at: datetime
    feed: str
    reason: str
    where: str
    message_type: str
    control_id: str
    sending_application: str
    taken_by: str = ""


@dataclass(frozen=True)
class Cause:
    """All messages held for one reason at one place of one sender; the first of them are listed."""

    reason: str
    where: str
    feed: str
    sender: str
    count: int
    oldest: datetime
    taken: int
    owner: str
    latest: int  # the highest number of them: what comes later was not seen by whoever acts on these
    messages: tuple[Held, ...]

    @property
    def due(self) -> datetime:
        return self.oldest + (SETTLE_WITHIN if self.taken else TAKE_WITHIN)

    @property
    def whose(self) -> str:
        """The feed and the sender, as far as they are known."""
        return " from ".join(filter(None, (self.feed, self.sender))) or "sender not stated"


@dataclass(frozen=True)
class HeldMessage:
    """One held message with its lines, for a person who may mend it."""

    head: Held
    state: str
    format: str
    answer_code: str
    answer: str
    peer: str
    door: str
    size: int
    resent: int
    replays: int
    attempts: int
    mapping: str
    notes: tuple[tuple[str, str], ...]
    taken_at: datetime | None
    settled_at: datetime | None
    settled_by: str
    settled_note: str
    lines: tuple[Line, ...]
    advice: Advice
    reads_with: str  # the feed whose mapping would read it; empty when no feed takes its sender
    cannot: str  # why it cannot be read again, whatever the mapping
    alike: int  # how many are held for the same reason at the same place, this one counted

    @property
    def due(self) -> datetime:
        """By when it should be taken, then settled: a report may be waiting in it."""
        return self.head.received_at + (SETTLE_WITHIN if self.taken_at else TAKE_WITHIN)

    @property
    def verb(self) -> str:
        return "settle" if self.taken_at else "take"


def waiting() -> QuerySet[InboundMessage]:
    """The rows that wait for a person."""
    return InboundMessage.objects.filter(state=InboundMessage.QUARANTINED, settled_at=None)


def held_count() -> int:
    return waiting().count()


def held(limit: int = 100) -> tuple[Held, ...]:
    """Messages that wait for a person, the oldest first. One query; the raw bytes stay where they are."""
    rows = waiting().select_related("taken_by").defer("raw", "answer").order_by("id")[:limit]
    return tuple(_held(row) for row in rows)


def causes() -> tuple[Cause, ...]:
    """What is held, by cause, the oldest cause first. Two queries, however many messages there are."""
    keys = ("reason", "where", "feed", "sending_application")
    grouped = waiting().values(*keys).annotate(
        count=Count("id"), oldest=Min("received_at"), taken=Count("taken_by"), latest=Max("id"),
    ).order_by("oldest")  # fmt: skip
    firsts = (
        waiting()
        .select_related("taken_by")
        .defer("raw", "answer")
        .annotate(nth=Window(RowNumber(), partition_by=[F(key) for key in keys], order_by="id"))
        .filter(nth__lte=SHOWN)
        .order_by("id")
    )
    listed: dict[tuple[str, ...], list[Held]] = {}
    for row in firsts:
        listed.setdefault(tuple(getattr(row, key) for key in keys), []).append(_held(row))
    return tuple(_cause(row, listed.get(tuple(row[key] for key in keys), [])) for row in grouped)


def _cause(row: dict[str, Any], messages: list[Held]) -> Cause:
    return Cause(
        reason=row["reason"],
        where=row["where"],
        feed=row["feed"],
        sender=row["sending_application"],
        count=row["count"],
        oldest=row["oldest"],
        taken=row["taken"],
        latest=row["latest"],
        owner=next((one.taken_by for one in messages if one.taken_by), ""),
        messages=tuple(messages),
    )


def of_cause(reason: str, where: str, feed: str, sender: str, latest: int | None = None) -> list[int]:
    """The ids of all messages of one cause, those least often tried first; those up to ``latest`` if given."""
    rows = waiting().filter(reason=reason, where=where, feed=feed, sending_application=sender)
    if latest is not None:
        rows = rows.filter(id__lte=latest)
    return list(rows.order_by("replays", "id").values_list("id", flat=True))


def last_settled() -> datetime | None:
    """Since when nothing is held: the last time one was settled or read again."""
    done = Q(settled_at__isnull=False) | Q(replays__gt=0)
    rows = InboundMessage.objects.filter(done)
    found = rows.order_by("-settled_at", "-done_at").values_list("settled_at", "done_at")
    return max((at for pair in found[:50] for at in pair if at), default=None)


def _held(row: InboundMessage) -> Held:
    names = "id received_at feed reason where message_type control_id sending_application"
    taken = row.taken_by.label if row.taken_by else ""
    return Held(**{name: getattr(row, name) for name in names.split()}, taken_by=taken)


def held_row(message: int) -> InboundMessage | None:
    """The row of a message that is or was held; None when there is no such."""
    rows = InboundMessage.objects.filter(id=message, state=InboundMessage.QUARANTINED)
    return rows.select_related("settled_by", "taken_by").first()


def held_message(message: int) -> HeldMessage | None:
    """One message that is or was held, with its lines; None when there is no such. Two queries."""
    row = held_row(message)
    if row is None:
        return None
    raw = bytes(row.raw)
    names = (
        "state format answer_code peer door resent replays attempts mapping taken_at settled_at settled_note"
    )
    return HeldMessage(
        **{name: getattr(row, name) for name in names.split()},
        head=_held(row),
        answer=_answer(bytes(row.answer)),
        size=len(raw),
        notes=tuple((str(kind), str(words)) for kind, words in row.notes or ()),
        settled_by=row.settled_by.label if row.settled_by else "",
        lines=lines_of(raw, row.where, row.format),
        advice=advice(row.where, row.reason),
        reads_with=feed_of(row, active_feeds(settings.PROGRAMME)),
        cannot=why_not(row),
        alike=waiting().filter(
            reason=row.reason, where=row.where, feed=row.feed, sending_application=row.sending_application
        ).count(),
    )  # fmt: skip


def hex_page(message: int, start: int) -> tuple[tuple[HexLine, ...], int | None] | None:
    """A page of a held message's bytes as codes, and where the next begins; None when there is no such."""
    row = held_row(message)
    if row is None:
        return None
    raw = bytes(row.raw)
    start = min(max(0, start), max(0, len(raw) - 1))
    more = start + HEX_PAGE
    return hex_of(raw, row.where, start, row.format), more if more < len(raw) else None


def _answer(answer: bytes) -> str:
    """What the sender was told, a segment a line."""
    text = answer.replace(b"\x0b", b"").replace(b"\x1c", b"").decode("utf-8", "backslashreplace")
    return "\n".join(visible(line) for line in text.replace("\r", "\n").split("\n") if line)


def owner_words(taken_by: str, now: datetime) -> str:
    """Who looks after a held message: who took it, else the interface desk's person on duty."""
    if taken_by:
        return taken_by
    person = people.on_duty(quarantine.DESK, now)
    return person.label if person else "nobody on duty"
