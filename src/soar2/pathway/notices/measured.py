"""How many notices are open, and when each was first tried to be delivered: numbers without a patient."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery

from soar2.pathway.notices.models import Notice, NoticeReport, Step
from soar2.record.models import DeliveryAttempt


@dataclass(frozen=True)
class LaneCount:
    """Open notices of one lane; ``by_hand`` are the tasks that a person must do now."""

    lane: str
    open: int
    unowned: int
    overdue: int
    by_hand: int


@dataclass(frozen=True)
class FirstAttempt:
    """The first try to deliver a notice: whatever its outcome, when it ended, and the report that opened it."""

    lane: str
    report: UUID | None
    at: datetime  # machine time


def open_by_lane(now: datetime) -> tuple[LaneCount, ...]:
    """Two queries over the open notices."""
    passed = Q(owner=None, acknowledge_due__lte=now) | Q(owner__isnull=False, action_due__lte=now)
    rows = (
        Notice.objects.filter(closed_at=None)
        .values("lane")
        .annotate(
            n=Count("id"),
            unowned=Count("id", filter=Q(owner=None)),
            overdue=Count("id", filter=passed),
        )
        .order_by("lane")
    )
    hand = dict(
        Step.objects.filter(state=Step.HAND, notice__closed_at=None)
        .values_list("notice__lane")
        .annotate(n=Count("id"))
        .order_by()
    )
    return tuple(
        LaneCount(row["lane"], row["n"], row["unowned"], row["overdue"], hand.get(row["lane"], 0))
        for row in rows
    )


def first_attempts(after: int, upto: int | None = None) -> tuple[FirstAttempt, ...]:
    """Of the attempts numbered above ``after``, to ``upto``, those that were the first for their notice."""
    tried = DeliveryAttempt.objects.filter(message__kind="notice").exclude(outcome="dropped")
    earlier = tried.filter(message__about=OuterRef("message__about"), id__lt=OuterRef("id"))
    opened_by = NoticeReport.objects.filter(notice_id=OuterRef("message__about")).order_by("added_at", "id")
    firsts = (
        tried.filter(id__gt=after)
        .filter(~Exists(earlier))
        .annotate(report=Subquery(opened_by.values("report")[:1]), lane=F("message__lane"))
    )
    if upto is not None:
        firsts = firsts.filter(id__lte=upto)
    return tuple(FirstAttempt(*row) for row in firsts.values_list("lane", "report", "recorded_at"))
