"""What a person answers to a notice. Each verb is one transaction and one fact."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from soar2.errors import Refused
from soar2.pathway.notices import plan
from soar2.pathway.notices.models import Notice, Reply, Step
from soar2.record import ledger, people
from soar2.record.models import Person, Role
from soar2.record.permissions import role_may

ACTIONS = {"called": "Called", "booked": "Booked", "seen": "Seen", "no-action": "No action, because"}
RADIOLOGIST = "neuroradiology"  # whose telephone call the product never replaces


@transaction.atomic
def mine(notice_id: UUID, *, person: Person | None, now: datetime) -> None:
    """Acknowledge and own. The ladder stops, and goes on at its next rung if the action clock passes."""
    notice, person = _open_notice(notice_id), _somebody(person)
    if notice.owner_id == person.id:
        return
    if notice.owner is not None:
        raise Refused(f"{notice.owner.label} owns this. Ask them, or have them answer Not me.")
    _acknowledge(notice, person, now)
    notice.owner, notice.owned_at = person, now
    notice.action_due = plan.due(notice.plan, "action", now)
    plan.shift_waiting(notice, notice.action_due)
    _end_the_search(notice, person, now)
    _answer(notice, person, now, "mine")


@transaction.atomic
def not_me(notice_id: UUID, *, person: Person | None, now: datetime, role: str = "") -> None:
    """Pass on. With ``role`` the notice is re-addressed and sent at once; the ladder does not stop."""
    notice, person = _open_notice(notice_id), _somebody(person)
    if role and not Role.objects.filter(key=role).exists():
        raise Refused("There is no such role to pass this on to.")
    if role and not role_may(role, "notices.answer"):
        raise Refused("Holders of that role cannot answer notices. Choose another one.")
    if notice.owner is not None and notice.owner_id != person.id:
        raise Refused(f"{notice.owner.label} owns this now.")
    if notice.owner is not None:
        plan.shift_waiting(notice, now + plan.gap_to_next(notice))
        notice.owner = notice.owned_at = notice.action_due = None
    if role:
        _readdress(notice, role, now)
    _answer(notice, person, now, "not-me", role)


@transaction.atomic
def already_known(
    notice_id: UUID, *, person: Person | None, now: datetime, plan_words: str = "", **extra: str
) -> None:
    """Acknowledge without owning: the finding is known. The ladder goes on until somebody owns or acts."""
    notice, person = _open_notice(notice_id), _somebody(person)
    _acknowledge(notice, person, now)
    _answer(notice, person, now, "already-known", extra.get("plan", plan_words).strip())


@transaction.atomic
def acted(notice_id: UUID, *, person: Person | None, now: datetime, action: str, detail: str = "") -> None:
    """What the owner did; closes the notice. ``no-action`` needs its reason."""
    notice, person = _open_notice(notice_id), _somebody(person)
    if action not in ACTIONS:
        raise Refused("Choose what was done: called, booked, seen, or no action.")
    if notice.owner_id != person.id:
        who = f"{notice.owner.label} owns this" if notice.owner else "Nobody owns this yet"
        raise Refused(f"{who}. Only the owner records what was done; take it with Mine first.")
    if action == "no-action" and not detail.strip():
        raise Refused("Say why no action is needed.")
    notice.acted_at, notice.acted_by, notice.action, notice.action_detail = (
        now,
        person,
        action,
        detail.strip(),
    )
    notice.closed_at, notice.close_reason = now, "acted"
    plan.stop(notice)
    _answer(notice, person, now, "acted", action, detail.strip())


@transaction.atomic
def step_done(step_id: int, *, person: Person | None, now: datetime, note: str = "") -> None:
    """A person did what no sender could: telephoned, paged, wrote the incident."""
    person = _somebody(person)
    # The notice first, as every verb locks it: the other way round two answers could wait for each other.
    notice = Notice.objects.select_for_update().filter(steps=step_id).first()
    step = Step.objects.select_for_update().filter(id=step_id, state=Step.HAND).first()
    if notice is None or step is None:
        raise Refused("This task is no longer open.")
    step.state, step.done_at, step.done_by, step.done_note = Step.DONE, now, person, note.strip()
    step.save(update_fields=["state", "done_at", "done_by", "done_note"])
    Notice.objects.filter(id=step.notice_id).update(changed_at=now)
    ledger.record(
        "notice.hand-task-done", at=now, patient=notice.patient, subject=notice.id, person=person,
        rung=step.n, channel=step.channel, role=step.role_id, note=step.done_note,
    )  # fmt: skip


def _open_notice(notice_id: UUID) -> Notice:
    notice = Notice.objects.select_for_update().filter(id=notice_id).first()
    if notice is None:
        raise Refused("There is no such notice.")
    if notice.closed_at is not None:
        raise Refused("This notice is closed.")
    return notice


def _somebody(person: Person | None) -> Person:
    if person is None or not person.active:
        raise Refused("Your account stands for no person in the programme, so it cannot answer notices.")
    return person


def _acknowledge(notice: Notice, person: Person, now: datetime) -> None:
    if notice.acknowledged_at is None:
        notice.acknowledged_at, notice.acknowledged_by = now, person


def _readdress(notice: Notice, role: str, now: datetime) -> None:
    notice.role = people.role(role)
    last = notice.steps.filter(n__gte=plan.REROUTED, n__lt=plan.STANDING).order_by("-n").first()
    step = Step.objects.create(
        notice=notice,
        n=last.n + 1 if last else plan.REROUTED,
        due_at=now,
        role=notice.role,
        channel="email",
        words="Passed on",
    )
    plan.fire(step, now)


def _end_the_search(notice: Notice, person: Person, now: datetime) -> None:
    """Calls that looked for an owner are answered by one. The radiologist's own call is still to be made and
    logged, and an incident still to be written."""
    hunting = notice.steps.filter(state=Step.HAND).exclude(role_id=RADIOLOGIST).exclude(channel="incident")
    hunting.update(state=Step.DONE, done_at=now, done_by=person, done_note="Owned")


def _answer(notice: Notice, person: Person, now: datetime, kind: str, *detail: str) -> None:
    words = ": ".join(part for part in detail if part)
    notice.changed_at = now
    notice.save()
    Reply.objects.create(notice=notice, at=now, person=person, kind=kind, detail=words)
    ledger.record(
        f"notice.{kind}",
        at=now,
        patient=notice.patient,
        subject=notice.id,
        person=person,
        lane=notice.lane,
        detail=words,
    )
