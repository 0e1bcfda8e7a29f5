"""Traffic as numbers and times, for whoever watches the system run. Never a word of a message."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from soar2.exchange.models import InboundMessage, SenderSequence
from soar2.exchange.sequence import MISSING
from soar2.record.models import DeliveryAttempt, OutboxMessage

AT_ONCE = 5000
SEGMENTS = frozenset({"MSH", "PID", "PV1", "ORC", "OBR", "OBX", "NTE"})  # a bound on what a label may be


@dataclass(frozen=True)
class Backlog:
    """What waits: how much, and since when (machine time)."""

    count: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True)
class Passed:
    """When something last went through each stage: machine time, except ``read``, which is hospital time."""

    stored: datetime | None
    read: datetime | None
    delivered: datetime | None


def last_passed() -> Passed:
    """Three queries, each of one row found from the newest backwards."""
    inbox = InboundMessage.objects
    read = inbox.filter(done_at__isnull=False).order_by("-received_at")
    sent = DeliveryAttempt.objects.filter(outcome="sent").order_by("-id")
    return Passed(
        inbox.order_by("-id").values_list("stored_at", flat=True).first(),
        read.values_list("done_at", flat=True).first(),
        sent.values_list("recorded_at", flat=True).first(),
    )


def undone() -> Backlog:
    """Messages stored and answered, and not yet read."""
    row = InboundMessage.objects.filter(state=InboundMessage.STORED).aggregate(
        n=Count("id"), oldest=Min("stored_at")
    )
    return Backlog(row["n"], row["oldest"])


def owed() -> dict[str, Backlog]:
    """Deliveries queued by channel, the oldest by the moment it could first have been tried."""
    first = DeliveryAttempt.objects.filter(message=OuterRef("pk")).order_by("id").values("recorded_at")[:1]
    queued = OutboxMessage.objects.filter(state=OutboxMessage.QUEUED)
    rows = (
        queued.annotate(since=Coalesce(Subquery(first), F("not_before")))
        .values("channel")
        .annotate(n=Count("id"), oldest=Min("since"))
        .order_by("channel")
    )
    return {row["channel"]: Backlog(row["n"], row["oldest"]) for row in rows}


def held_by_place() -> Counter[str]:
    """Messages held for a person by the segment at fault; ``other`` for whatever is none we know."""
    rows = InboundMessage.objects.filter(state=InboundMessage.QUARANTINED, settled_at=None)
    found: Counter[str] = Counter()
    for where, count in rows.values_list("where").annotate(n=Count("id")).order_by():
        found[place(where)] += count
    return found


def place(where: str) -> str:
    """A segment's name out of what a held message says of its fault."""
    name = re.split(r"[-\[(. ]", where, maxsplit=1)[0].upper()
    return name if name in SEGMENTS else "other" if where else "whole"


def received(after: int, upto: int | None) -> Counter[tuple[str, ...]]:
    """Messages by door and answer code, of the rows numbered above ``after``, to ``upto``."""
    rows = _between(InboundMessage.objects.all(), after, upto)
    return _tally(rows.values_list("door", "answer_code"))


def delivered(after: int, upto: int | None) -> Counter[tuple[str, ...]]:
    """Attempts by channel and outcome."""
    rows = _between(DeliveryAttempt.objects.all(), after, upto)
    return _tally(rows.values_list("message__channel", "outcome"))


def settled_messages(before: datetime) -> int:
    """The highest number of a message stored before this machine time: every lower one is committed by now."""
    rows = InboundMessage.objects.filter(stored_at__lt=before).order_by("-id")
    return rows.values_list("id", flat=True).first() or 0


def settled_attempts(before: datetime) -> int:
    """As ``settled_messages``, of attempts to deliver."""
    rows = DeliveryAttempt.objects.filter(recorded_at__lt=before).order_by("-id")
    return rows.values_list("id", flat=True).first() or 0


def stored_at(messages: Iterable[int]) -> dict[int, datetime]:
    """When each message was safe in the inbox, machine time."""
    ids = list(messages)
    found: dict[int, datetime] = {}
    for start in range(0, len(ids), AT_ONCE):
        rows = InboundMessage.objects.filter(id__in=ids[start : start + AT_ONCE])
        found.update(rows.values_list("id", "stored_at"))
    return found


def missing_numbers(since: datetime | None = None) -> dict[str, int]:
    """How many sequence numbers never came, by sending application; ``since``: of gaps seen after that time."""
    found: Counter[str] = Counter()
    for row in SenderSequence.objects.exclude(gaps=[]):
        for first, last, seen, *kind in row.gaps:
            lately = since is None or datetime.fromisoformat(seen) > since
            if lately and (not kind or kind[0] == MISSING):
                found[row.sending_application or "not stated"] += last - first + 1
    return dict(found)


def _between(rows: QuerySet, after: int, upto: int | None) -> QuerySet:
    above = rows.filter(id__gt=after)
    return above if upto is None else above.filter(id__lte=upto)


def _tally(rows: QuerySet) -> Counter[tuple[str, ...]]:
    return Counter({tuple(row[:-1]): row[-1] for row in rows.annotate(n=Count("id")).order_by()})
