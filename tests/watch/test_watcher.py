"""The watcher's questions: each finding opens when the answer is bad and closes when it is good again."""

from datetime import timedelta

import pytest
from django.utils import timezone
from sample_reports import at, macro

from soar2.exchange.models import InboundMessage
from soar2.pathway.notices.models import Notice, Step
from soar2.pathway.reports.actions import file_report
from soar2.pathway.reports.types import IncomingReport
from soar2.record.models import Heartbeat, OutboxMessage
from soar2.record.patients import PatientIdentity
from soar2.watch.models import Finding
from soar2.watch.watcher import look

NOW = at("10 14:05")


@pytest.fixture
def alive(people):
    """Listener and worker have just given a sign of life, and the feed has spoken."""
    for kind in ("listener", "worker"):
        Heartbeat.objects.create(name=kind, kind=kind, seen=timezone.now())
    message("applied")


def message(state, *, stored=timedelta(0), received=NOW):
    count = InboundMessage.objects.count()
    row = InboundMessage.objects.create(
        received_at=received, raw=b"MSH", body_hash=str(count), answer_code="AA", answer=b"",
        state=state, feed="Radiology results" if state == "applied" else "",
    )  # fmt: skip
    InboundMessage.objects.filter(id=row.id).update(stored_at=timezone.now() - stored)
    return row


def notice(lane="emergent"):
    report = IncomingReport(
        feed="Radiology results",
        accession="A1",
        status="F",
        text=macro(lane),
        identity=PatientIdentity(identifiers=(("DEMO", "M1", "MR"),)),
        exam_end=NOW,
        reported_at=NOW,
    )
    file_report(report, now=NOW)
    return Notice.objects.get()


def an_undone_message():
    message("stored", stored=timedelta(seconds=61))


def its_end():
    InboundMessage.objects.filter(state="stored").update(state="applied")


def a_step_not_fired():
    notice().steps.filter(n=4).update(due_at=NOW - timedelta(seconds=61))


def it_fires():
    Step.objects.filter(n=4).update(state=Step.HAND)


def a_notice_without_steps():
    made = notice()
    Notice.objects.update(acknowledge_due=NOW - timedelta(seconds=61))
    made.steps.all().delete()


def it_is_closed():
    Notice.objects.update(closed_at=NOW)


def a_message_owed():
    notice()
    OutboxMessage.objects.update(not_before=timezone.now() - timedelta(seconds=61))


def it_is_sent():
    OutboxMessage.objects.update(state="sent")


def silence(kind):
    return lambda: Heartbeat.objects.filter(kind=kind).update(seen=timezone.now() - timedelta(seconds=31))


def a_sign(kind):
    return lambda: Heartbeat.objects.filter(kind=kind).update(seen=timezone.now())


def a_quiet_feed():
    InboundMessage.objects.update(received_at=NOW - timedelta(minutes=61))


def it_speaks():
    message("applied")


QUESTIONS = [
    # key                            made bad                 made good       the sentence
    ("inbox.undone", an_undone_message, its_end, "1 stored message not applied for over a minute"),
    ("notice.no-next-step", a_step_not_fired, it_fires, "1 open notice without a valid next step"),
    ("notice.no-next-step", a_notice_without_steps, it_is_closed, "1 open notice without a valid next step"),
    ("outbox.waiting", a_message_owed, it_is_sent, "1 message owed for over a minute"),
    ("process.listener", silence("listener"), a_sign("listener"), "No listener has given a sign of life"),
    ("process.worker", silence("worker"), a_sign("worker"), "No worker has given a sign of life"),
    ("feed.Radiology results", a_quiet_feed, it_speaks, "Radiology results has been silent for"),
]


@pytest.mark.parametrize(
    ("key", "bad", "good", "words"), QUESTIONS, ids=[f"{row[0]}, {row[1].__name__}" for row in QUESTIONS]
)
def test_a_finding_opens_and_closes(alive, key, bad, good, words):
    assert look(NOW, timezone.now()) == []
    bad()
    [said] = look(NOW, timezone.now())
    assert said.startswith(words)
    finding = Finding.objects.get()
    assert (finding.key, finding.words, finding.closed_at) == (key, said, None)
    good()
    assert look(NOW, timezone.now()) == []
    assert Finding.objects.get().closed_at is not None


def test_a_finding_that_stays_is_one_row_with_its_latest_words(alive):
    an_undone_message()
    look(NOW, timezone.now())
    an_undone_message()
    look(NOW, timezone.now())
    assert Finding.objects.get().words.startswith("2 stored messages")


def test_a_fault_that_comes_back_is_a_new_finding(alive):
    for _ in range(2):
        silence("worker")()
        look(NOW, timezone.now())
        a_sign("worker")()
        look(NOW, timezone.now())
    assert Finding.objects.filter(key="process.worker").count() == 2


def test_a_feed_that_never_spoke_is_not_silent(people):
    for kind in ("listener", "worker"):
        Heartbeat.objects.create(name=kind, kind=kind, seen=timezone.now())
    assert look(NOW, timezone.now()) == []


def test_a_message_under_way_and_a_back_off_under_way_are_no_faults(alive):
    message("stored", stored=timedelta(seconds=20))
    notice()
    OutboxMessage.objects.update(not_before=timezone.now() + timedelta(seconds=60), attempts=2)
    assert look(NOW, timezone.now()) == []


def test_no_finding_names_a_patient(alive):
    a_message_owed()
    a_quiet_feed()
    an_undone_message()
    said = " ".join(look(NOW, timezone.now()))
    for secret in ("M1", "A1", "T11", "emergent"):
        assert secret not in said
