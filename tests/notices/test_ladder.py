"""What time does to a notice, and what stops it."""

import pytest
from sample_reports import at, minutes

from soar2.errors import Refused
from soar2.pathway.notices.actions import acted, already_known, mine, not_me, step_done, sweep
from soar2.pathway.notices.models import Notice, Step
from soar2.pathway.notices.plan import STANDING
from soar2.record.models import LedgerEntry, OutboxMessage

OPENED = at("10 14:05")


def fired(notice):
    return set(notice.steps.exclude(state__in=(Step.WAITING, Step.STOPPED)).values_list("n", flat=True))


def fired_rungs(notice):
    return [n for n in sorted(fired(notice)) if n < 100]


def test_the_emergent_ladder_climbs_by_its_times(filed, notice_of):
    notice = notice_of(filed("emergent"))
    steps = list(notice.steps.order_by("due_at", "n"))
    for minute in (0, 4, 5, 10, 15, 30, 60):
        sweep(OPENED + minutes(minute))
        assert fired(notice) == {step.n for step in steps if step.due_at <= OPENED + minutes(minute)}, minute
    assert not notice.steps.filter(state=Step.WAITING).exists()


def test_sweeping_twice_sends_nothing_twice(filed, notice_of):
    notice_of(filed("emergent"))
    sweep(OPENED + minutes(30))
    count = OutboxMessage.objects.count()
    sweep(OPENED + minutes(30))
    assert OutboxMessage.objects.count() == count


def test_rows_that_were_lost_are_derived_again(filed, notice_of):
    notice = notice_of(filed("urgent"))
    lost = notice.steps.order_by("-n").first()
    n, due = lost.n, lost.due_at
    lost.delete()
    sweep(OPENED)
    assert notice.steps.get(n=n).due_at == due


def test_mine_stops_the_ladder(filed, notice_of, people):
    notice = notice_of(filed("emergent"))
    before = fired(notice)
    mine(notice.id, person=people["okafor"], now=OPENED + minutes(3))
    sweep(OPENED + minutes(29))
    assert fired(notice) == before
    notice.refresh_from_db()
    assert (notice.owner, notice.acknowledged_by) == (people["okafor"], people["okafor"])


def test_the_ladder_goes_on_at_the_next_rung_when_the_action_clock_passes(filed, notice_of, people):
    notice = notice_of(filed("emergent"))
    waiting = list(notice.steps.filter(state=Step.WAITING).order_by("due_at", "n"))
    mine(notice.id, person=people["okafor"], now=OPENED + minutes(3))
    notice.refresh_from_db()
    assert notice.action_due == OPENED + minutes(33)
    sweep(OPENED + minutes(33))
    first = [step.n for step in waiting if step.due_at == waiting[0].due_at]
    assert set(first) <= fired(notice)
    assert waiting[-1].n not in fired(notice), "the rungs keep their spacing"


@pytest.mark.parametrize("answer", ["already-known", "not-me"])
def test_only_mine_and_acted_stop_the_ladder(filed, notice_of, people, answer):
    notice = notice_of(filed("emergent"))
    verb = {"already-known": already_known, "not-me": not_me}[answer]
    verb(notice.id, person=people["lindqvist"], now=OPENED + minutes(1))
    before = len(fired(notice))
    sweep(OPENED + minutes(15))
    assert len(fired(notice)) > before
    notice.refresh_from_db()
    assert notice.owner is None
    assert (notice.acknowledged_at is not None) == (answer == "already-known")


def test_not_me_with_a_role_is_sent_there_at_once(filed, notice_of, people):
    notice = notice_of(filed("urgent"))
    not_me(notice.id, person=people["bell"], now=OPENED + minutes(2), role="spine-on-call")
    notice.refresh_from_db()
    assert notice.role_id == "spine-on-call"
    assert OutboxMessage.objects.filter(about=notice.id, role_id="spine-on-call").count() == 1


def test_not_me_by_the_owner_starts_the_ladder_again(filed, notice_of, people):
    notice = notice_of(filed("urgent"))
    mine(notice.id, person=people["bell"], now=OPENED + minutes(2))
    not_me(notice.id, person=people["bell"], now=OPENED + minutes(4))
    notice.refresh_from_db()
    assert notice.owner is None
    following = notice.steps.filter(state=Step.WAITING).order_by("due_at").first()
    assert OPENED + minutes(4) <= following.due_at <= OPENED + minutes(34)


def test_acted_closes_and_nothing_fires_afterwards(filed, notice_of, people):
    notice = notice_of(filed("emergent"))
    mine(notice.id, person=people["okafor"], now=OPENED + minutes(3))
    acted(notice.id, person=people["okafor"], now=OPENED + minutes(8), action="seen")
    sweep(OPENED + minutes(600))
    notice.refresh_from_db()
    assert (notice.close_reason, notice.action) == ("acted", "seen")
    assert not notice.steps.filter(state__in=(Step.WAITING, Step.HAND)).exists()


REFUSED = [
    (
        "acted by nobody's owner",
        lambda n, p: acted(n.id, person=p["bell"], now=OPENED, action="seen"),
        "Only the owner",
    ),
    (
        "acted without a reason",
        lambda n, p: acted(n.id, person=p["okafor"], now=OPENED, action="no-action"),
        "Say why",
    ),
    (
        "an unknown action",
        lambda n, p: acted(n.id, person=p["okafor"], now=OPENED, action="danced"),
        "Choose",
    ),
    ("taking what another owns", lambda n, p: mine(n.id, person=p["bell"], now=OPENED), "owns this"),
    (
        "passing to no role",
        lambda n, p: not_me(n.id, person=p["okafor"], now=OPENED, role="barber"),
        "no such role",
    ),
    ("an account without a person", lambda n, p: mine(n.id, person=None, now=OPENED), "no person"),
]


@pytest.mark.parametrize(("what", "verb", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_may_not_be_done_is_refused_in_a_sentence(filed, notice_of, people, what, verb, words):
    notice = notice_of(filed("urgent"))
    mine(notice.id, person=people["okafor"], now=OPENED)
    with pytest.raises(Refused, match=words):
        verb(notice, people)


def test_owning_twice_is_once(filed, notice_of, people):
    notice = notice_of(filed("urgent"))
    for minute in (1, 2):
        mine(notice.id, person=people["bell"], now=OPENED + minutes(minute))
    notice.refresh_from_db()
    assert notice.owned_at == OPENED + minutes(1)
    assert LedgerEntry.objects.filter(kind="notice.mine").count() == 1


def test_after_the_last_rung_a_task_stands_until_somebody_owns_it(filed, notice_of, people):
    notice = notice_of(filed("emergent"))
    sweep(OPENED + minutes(61))
    for step in notice.steps.filter(state=Step.HAND):
        step_done(step.id, person=people["bell"], now=OPENED + minutes(62))
    sweep(OPENED + minutes(63))
    assert notice.steps.get(n=STANDING).state == Step.HAND
    mine(notice.id, person=people["okafor"], now=OPENED + minutes(64))
    assert notice.steps.get(n=STANDING).state == Step.DONE


def test_the_morning_digest_is_one_message_for_all_routine_notices(filed, people):
    filed("routine", mrn="M1", accession="A1")
    filed("routine", mrn="M2", accession="A2", when="10 16:00")
    sweep(at("10 19:00"))
    assert not OutboxMessage.objects.filter(kind="digest").exists()
    sweep(at("11 07:30"))
    sweep(at("11 07:31"))
    digest = OutboxMessage.objects.get(kind="digest")
    assert (digest.count, digest.role_id) == (2, "navigator")


def test_a_routine_report_of_friday_is_on_mondays_list(filed):
    filed("routine", when="13 16:00")
    for moment in ("14 07:30", "15 07:30", "16 07:29"):
        sweep(at(moment))
        assert not OutboxMessage.objects.exists(), moment
    sweep(at("16 07:30"))
    assert OutboxMessage.objects.get().count == 1


def test_no_digest_is_sent_when_there_is_nothing_to_say(people):
    sweep(at("11 07:30"))
    assert not OutboxMessage.objects.exists()


def test_every_answer_is_one_attributed_fact(filed, notice_of, people):
    notice = notice_of(filed("urgent"))
    mine(notice.id, person=people["bell"], now=OPENED + minutes(1))
    acted(notice.id, person=people["bell"], now=OPENED + minutes(9), action="booked", detail="Friday 09:30")
    facts = LedgerEntry.objects.filter(subject=str(notice.id), person=people["bell"]).order_by("id")
    assert [fact.kind for fact in facts] == ["notice.mine", "notice.acted"]


def test_history_cannot_be_rewritten(filed, notice_of):
    from django.db import DatabaseError, transaction

    filed("urgent")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.update(kind="nothing.happened")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.first().delete()
    assert Notice.objects.exists()
