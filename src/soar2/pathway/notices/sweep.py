"""What time brings: rungs that are due, tasks that must stand, digests. Level-triggered and repeatable."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef

from soar2.pathway.notices import plan
from soar2.pathway.notices.models import Digest, Notice, Step
from soar2.record import ledger, outbox, people


@dataclass(frozen=True)
class Swept:
    """How much one sweep found to do."""

    derived: int = 0
    fired: int = 0
    standing: int = 0
    digests: int = 0


def sweep(now: datetime) -> Swept:
    """Bring every open notice to where it should be at ``now``. Safe to run from many workers at once."""
    return Swept(_derive(), _fire(now), _stand(now), make_digests(now))


def _derive() -> int:
    """Rows the frozen plan asks for and that are not there are made again."""
    made = 0
    open_notices = Notice.objects.filter(closed_at=None).annotate(rows=Count("steps"))
    for notice in open_notices.filter(rows__lt=1) | open_notices.filter(rows__lt=_LONGEST):
        if notice.rows < len(notice.plan["rungs"]):
            made += len(plan.derive_steps(notice))
    return made


_LONGEST = 20  # no ladder is longer; keeps the question to the database small


def _fire(now: datetime) -> int:
    fired = 0
    for notice_id in _due(now):
        with transaction.atomic():
            notice = (
                Notice.objects.select_for_update(skip_locked=True)
                .filter(id=notice_id, closed_at=None)
                .first()
            )
            if notice is None:
                continue
            before = notice.steps.filter(state=Step.WAITING).count()
            plan.fire_due(notice, now)
            fired += before - notice.steps.filter(state=Step.WAITING).count()
            notice.changed_at = now
            notice.save(update_fields=["changed_at"])
            ledger.record(
                "notice.escalated", at=now, patient=notice.patient, subject=notice.id, actor="sweep"
            )
    return fired


def _due(now: datetime) -> Iterator[UUID]:
    due = Step.objects.filter(state=Step.WAITING, due_at__lte=now, notice__closed_at=None).exclude(
        channel=plan.DIGEST
    )
    yield from due.order_by("due_at").values_list("notice_id", flat=True).distinct()[:200]


def _stand(now: datetime) -> int:
    """After the last rung an unowned notice keeps a task in view until somebody owns it."""
    to_come = Step.objects.filter(notice=OuterRef("pk"), state__in=(Step.WAITING, Step.HAND))
    unanswered = Notice.objects.filter(closed_at=None, owner=None, acknowledge_due__lte=now)
    orphaned = unanswered.exclude(Exists(to_come))
    made = 0
    for notice in orphaned.select_related("role")[:200]:
        made += _stand_for(notice, now)
    return made


def _stand_for(notice: Notice, now: datetime) -> int:
    words = "Nobody owns this. Keep calling until somebody does."
    with transaction.atomic():
        step, new = Step.objects.get_or_create(
            notice=notice,
            n=plan.STANDING,
            defaults={
                "due_at": now,
                "fired_at": now,
                "role": notice.role,
                "channel": "voice",
                "words": words,
                "state": Step.HAND,
            },
        )
        if not new:
            step.state, step.fired_at = Step.HAND, now
            step.save(update_fields=["state", "fired_at"])
        Notice.objects.filter(id=notice.id).update(changed_at=now)
        ledger.record(
            "notice.standing-task", at=now, patient=notice.patient, subject=notice.id, actor="sweep"
        )
    return 1


def make_digests(now: datetime) -> int:
    """The day's list of routine notices, once a working day and role; none is sent when it is empty."""
    calendar = settings.PROGRAMME.calendar
    today = now.astimezone(calendar.zone).date()
    due = Step.objects.filter(
        state=Step.WAITING, channel=plan.DIGEST, due_at__lte=now, notice__closed_at=None
    )
    made = 0
    for role_key in set(due.values_list("role_id", flat=True)):
        with transaction.atomic():
            steps = list(
                due.filter(role_id=role_key)
                .select_for_update(skip_locked=True, of=("self",))
                .order_by("due_at")
            )
            made += _digest(role_key, today, steps, now)
    return made


def _digest(role_key: str, today, steps: list[Step], now: datetime) -> int:
    if not steps:
        return 0
    role = people.role(role_key)
    digest, new = Digest.objects.get_or_create(day=today, role=role, defaults={"made_at": now, "count": 0})
    digest.notices.add(*(step.notice for step in steps))
    digest.count += len(steps)
    if new:  # later arrivals of the same day are on the list the message links to
        digest.message = outbox.owe(
            about=_digest_id(role_key, today),
            kind="digest",
            channel="email",
            role=role,
            now=now,
            count=len(steps),
        )
    digest.save()
    Step.objects.filter(id__in=[step.id for step in steps]).update(
        state=Step.SENT, fired_at=now, message=digest.message
    )
    ledger.record("digest.made", at=now, subject=f"{role_key} {today}", actor="sweep", count=len(steps))
    return 1


def _digest_id(role_key: str, day) -> UUID:
    """One id for one day's digest of one role, whoever makes it and however often."""
    from uuid import NAMESPACE_URL, uuid5

    return uuid5(NAMESPACE_URL, f"soar2:digest:{role_key}:{day}")
