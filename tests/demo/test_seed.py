"""The seeded database: the whole history through the real verbs, nothing left to send, a realistic present."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction

from soar2.demo import cast
from soar2.demo.events import START, Answer, Message
from soar2.demo.seed import STORED, seed, seeded
from soar2.demo.story import MONTHS, story
from soar2.errors import Refused
from soar2.exchange.arrival import received
from soar2.exchange.dispatch import apply_one
from soar2.exchange.models import InboundMessage
from soar2.pathway.notices import queries
from soar2.pathway.notices.models import Digest, Notice, Step
from soar2.pathway.reports.models import Report
from soar2.record import clock
from soar2.record.models import DeliveryAttempt, OutboxMessage, Patient

pytestmark = pytest.mark.django_db


class UndoError(Exception):
    pass


@pytest.fixture(scope="module")
def seeded_database(django_db_setup, django_db_blocker):
    """One seeding for every test of this file, taken back at its end."""
    with django_db_blocker.unblock():
        try:
            with transaction.atomic():
                told = []
                yield seed(progress=told.append), told
                raise UndoError
        except UndoError:
            pass


@pytest.fixture
def present(seeded_database):
    return {row.accession: row for row in queries.open_rows(START)}


def test_the_summary_counts_what_is_there(seeded_database):
    found, told = seeded_database
    spine = [message for message in story().reports if message.exam.kind != "outside"]
    replies = [
        event
        for event in story().history
        if isinstance(event, Answer) and event.kind in ("mine", "not-me", "already-known", "acted")
    ]
    assert found.months == MONTHS
    assert found.patients == Patient.objects.count() == len({m.exam.who.number for m in spine})
    assert found.messages == len(story().reports)
    assert found.reports == Report.objects.count() == len(spine)
    assert found.notices == Notice.objects.count() > 450
    assert found.replies == len(replies)
    assert f"{found.patients} patients" in found.words
    assert len(told) >= 5


def test_it_refuses_a_second_time(seeded_database):
    assert seeded()
    with pytest.raises(Refused, match="--reset"):
        seed()


def test_the_clock_stands_still_where_the_demonstration_starts(seeded_database):
    assert clock.now() == START
    assert clock.state().running is False


def test_nobody_is_mailed_about_history(seeded_database):
    assert Counter(OutboxMessage.objects.values_list("state", flat=True)).keys() == {"sent"}
    assert DeliveryAttempt.objects.count() == OutboxMessage.objects.count() > 300
    assert not OutboxMessage.objects.filter(person=None).exists()


def test_no_step_of_the_past_is_still_waiting(seeded_database):
    late = Step.objects.filter(state=Step.WAITING, due_at__lte=START)
    assert list(late.values_list("notice__accession", "n", "due_at")) == []


def test_rungs_fired_when_they_were_due(seeded_database):
    fired = Step.objects.filter(state=Step.SENT, n__lt=100).exclude(fired_at=None)
    slow = [step for step in fired if abs(step.fired_at - step.due_at) > timedelta(minutes=1)]
    assert [(step.notice.accession, step.n, step.due_at, step.fired_at) for step in slow] == []


def test_every_message_came_to_its_end(seeded_database):
    states = Counter(InboundMessage.objects.values_list("state", flat=True))
    outside = sum(m.exam.kind == "outside" for m in story().reports)
    assert states == {"applied": len(story().reports) - outside, "filtered": outside}


def test_the_system_reads_each_report_in_the_lane_that_was_meant(seeded_database):
    meant = {
        (m.exam.accession, m.exam.status): m.exam.lane
        for m in story().history
        if isinstance(m, Message) and m.exam.kind not in ("outside", "free-text")
    }
    found = {
        (row.accession, row.status): row.lane
        for row in Report.objects.filter(source="macro").only("accession")
    }
    assert {key: (lane, found.get(key)) for key, lane in meant.items() if found.get(key) != lane} == {}


def test_every_structured_report_has_one_notice(seeded_database):
    lanes = Report.objects.filter(status__in=("F", "C")).exclude(lane="none").exclude(source="free-text")
    without = [report.accession for report in lanes if not queries.about_report(report.id)]
    assert without == []


def test_the_present_shows_every_state(present):
    assert 12 <= len(present) <= 16
    lanes = Counter(row.lane for row in present.values())
    assert lanes["emergent"] == 1
    assert lanes["urgent"] >= 3
    assert lanes["expedited"] >= 5
    assert lanes["routine"] >= 4
    unowned = [row for row in present.values() if row.owner is None and row.lane == "urgent"]
    assert [row.accession for row in unowned] == ["A-20926"]
    assert timedelta(0) < unowned[0].acknowledge_due - START < timedelta(minutes=30)
    assert any(row.hand_tasks for row in present.values())
    assert any(row.in_digest for row in present.values())
    assert [answer.kind for answer in present["A-20920"].answers] == ["already-known"]


def test_two_are_overdue_one_owned_and_one_not(present):
    late = {row.accession: row.owner_name for row in present.values() if row.overdue(START)}
    assert late == {"A-20911": "N. Bell RN", "A-20902": ""}


def test_the_named_patients_stand_as_told(present):
    assert present["A-20927"].owner_name == "Dr Okafor"
    assert present["A-20921"].owner_name == "Dr Lindqvist"
    assert present["A-20911"].rise.startswith("T7 1a to 1c")
    rosa = Patient.objects.get(identifiers__value=cast.ROSA.mrn)
    assert [report.worst_escc for report in rosa.reports.order_by("exam_end")] == ["0", "1b"]


def test_amos_was_never_anything_but_quiet(seeded_database):
    amos = Patient.objects.get(identifiers__value=cast.AMOS.mrn)
    assert set(amos.notices.values_list("lane", flat=True)) == {"routine"}
    messages = OutboxMessage.objects.filter(about__in=amos.notices.values("id"))
    assert not messages.exists()


def test_digests_were_made_in_the_morning(seeded_database):
    made = [digest.made_at.astimezone(START.tzinfo) for digest in Digest.objects.all()]
    assert len(made) > 100
    assert {(at.hour, at.minute) for at in made} == {(7, 30)}


def test_two_reports_wait_to_be_read(seeded_database):
    waiting = Report.objects.filter(read_wanted=True, read_at=None)
    assert set(waiting.values_list("accession", flat=True)) == {"A-20904", "A-20916"}


def arrive(accession):
    """Let the live messages of one accession come through the door's own path, each at its time."""
    for n, message in enumerate(m for m in story().live if m.exam.accession == accession):
        arrival = received(message.raw, peer="127.0.0.1", now=message.at, answer_id=f"T{n}")
        row = InboundMessage.objects.create(
            received_at=message.at, **{name: getattr(arrival, name) for name in STORED}
        )
        assert apply_one(row.id, message.at)
        row.refresh_from_db()
        yield row, message


def test_rosa_arrives_urgent_and_risen(seeded_database):
    ((row, _),) = arrive("A-20931")
    assert row.state == "applied"
    notice = Notice.objects.get(accession="A-20931")
    assert (notice.lane, notice.rise) == ("urgent", "T8 1b to 1c in 98 days")
    assert notice.role_id == "navigator"
    assert OutboxMessage.objects.filter(about=notice.id, state="queued").count() == 1  # the present is mailed


def test_a_report_without_a_patient_still_reaches_the_duty_role(seeded_database):
    ((row, _),) = arrive("A-20933")
    assert row.state == "quarantined"
    notice = Notice.objects.get(identity_unresolved=True)
    assert (notice.lane, notice.role_id, notice.patient) == ("emergent", "spine-on-call", None)


def test_nora_goes_to_the_list_of_reports_to_read(seeded_database):
    list(arrive("A-20932"))
    report = Report.objects.get(accession="A-20932")
    assert (report.source, report.read_wanted) == ("free-text", True)


def test_an_addendum_that_changes_nothing_opens_nothing(seeded_database):
    rows = list(arrive("A-20940"))
    assert [row.state for row, _ in rows] == ["applied", "applied"]
    assert Notice.objects.filter(accession="A-20940").count() == 1


def test_lena_is_an_emergency_for_the_neurosurgeon_on_call(seeded_database):
    list(arrive("A-20950"))
    notice = Notice.objects.get(accession="A-20950")
    assert (notice.lane, notice.role_id) == ("emergent", "neurosurgery-on-call")
    assert notice.rise.startswith("T11 1a to 3")
