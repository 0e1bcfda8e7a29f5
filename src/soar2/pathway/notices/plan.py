"""The escalation plan: frozen into a notice when it opens, and turned into rows with due times."""

import secrets
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings

from soar2.criteria.packs import Pack, Span, load_pack
from soar2.pathway.notices.models import Notice, Step
from soar2.record import outbox, people, rows
from soar2.record.models import OutboxMessage

DIGEST = "digest"
OWNER = "owner"  # in a plan: the role that the notice is addressed to
REROUTED = 100  # rungs added by hand start here, after those of any plan
QUIET = frozenset({"expedited", "routine"})  # these lanes send nothing outside working hours
STANDING = 900  # the hand task that stands after the last rung until somebody owns the notice

_LETTERS, _DIGITS = "BCDFGHJKLMNPRSTVWXZ", "23456789"


def sent_by_us() -> frozenset[str]:
    """Channels with a sender, by the settings of this moment; every other rung is a hand task a person sees.

    A frozen plan names channels only: a paging service connected later serves open notices too.
    """
    return frozenset({"email", *(hook.channel for hook in settings.PROGRAMME.webhooks)})


def case_code() -> str:
    """A random, sayable code ('K7F2M'): it names a case in open channels and means nothing elsewhere."""
    shape = (_LETTERS, _DIGITS, _LETTERS, _DIGITS, _LETTERS)
    while True:
        code = "".join(secrets.choice(letters) for letters in shape)
        if not rows.ask("SELECT 1 FROM notices_notice WHERE case_code = %s", [code]):
            return code


def active_pack() -> Pack:
    return load_pack(*settings.PROGRAMME.pack)


def addressed(pack: Pack, lane: str, now: datetime) -> str:
    """The role that owns a notice of this lane at this hour."""
    address = pack.addressed[lane]
    return address.role if settings.PROGRAMME.calendar.is_open(now) else address.out_of_hours_role


def freeze(pack: Pack, lane: str) -> dict[str, Any]:
    """The ladder and clocks of a lane as plain JSON, so that a later pack cannot change this notice."""
    clocks = pack.clocks[lane]
    return {
        "pack": f"{pack.name} {pack.version}",
        "rungs": [
            {"n": r.n, "after": _span(r.after), "role": r.role, "channel": r.channel, "words": r.words}
            for r in pack.ladders[lane]
        ],
        "clocks": {
            name: _span(getattr(clocks, name))
            for name in ("acknowledge", "action", "visit", "treatment")
            if getattr(clocks, name) is not None
        },
    }


def _span(span: Span) -> dict[str, Any]:
    return {"kind": span.kind, "minutes": span.minutes}


def due(plan: dict[str, Any], clock: str, start: datetime) -> datetime:
    """When a frozen clock that started at ``start`` runs out; KeyError when the lane has no such clock."""
    found: datetime = settings.PROGRAMME.calendar.add(start, Span(**plan["clocks"][clock]))
    return found


def due_if_any(plan: dict[str, Any], clock: str, start: datetime) -> datetime | None:
    """As ``due``; None when the lane has no such clock."""
    return due(plan, clock, start) if clock in plan["clocks"] else None


def rung_due(rung: dict[str, Any], opened: datetime) -> datetime:
    """When a rung fires if nobody answers. A digest goes out at its next time on a working day."""
    span, calendar = Span(**rung["after"]), settings.PROGRAMME.calendar
    if rung["channel"] != DIGEST:
        return calendar.add(opened, span)
    clock = time(span.minutes // 60, span.minutes % 60)
    today = opened.astimezone(calendar.zone).date()
    at = calendar.at(today, clock)
    return (
        at
        if calendar.is_working_day(today) and at >= opened
        else calendar.at(calendar.next_working_day(today), clock)
    )


def start(notice: Notice, now: datetime) -> list[rows.Statement]:
    """What writes the steps of a notice just opened; those due at once are fired with it."""
    steps = [_step(notice, rung) for rung in notice.plan["rungs"]]
    at_once = [step for step in steps if step.due_at <= now and step.channel != DIGEST]
    messages = [message for step in at_once if (message := _fire(step, now))]
    roles = people.known([notice.role_id, *(step.role_id for step in steps)])
    return [roles, *outbox.owing(*messages), rows.insert(*steps)]


def derive_steps(notice: Notice) -> list[Step]:
    """Make the rows the plan asks for and that are missing; safe to repeat. Returns the new ones."""
    have = set(notice.steps.values_list("n", flat=True))
    missing = [_step(notice, rung) for rung in notice.plan["rungs"] if rung["n"] not in have]
    for step in missing:
        if notice.action_due is not None:  # owned: the ladder rests until the action clock has passed
            step.due_at = max(step.due_at, notice.action_due)
    rows.run(people.known(step.role_id for step in missing))
    return Step.objects.bulk_create(missing, ignore_conflicts=True) if missing else []


def _step(notice: Notice, rung: dict[str, Any]) -> Step:
    return Step(
        notice=notice,
        n=rung["n"],
        due_at=rung_due(rung, notice.opened_at),
        role_id=notice.role_id if rung["role"] == OWNER else rung["role"],
        channel=rung["channel"],
        words=rung["words"],
    )


def fire(step: Step, now: datetime) -> None:
    """Send what can be sent, or put the hand task in view. The outbox row shares this transaction."""
    message = _fire(step, now)
    if message is not None:
        rows.run(*outbox.owing(message))
    step.save(update_fields=["state", "fired_at", "message", "hand_why"])


def _fire(step: Step, now: datetime) -> OutboxMessage | None:
    """The message that the step owes, not yet written; None when a person must do it."""
    notice = step.notice
    step.fired_at = now
    if step.channel in sent_by_us():
        step.state = Step.SENT
        step.message = outbox.draft(
            about=notice.id,
            kind="notice",
            channel=step.channel,
            role_id=step.role_id,
            now=now,
            lane=notice.lane,
            case_code=notice.case_code,
            words=step.words,
        )
        return step.message
    step.state = Step.HAND
    step.hand_why = f"No sender for {step.channel} is set up."
    return None


def fire_due(notice: Notice, now: datetime) -> int:
    """Fire the rungs that are due; returns how many. A quiet lane's message that comes late, after a stop
    of ours or a shift of the ladder, still waits for working hours."""
    waiting = notice.steps.select_for_update(of=("self",)).select_related("role").filter(state=Step.WAITING)
    fired = 0
    for step in waiting.filter(due_at__lte=now).exclude(channel=DIGEST).order_by("n"):
        if (
            step.channel in sent_by_us()
            and notice.lane in QUIET
            and not settings.PROGRAMME.calendar.is_open(now)
        ):
            step.due_at = settings.PROGRAMME.calendar.next_open(now)
            step.save(update_fields=["due_at"])
        else:
            step.notice = notice
            fire(step, now)
            fired += 1
    return fired


def shift_waiting(notice: Notice, first_at: datetime) -> None:
    """Move the rungs still to come so that the next fires at ``first_at``; their spacing stays."""
    waiting = list(
        notice.steps.select_for_update()
        .filter(state=Step.WAITING)
        .exclude(channel=DIGEST)
        .order_by("due_at", "n")
    )
    if not waiting:
        return
    shift = first_at - waiting[0].due_at
    for step in waiting:
        step.due_at += shift
    Step.objects.bulk_update(waiting, ["due_at"])


def gap_to_next(notice: Notice) -> timedelta:
    """The time the plan leaves between the last rung fired and the next one."""
    waiting = notice.steps.filter(state=Step.WAITING).exclude(channel=DIGEST).order_by("n").first()
    rungs = {rung["n"]: rung_due(rung, notice.opened_at) for rung in notice.plan["rungs"]}
    if waiting is None or waiting.n not in rungs:
        return timedelta(0)
    before = [at for n, at in rungs.items() if n < waiting.n]
    return max(rungs[waiting.n] - max(before, default=notice.opened_at), timedelta(0))


def stop(notice: Notice) -> None:
    """Nothing more of this ladder fires; hand tasks still open are closed with it."""
    notice.steps.filter(state__in=(Step.WAITING, Step.HAND)).update(state=Step.STOPPED)
