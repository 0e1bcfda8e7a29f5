"""A message that is still owed when nobody needs it any more is not sent; while somebody may, it always is."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from sample_reports import at, macro, minutes, oru

from soar2.exchange import deliver, dispatch, receipts
from soar2.exchange.models import InboundMessage
from soar2.pathway.notices import queries
from soar2.pathway.notices.actions import acted, already_known, mine, not_me, sweep
from soar2.pathway.notices.ladder import lines
from soar2.pathway.notices.models import Digest, Notice, Step
from soar2.record.models import DeliveryAttempt, OutboxMessage

NOW = at("10 14:06")


@pytest.fixture
def arrive(people):
    """Have one report arrive and be applied; returns its open notice."""

    def come(lane, *, now=NOW, n=1, accession=None):
        raw = oru(macro(lane), mrn=f"M{n}", accession=accession or f"A{n}", control=f"{lane}{n}")
        InboundMessage.objects.create(
            received_at=now, raw=raw, body_hash=f"{lane}{n}", answer_code="AA", answer=b"", control_id=lane
        )
        dispatch.apply_undone(now)
        return Notice.objects.filter(closed_at=None).latest("opened_at")

    return come


def send(now=NOW):
    OutboxMessage.objects.filter(state="queued").update(not_before=timezone.now() - timedelta(seconds=1))
    return deliver.deliver_owed("w", now, limit=50)


def states(notice):
    return set(OutboxMessage.objects.filter(about=notice.id).values_list("state", flat=True))


def owned_and_acted(notice, people):
    mine(notice.id, person=people["bell"], now=NOW)
    acted(notice.id, person=people["bell"], now=NOW, action="called")


def owned(notice, people):
    mine(notice.id, person=people["bell"], now=NOW + minutes(1))


def nothing(notice, people):
    pass


def known(notice, people):
    already_known(notice.id, person=people["bell"], now=NOW)


def given_up(notice, people):
    mine(notice.id, person=people["bell"], now=NOW)
    not_me(notice.id, person=people["bell"], now=NOW)


@pytest.mark.parametrize(
    ("happened", "leaves"),
    [(nothing, True), (known, True), (given_up, True), (owned, False), (owned_and_acted, False)],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_it_leaves_while_nobody_owns_the_open_notice(mailbox, arrive, people, happened, leaves):
    notice = arrive("urgent")
    happened(notice, people)
    send(NOW + minutes(2))
    assert bool(mailbox.mails) is leaves
    assert states(notice) == {"sent" if leaves else "dropped"}


def test_the_milder_notice_that_was_superseded_is_not_sent_its_successor_is(mailbox, arrive):
    first = arrive("urgent")
    second = arrive("emergent", accession="A1")
    assert Notice.objects.get(id=first.id).close_reason == "superseded"
    send()
    assert states(first) == {"dropped"}
    assert set(mailbox.notices()) == {str(second.id)}


def test_it_is_kept_with_its_reason_and_shown_as_not_needed(mailbox, arrive, people):
    notice = arrive("urgent")
    owned(notice, people)
    send(NOW + minutes(2))
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.outcome, attempt.detail) == ("dropped", "Not needed: somebody owns it.")
    [delivery] = queries.card(notice.case_code).deliveries
    assert delivery.words == "not needed"
    assert receipts.receipts()[0].state == "dropped"


def test_an_owner_who_gives_up_later_leaves_no_gap(mailbox, arrive, people):
    """The rung that was not needed waits with those still to come, and is sent as the next."""
    notice = arrive("urgent")
    owned(notice, people)
    send(NOW + minutes(2))
    step = Step.objects.get(notice=notice, n=1)
    assert (step.state, step.message) == (Step.WAITING, None)
    not_me(notice.id, person=people["bell"], now=NOW + minutes(3))
    sweep(NOW + minutes(40))
    send(NOW + minutes(40))
    assert states(notice) >= {"dropped", "sent"}
    assert str(notice.id) in mailbox.notices()


def test_an_owner_who_does_nothing_in_time_is_reminded_although_they_own_it(mailbox, arrive, people):
    notice = arrive("urgent")
    send()
    owned(notice, people)
    due = Notice.objects.get(id=notice.id).action_due
    sweep(due)
    for minute in range(0, 60, 15):
        sweep(due + minutes(minute))
    before = len(mailbox.mails)
    send(due + minutes(45))
    assert len(mailbox.mails) > before


def test_after_it_is_closed_its_rung_is_not_needed_any_more(mailbox, arrive, people):
    notice = arrive("urgent")
    owned_and_acted(notice, people)
    send()
    assert not Step.objects.filter(notice=notice).exclude(state=Step.STOPPED).exists()
    assert {line.mark for line in lines(queries.card(notice.case_code))} == {"off"}


def digest_of(arrive, *numbers):
    for n in numbers:
        arrive("routine", n=n)
    sweep(at("11 07:31"))
    return Digest.objects.get()


def test_a_digest_leaves_while_one_of_its_notices_is_open_and_unowned(mailbox, arrive, people):
    digest_of(arrive, 1, 2)
    owned_and_acted(Notice.objects.filter(closed_at=None).first(), people)
    send(at("11 07:31"))
    assert len(mailbox.mails) == 1


def test_a_digest_whose_notices_are_all_closed_is_not_sent_and_the_next_case_makes_a_new_one(
    mailbox, arrive, people
):
    digest = digest_of(arrive, 1)
    owned_and_acted(Notice.objects.get(), people)
    send(at("11 07:32"))
    assert (mailbox.mails, OutboxMessage.objects.get(id=digest.message_id).state) == ([], "dropped")
    late = arrive("routine", n=2)
    Step.objects.filter(notice=late).update(due_at=at("11 07:30"))
    sweep(at("11 09:00"))
    send(at("11 09:00"))
    assert len(mailbox.mails) == 1


def test_what_another_worker_has_sent_meanwhile_does_not_leave_again(mailbox, arrive, people):
    """The first one's lease ran out while it was slow; both hold the same message."""
    from soar2.record import outbox

    arrive("urgent")
    [message] = outbox.lease("slow")
    deliver.deliver_one(message, NOW)
    deliver.deliver_one(message, NOW)
    assert len(mailbox.mails) == 1


def test_a_message_about_no_notice_leaves(mailbox, people):
    """A finding of the watcher is about the system, not about a patient."""
    from soar2.record import outbox
    from soar2.record import people as record_people

    outbox.owe(
        about="00000000-0000-0000-0000-000000000009",
        kind="finding",
        channel="email",
        role=record_people.role("navigator"),
        now=NOW,
        words="No worker has given a sign of life.",
    )
    send()
    [mail] = mailbox.mails
    assert mail["Subject"] == "SOaR2 system: please look"
    assert "No worker has given a sign of life." in mail.get_payload()
    assert "/feeds/" in mail.get_payload()
    assert json.dumps(mail["To"]) == '"n.bell@hospital.example"'
