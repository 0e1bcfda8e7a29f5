"""The verbs of this stage, in one place for other rooms."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from soar2.pathway.notices.answers import ACTIONS, acted, already_known, mine, not_me, step_done
from soar2.pathway.notices.models import Notice, Step
from soar2.pathway.notices.opening import (
    follow_late_report,
    follow_scored_report,
    follow_unidentified_report,
    follow_withdrawn_report,
)
from soar2.pathway.notices.sweep import Swept, make_digests, sweep

__all__ = [
    "ACTIONS",
    "Swept",
    "acted",
    "already_known",
    "delivered_late",
    "delivery_failed",
    "follow_late_report",
    "follow_scored_report",
    "follow_unidentified_report",
    "follow_withdrawn_report",
    "make_digests",
    "mine",
    "not_me",
    "step_done",
    "sweep",
]


@transaction.atomic
def delivery_failed(message_id: UUID, *, reason: str, now: datetime) -> None:
    """A message that will never arrive becomes a hand task, so that a person closes the gap.

    Not where the gap is closed already: the notice is, or somebody owned it after the message was due.
    """
    steps = Step.objects.filter(message_id=message_id, state=Step.SENT)
    gaps = Notice.objects.select_for_update().filter(id__in=steps.values("notice_id"), closed_at=None)
    for notice in gaps.order_by("id"):  # the notice is locked before its steps, as by every verb
        open_steps = steps.filter(notice=notice)
        if notice.owned_at is not None:
            open_steps = open_steps.filter(fired_at__gt=notice.owned_at)
        open_steps.update(state=Step.HAND, hand_why=reason)
        Notice.objects.filter(id=notice.id).update(changed_at=now)


@transaction.atomic
def delivered_late(message_id: UUID, *, now: datetime) -> None:
    """A message that had long failed has arrived: its hand task, where still open, is not needed any more."""
    gaps = Notice.objects.select_for_update().filter(steps__message_id=message_id, closed_at=None)
    ids = [notice.id for notice in gaps.order_by("id")]
    bridged = Step.objects.filter(message_id=message_id, notice_id__in=ids, state=Step.HAND)
    if bridged.update(state=Step.SENT, hand_why=""):
        Notice.objects.filter(id__in=ids).update(changed_at=now)
