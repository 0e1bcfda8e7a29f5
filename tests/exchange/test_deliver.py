"""Deliveries against a real SMTP server: sent, put off, given up, and never a word about a patient."""

import pytest
from sample_reports import at, macro, oru

from soar2.errors import Undelivered
from soar2.exchange import deliver, dispatch
from soar2.exchange.models import InboundMessage
from soar2.pathway.notices.models import Notice, Step
from soar2.record.models import DeliveryAttempt, OutboxMessage, RotaRule

NOW = at("10 14:06")


@pytest.fixture
def notice(people):
    raw = oru(macro("urgent"), name="QUILL^ROSA", mrn="44471", accession="A-20931")
    InboundMessage.objects.create(received_at=NOW, raw=raw, body_hash="h", answer_code="AA", answer=b"")
    dispatch.apply_undone(NOW)
    return Notice.objects.get()


def test_a_notice_reaches_the_person_on_the_rota(mailbox, notice):
    assert deliver.deliver_owed("w", NOW) == 1
    mail = mailbox.mails[0]
    assert mail["To"] == "n.bell@hospital.example"
    assert mail["X-SOaR2-Notice"] == str(notice.id)
    assert OutboxMessage.objects.get().state == "sent"
    assert DeliveryAttempt.objects.get().outcome == "sent"


def test_mail_holds_a_code_and_a_link_and_no_patient(mailbox, notice):
    deliver.deliver_owed("w", NOW)
    whole = mailbox.mails[0].as_string()
    assert notice.case_code in mailbox.mails[0]["Subject"]
    assert f"/notices/{notice.case_code}/" in whole
    for random in (notice.case_code, str(notice.id), str(OutboxMessage.objects.get().id)):
        whole = whole.replace(random, "")  # chance could spell anything in them
    for secret in ("QUILL", "ROSA", "44471", "A-20931", "T8", "1c", "1960", "collapse", "spine MR"):
        assert secret.lower() not in whole.lower(), secret


def test_the_role_becomes_a_person_when_it_is_sent_not_before(mailbox, notice, people):
    RotaRule.objects.filter(role_id="navigator").update(person=people["ruiz"])
    deliver.deliver_owed("w", NOW)
    assert mailbox.mails[0]["To"] == "a.ruiz@hospital.example"


def test_a_passing_fault_is_tried_again_later(mailbox, notice):
    mailbox.refuse = "451 come back later"
    deliver.deliver_owed("w", NOW)
    message = OutboxMessage.objects.get()
    assert (message.state, message.attempts) == ("queued", 1)
    assert deliver.deliver_owed("w", NOW) == 0, "not before its back-off has passed"
    mailbox.refuse = None
    OutboxMessage.objects.update(not_before=NOW)
    deliver.deliver_owed("w", NOW)
    assert [row.outcome for row in DeliveryAttempt.objects.order_by("id")] == ["retry", "sent"]


def test_an_absent_server_is_a_passing_fault(mailbox, notice):
    mailbox.stop()
    deliver.deliver_owed("w", NOW)
    assert OutboxMessage.objects.get().state == "queued"
    assert DeliveryAttempt.objects.get().outcome == "retry"


def test_a_lasting_fault_becomes_a_hand_task(mailbox, notice):
    mailbox.refuse = "554 no such mailbox"
    deliver.deliver_owed("w", NOW)
    assert OutboxMessage.objects.get().state == "failed"
    step = Step.objects.get(message=OutboxMessage.objects.get())
    assert step.state == Step.HAND
    assert "554" in step.hand_why


def test_a_hole_in_the_rota_becomes_a_hand_task(mailbox, notice):
    RotaRule.objects.filter(role_id="navigator").delete()
    deliver.deliver_owed("w", NOW)
    assert OutboxMessage.objects.get().state == "failed"
    assert "Nobody is on the rota" in Step.objects.get(message=OutboxMessage.objects.get()).hand_why


def test_a_leased_message_is_not_taken_twice(mailbox, notice):
    from soar2.record import outbox

    assert len(outbox.lease("one")) == 1
    assert outbox.lease("two") == []


def test_a_lease_of_a_dead_worker_runs_out(mailbox, notice):
    from datetime import timedelta

    from django.utils import timezone

    from soar2.record import outbox

    outbox.lease("dead")
    OutboxMessage.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert len(outbox.lease("alive")) == 1


def test_a_channel_that_stays_down_becomes_a_hand_task_and_is_tried_on(mailbox, notice):
    mailbox.refuse = "451 come back later"
    for tries in range(1, deliver.LATE_AFTER + 2):
        OutboxMessage.objects.update(not_before=NOW)
        deliver.deliver_owed("w", NOW)
        step = Step.objects.get(message=OutboxMessage.objects.get())
        assert (step.state == Step.HAND) == (tries >= deliver.LATE_AFTER), tries
    assert step.hand_why.startswith("Not delivered so far.")
    assert OutboxMessage.objects.get().state == "queued"
    mailbox.refuse = None
    OutboxMessage.objects.update(not_before=NOW)
    deliver.deliver_owed("w", NOW)
    step.refresh_from_db()
    assert (step.state, step.hand_why) == (Step.SENT, "")


def test_what_another_worker_has_sent_meanwhile_is_not_failed(mailbox, notice, people):
    from soar2.record import outbox

    [message] = outbox.lease("slow")
    outbox.sent(message, person=people["bell"], now=NOW)
    deliver._record_failure(message, people["bell"], Undelivered("554", permanent=True), NOW)
    assert OutboxMessage.objects.get().state == "sent"
    assert Step.objects.get(message=message).state == Step.SENT


def test_an_address_no_mail_can_carry_is_a_lasting_fault(mailbox, notice, people):
    type(people["bell"]).objects.filter(key="bell").update(
        email="bell@hospital.example\nBcc: all@example.com"
    )
    deliver.deliver_owed("w", NOW)
    assert OutboxMessage.objects.get().state == "failed"
    assert mailbox.mails == []
