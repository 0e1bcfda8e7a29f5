"""What time brings: rungs that are due, tasks that must stand, digests. Level-triggered and repeatable."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet
from django.utils import timezone

from soar2.pathway.notices import onward, plan
from soar2.pathway.notices.models import Digest, Notice, Step
from soar2.record import ledger, outbox, people
from soar2.record.models import OutboxMessage

AT_ONCE = 200  # notices that one sweep takes up; the next one, a second later, goes on


@dataclass(frozen=True)
class Swept:
    """How much one sweep found to do."""

    derived: int = 0
    fired: int = 0
    standing: int = 0
    digests: int = 0
    rerouted: int = 0


def sweep(now: datetime, *, derive: bool = True) -> Swept:
    """Bring every open notice to where it should be at ``now``. Safe to run from many workers at once.

    ``derive`` also compares each open notice with its plan; that reads them all, so not every second.
    """
    derived = _derive() if derive else 0
    return Swept(
        derived,
        _fire(now),
        _stand(now),
        make_digests(now),
        onward.reroute_without_receipt(now, timezone.now()),
    )


def _derive() -> int:
    """Rows the frozen plan asks for and that are not there are made again."""
    asked = Func(F("plan__rungs"), function="jsonb_array_length", output_field=IntegerField())
    there = Count("steps", filter=Q(steps__n__lt=plan.REROUTED))
    lacking = (
        Notice.objects.filter(closed_at=None).annotate(there=there, asked=asked).filter(there__lt=F("asked"))
    )
    return sum(len(plan.derive_steps(notice)) for notice in lacking[:AT_ONCE])


def _fire(now: datetime) -> int:
    fired = 0
    for notice_id in _due(now):
        with transaction.atomic():
            notice = _taken(notice_id)
            if notice is None or not (some := plan.fire_due(notice, now)):
                continue
            fired += some
            notice.changed_at = now
            notice.save(update_fields=["changed_at"])
            ledger.record(
                "notice.escalated",
                at=now,
                patient=notice.patient,
                subject=notice.id,
                actor="sweep",
                rungs=some,
            )
    return fired


def _due(now: datetime) -> Iterator[UUID]:
    due = Step.objects.filter(state=Step.WAITING, due_at__lte=now, notice__closed_at=None).exclude(
        channel=plan.DIGEST
    )
    oldest_first = due.order_by("due_at").values_list("notice_id", flat=True)[: 4 * AT_ONCE]
    yield from list(dict.fromkeys(oldest_first))[:AT_ONCE]


def _taken(notice_id: UUID) -> Notice | None:
    """An open notice, locked; None when it is closed or another worker or a verb has it: the next sweep comes."""
    free = Notice.objects.select_for_update(skip_locked=True, of=("self",)).select_related("patient", "role")
    return free.filter(id=notice_id, closed_at=None).first()


def _stand(now: datetime) -> int:
    """After the last rung a task stays in view until somebody owns the notice, or its owner records an act."""
    return sum(
        _stand_for(notice_id, now) for notice_id in _unmoved(now).values_list("id", flat=True)[:AT_ONCE]
    )


def _unmoved(now: datetime) -> QuerySet[Notice]:
    """Open notices whose clock has passed and that no step will move any more."""
    to_come = Step.objects.filter(notice=OuterRef("pk"), state__in=(Step.WAITING, Step.HAND))
    passed = Q(owner=None, acknowledge_due__lte=now) | Q(owner__isnull=False, action_due__lte=now)
    return Notice.objects.filter(passed, closed_at=None).exclude(Exists(to_come))


def _stand_for(notice_id: UUID, now: datetime) -> int:
    with transaction.atomic():
        notice = _taken(notice_id)
        if notice is None or not _unmoved(now).filter(id=notice_id).exists():
            return 0
        task = {
            "due_at": now,
            "fired_at": now,
            "role": notice.role,
            "channel": "voice",
            "words": _what_to_do(notice),
            "state": Step.HAND,
            "done_at": None,
            "done_by": None,
            "done_note": "",
        }
        Step.objects.update_or_create(notice=notice, n=plan.STANDING, defaults=task)
        Notice.objects.filter(id=notice.id).update(changed_at=now)
        ledger.record(
            "notice.standing-task", at=now, patient=notice.patient, subject=notice.id, actor="sweep"
        )
    return 1


def _what_to_do(notice: Notice) -> str:
    if notice.owner_id is None:
        return "Nobody owns this. Keep calling until somebody does."
    return "The owner has recorded nothing in time. Ask what was done."


def make_digests(now: datetime) -> int:
    """The day's list of routine notices, once a working day and role; none is sent when it is empty.

    A worker that was away at the hour of the digest makes it later that day, or at that hour of the next
    working day: never at night or on a holiday.
    """
    calendar = settings.PROGRAMME.calendar
    due = Step.objects.filter(
        state=Step.WAITING, channel=plan.DIGEST, due_at__lte=now, notice__closed_at=None
    )
    local = now.astimezone(calendar.zone)
    if not calendar.is_working_day(local.date()):
        return 0
    hours = {at.astimezone(calendar.zone).time() for at in due.values_list("due_at", flat=True).distinct()}
    if not any(hour <= local.time() for hour in hours):
        return 0
    made = 0
    for role_key in sorted(set(due.values_list("role_id", flat=True))):
        with transaction.atomic():
            made += _digest(role_key, local.date(), _claimed(due.filter(role_id=role_key)), now)
    return made


def _claimed(due: QuerySet[Step]) -> list[Step]:
    """The steps nobody else has. Their notices are locked before them, as by every verb; the other way round
    a digest and an answer could wait for each other."""
    free = Notice.objects.select_for_update(skip_locked=True).filter(
        id__in=due.values("notice_id"), closed_at=None
    )
    ids = [notice.id for notice in free.order_by("id").only("id")]
    return list(due.filter(notice_id__in=ids).select_for_update(of=("self",)).order_by("due_at"))


def _digest(role_key: str, today: date, steps: list[Step], now: datetime) -> int:
    if not steps:
        return 0
    role = people.role(role_key)
    digest, _ = Digest.objects.get_or_create(day=today, role=role, defaults={"made_at": now, "count": 0})
    digest = Digest.objects.select_for_update(of=("self",)).get(id=digest.id)
    digest.notices.add(*Notice.objects.filter(id__in=[step.notice_id for step in steps]))
    digest.count += len(steps)
    message = digest.message
    if message is None or not _stands(
        digest
    ):  # later arrivals of the day are on the list the message links to
        digest.message = message = outbox.owe(
            about=_digest_id(role_key, today),
            kind="digest",
            channel="email",
            role=role,
            now=now,
            count=len(steps),
        )
    digest.save()
    OutboxMessage.objects.filter(id=message.id, state=OutboxMessage.QUEUED).update(count=digest.count)
    reached = Step.SENT if message.state != OutboxMessage.FAILED else Step.HAND
    Step.objects.filter(id__in=[step.id for step in steps]).update(
        state=reached, fired_at=now, message=message, hand_why=message.failure
    )
    ledger.record("digest.made", at=now, subject=f"{role_key} {today}", actor="sweep", count=len(steps))
    return 1


def _stands(digest: Digest) -> bool:
    """Whether the day's message has gone or will: locked, so that it is not dropped as needless meanwhile."""
    if digest.message_id is None:
        return False
    message = OutboxMessage.objects.select_for_update(of=("self",)).get(id=digest.message_id)
    return message.state != OutboxMessage.DROPPED


def _digest_id(role_key: str, day: date) -> UUID:
    """One id for one day's digest of one role, whoever makes it and however often."""
    return uuid5(NAMESPACE_URL, f"soar2:digest:{role_key}:{day}")
