"""A rung whose message is on its way: not needed any more, failed, without a receipt, arrived after all.

Rows are locked in one order, the message before its notices: a delivery knows only its message.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from soar2.pathway.notices import plan
from soar2.pathway.notices.answers import RADIOLOGIST
from soar2.pathway.notices.models import Notice, Step
from soar2.record import ledger, outbox, rows
from soar2.record.models import DeliveryAttempt, OutboxMessage, Person

RECEIPT_WITHIN = timedelta(minutes=2)  # machine time; then the next channel, or a person
NEXT_CHANNELS = ("page", "voice", "email")  # the most pressing first
AT_ONCE = 100  # messages that one sweep takes up


@dataclass(frozen=True)
class Errand:
    """What a message that may leave is for, as far as its receiver may know."""

    rung: int | None = None
    identity_unresolved: bool = False


@transaction.atomic
def take_up(message_id: UUID, *, now: datetime) -> Errand | None:
    """What the message is for; None when it must not leave, because it is owed no more or nobody needs it.

    It is needed while any notice it is about is open and unowned. Owned, it is not, except where the rung
    fired because its owner recorded nothing in time, or asks the radiologist for the call.
    """
    owed = rows.read(
        OutboxMessage,
        "WHERE r.id = %s AND r.state = %s FOR UPDATE",
        [message_id, OutboxMessage.QUEUED],
        first=[rows.UNHURRIED],  # as a rule nothing is written here
    )
    if not owed:
        return None
    message = owed[0]
    steps = _steps(message)
    if not steps:
        return Errand()
    if any(_needed(step) for step in steps):
        return Errand(steps[0].n, any(step.notice.identity_unresolved for step in steps))
    rows.run(rows.HURRIED)
    outbox.dropped(message, reason=_why_not(steps), now=now)
    _rest(steps, now)
    return None


def _steps(message: OutboxMessage) -> list[Step]:
    """Its rungs. A notice is locked, so that an owner who says *not me* just now does not go unheard; the many
    of a digest are not: each is on the list that every navigator sees."""
    locked = (
        "SELECT id FROM notices_notice WHERE id IN (SELECT notice_id FROM notices_step WHERE message_id = %s)"
        " ORDER BY id FOR UPDATE",
        [message.id],
    )
    step, notice = rows.columns(Step, table="step")[0], rows.columns(Notice)[0]
    found = rows.ask(
        f"SELECT {step}, {notice} FROM notices_step AS step JOIN notices_notice AS r ON r.id = step.notice_id"  # noqa: S608
        " WHERE step.message_id = %s ORDER BY step.notice_id, step.n",
        [message.id],
        first=[locked] if message.kind == "notice" else [],
    )
    width = len(Step._meta.concrete_fields)
    steps = [(rows.made(Step, row[:width]), rows.made(Notice, row[width:])) for row in found]
    for one, its in steps:
        one.notice = its
    return [one for one, _ in steps]


def _needed(step: Step) -> bool:
    notice = step.notice
    if notice.closed_at is not None:
        return False
    if notice.owned_at is None or step.role_id == RADIOLOGIST:
        return True
    return step.fired_at is not None and step.fired_at > notice.owned_at


def _why_not(steps: list[Step]) -> str:
    if all(step.notice.closed_at is not None for step in steps):
        return f"Not needed: closed, {steps[0].notice.close_reason or 'done'}."
    return "Not needed: somebody owns it."


def _rest(steps: list[Step], now: datetime) -> None:
    """A closed notice needs its rung no more. An owned one may need it again: it waits for the action clock, as
    every rung still to come does, so that an owner who gives the notice up leaves no gap in the ladder."""
    for step in steps:
        if step.state == Step.SENT:
            closed = step.notice.closed_at is not None
            step.state = Step.STOPPED if closed else Step.WAITING
            step.due_at = step.due_at if closed else step.notice.action_due or now
            step.message, step.fired_at = None, None
            step.save(update_fields=["state", "due_at", "message", "fired_at"])
    Notice.objects.filter(id__in=[step.notice_id for step in steps]).update(changed_at=now)


@transaction.atomic
def delivery_failed(message_id: UUID, *, reason: str, now: datetime) -> None:
    """A message that does not arrive goes another way: by the next channel that is connected, else by a person.

    Not where the gap is closed already: the notice is, or somebody owned it after the message was due.
    """
    steps = Step.objects.filter(message_id=message_id, state=Step.SENT, hand_why="")
    gaps = Notice.objects.select_for_update(of=("self",)).select_related("role")
    for notice in gaps.filter(id__in=steps.values("notice_id"), closed_at=None).order_by("id"):
        for step in steps.filter(notice=notice).select_related("role"):
            step.notice = notice
            if _needed(step):
                _go_on(step, reason, now)
        Notice.objects.filter(id=notice.id).update(changed_at=now)


def _go_on(step: Step, reason: str, now: datetime) -> None:
    channel = _next_channel(step)
    if channel is None:
        step.state, step.hand_why = Step.HAND, reason
    else:
        step.hand_why = f"{reason} Sent on by {channel}."
        plan.fire(_rung(step, channel, now), now)
    step.save(update_fields=["state", "hand_why"])
    ledger.record(
        "notice.rerouted", at=now, patient=step.notice.patient, subject=step.notice_id, actor="delivery",
        rung=step.n, channel=step.channel, to=channel or "hand",
    )  # fmt: skip


def _next_channel(step: Step) -> str | None:
    """A connected channel by which this role has not been told of this notice yet. Only of an emergent or
    urgent one: the others are not worth a page, a person calls in the morning."""
    if step.notice.lane in plan.QUIET or step.channel == plan.DIGEST:
        return None
    tried = step.notice.steps.filter(role=step.role).exclude(state=Step.WAITING)
    used = {step.channel, *tried.values_list("channel", flat=True)}
    open_ways = (name for name in NEXT_CHANNELS if name in plan.sent_by_us() and name not in used)
    return next(open_ways, None)


def _rung(step: Step, channel: str, now: datetime) -> Step:
    """The plan's own rung of this role on that channel brought forward; where it has none, a new one."""
    notice = step.notice
    waiting = notice.steps.filter(role=step.role, channel=channel, state=Step.WAITING).order_by("n").first()
    if waiting is not None:
        waiting.notice = notice
        return waiting
    last = notice.steps.filter(n__gte=plan.REROUTED, n__lt=plan.STANDING).order_by("-n").first()
    n = last.n + 1 if last else plan.REROUTED
    return Step.objects.create(
        notice=notice, n=n, due_at=now, role=step.role, channel=channel, words=step.words
    )


@transaction.atomic(savepoint=False)
def delivered(message: OutboxMessage, *, person: Person | None, now: datetime) -> None:
    """The channel took a message. Where it had long failed, its hand task, if still open, is not needed any more."""
    late = rows.ask(
        "SELECT 1 FROM notices_step WHERE message_id = %s AND state = %s LIMIT 1",
        [message.id, Step.HAND],
        first=outbox.taken(message, person=person, now=now),
    )
    if late:
        _close_bridges(message.id, now)


def _close_bridges(message_id: UUID, now: datetime) -> None:
    bridged = Step.objects.filter(message_id=message_id, state=Step.HAND)
    gaps = Notice.objects.select_for_update(of=("self",)).filter(
        id__in=bridged.values("notice_id"), closed_at=None
    )
    ids = [notice.id for notice in gaps.order_by("id")]
    if bridged.filter(notice_id__in=ids).update(state=Step.SENT, hand_why=""):
        Notice.objects.filter(id__in=ids).update(changed_at=now)


def reroute_without_receipt(now: datetime, real: datetime) -> int:
    """Rungs whose message no channel has taken within two minutes of machine time go another way.

    By time and not by tries: a worker that hangs, or that has too much to send, tries nothing.
    """
    return sum(_reroute(message, now) for message in _overdue(real - RECEIPT_WITHIN))


def _overdue(before: datetime) -> Iterable[UUID]:
    first = DeliveryAttempt.objects.filter(message=OuterRef("message")).order_by("id")
    since = Coalesce(Subquery(first.values("recorded_at")[:1]), F("message__not_before"))
    owed = Step.objects.filter(state=Step.SENT, hand_why="", message__state=OutboxMessage.QUEUED)
    late = owed.filter(notice__closed_at=None).annotate(since=since).filter(since__lt=before)
    ids = late.order_by("since", "id").values_list("message_id", flat=True)[:AT_ONCE]
    return dict.fromkeys(found for found in ids if found is not None)


def _reroute(message_id: UUID, now: datetime) -> int:
    with transaction.atomic():
        free = OutboxMessage.objects.select_for_update(skip_locked=True, of=("self",))
        message = free.filter(id=message_id, state=OutboxMessage.QUEUED).first()
        if message is None:
            return 0
        why = f"No receipt for two minutes. {message.failure}".strip()
        delivery_failed(message.id, reason=why, now=now)
        return 1
