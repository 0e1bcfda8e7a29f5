"""The verbs of this stage, in one place for other rooms."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from soar2.pathway.notices.answers import ACTIONS, acted, already_known, mine, not_me, step_done
from soar2.pathway.notices.models import Notice, Step
from soar2.pathway.notices.opening import follow_late_report, follow_scored_report, follow_unidentified_report
from soar2.pathway.notices.sweep import Swept, make_digests, sweep

__all__ = [
    "ACTIONS",
    "Swept",
    "acted",
    "already_known",
    "delivery_failed",
    "follow_late_report",
    "follow_scored_report",
    "follow_unidentified_report",
    "make_digests",
    "mine",
    "not_me",
    "step_done",
    "sweep",
]


@transaction.atomic
def delivery_failed(message_id: UUID, *, reason: str, now: datetime) -> None:
    """A message that will never arrive becomes a hand task, so that a person closes the gap."""
    steps = Step.objects.select_for_update().filter(message_id=message_id, state=Step.SENT)
    notices = set(steps.values_list("notice_id", flat=True))
    steps.update(state=Step.HAND, hand_why=reason)
    Notice.objects.filter(id__in=notices).update(changed_at=now)
