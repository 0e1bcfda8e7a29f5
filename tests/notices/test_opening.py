"""From a scored report to its one notice."""

import pytest
from sample_reports import at

from soar2.pathway.notices.models import Notice, NoticeReport, Step
from soar2.record.models import LedgerEntry, OutboxMessage

WHO = [
    # lane        when         addressed to            why
    ("emergent", "10 14:05", "neurosurgery-on-call"),
    ("emergent", "14 03:00", "neurosurgery-on-call"),
    ("urgent", "10 14:05", "navigator"),
    ("urgent", "10 21:00", "spine-on-call"),
    ("urgent", "14 14:05", "spine-on-call"),
    ("expedited", "10 14:05", "navigator"),
    ("expedited", "14 03:00", "navigator"),
    ("routine", "10 14:05", "navigator"),
]


@pytest.mark.parametrize(("lane", "when", "role"), WHO)
def test_each_lane_reaches_its_role_by_the_hour(filed, notice_of, lane, when, role):
    notice = notice_of(filed(lane, when=when))
    assert (notice.lane, notice.role_id) == (lane, role)


@pytest.mark.parametrize("when", ["10 14:05", "10 03:00", "14 03:00", "15 23:59"])
@pytest.mark.parametrize("lane", ["emergent", "urgent"])
def test_emergent_and_urgent_interrupt_at_every_hour(filed, notice_of, lane, when):
    notice = notice_of(filed(lane, when=when))
    assert OutboxMessage.objects.filter(about=notice.id, state="queued").count() == 1


@pytest.mark.parametrize(("when", "sent"), [("10 14:05", 1), ("10 03:00", 0), ("14 14:05", 0)])
def test_expedited_is_one_message_in_working_hours(filed, notice_of, when, sent):
    notice = notice_of(filed("expedited", when=when))
    assert OutboxMessage.objects.filter(about=notice.id).count() == sent


def test_routine_sends_nothing_by_itself(filed, notice_of):
    notice = notice_of(filed("routine"))
    assert not OutboxMessage.objects.filter(about=notice.id).exists()
    assert notice.steps.get().channel == "digest"


def test_a_report_without_a_lane_opens_nothing(filed):
    filed(text="SPINE ONCOLOGY MACRO\nOther levels: no epidural disease.")
    assert not Notice.objects.exists()


def test_the_notice_and_its_delivery_share_the_reports_transaction(filed, notice_of, monkeypatch):
    from soar2.pathway.notices import plan

    def broken(*args, **kwargs):
        raise RuntimeError("the outbox is on fire")

    monkeypatch.setattr(plan.outbox, "owing", broken)
    from soar2.pathway.reports.models import Report

    with pytest.raises(RuntimeError):
        filed("urgent")
    assert not Report.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_the_ladder_is_frozen_when_the_notice_opens(filed, notice_of):
    notice = notice_of(filed("emergent"))
    rungs = [(rung["n"], rung["role"], rung["channel"]) for rung in notice.plan["rungs"]]
    rows = [(step.n, step.role_id, step.channel) for step in notice.steps.order_by("n")]
    assert len(rows) == len(rungs) > 5
    assert [row[0] for row in rows] == [rung[0] for rung in rungs]


def test_rungs_without_a_channel_are_hand_tasks_at_once_when_due(filed, notice_of):
    notice = notice_of(filed("emergent"))
    now = notice.steps.filter(due_at__lte=at("10 14:05"))
    assert {step.state for step in now.filter(channel="email")} == {Step.SENT}
    assert {step.state for step in now.exclude(channel="email")} == {Step.HAND}


def test_the_same_report_again_opens_no_second_notice(filed):
    first, second = filed("urgent"), filed("urgent", when="10 14:20", reported="10 14:05")
    assert (second.report, second.new) == (first.report, False)
    assert Notice.objects.count() == 1


def test_an_addendum_with_the_same_lane_joins_quietly(filed, notice_of):
    first = notice_of(filed("urgent"))
    second = notice_of(filed("urgent", "routine", when="10 15:00"))
    assert first == second
    assert OutboxMessage.objects.count() == 1


def test_a_correction_that_rises_needs_its_own_acknowledgement(filed, notice_of, people):
    from soar2.pathway.notices.actions import mine

    first = notice_of(filed("expedited"))
    mine(first.id, person=people["bell"], now=at("10 14:10"))
    second = notice_of(filed("emergent", when="10 15:00"))
    first.refresh_from_db()
    assert (first.close_reason, second.supersedes_id) == ("superseded", first.id)
    assert second.owner is None
    assert second.headline.startswith("Upgraded")
    assert second.exam_end == first.exam_end


def test_a_correction_that_falls_keeps_the_ladder_until_a_person_confirms(filed, notice_of):
    first = notice_of(filed("emergent"))
    second = notice_of(filed("routine", when="10 14:08"))
    second.refresh_from_db()
    assert second == first
    assert second.review
    assert second.lane == "emergent"
    assert second.steps.filter(state=Step.WAITING).exists()


def test_parts_of_one_exam_share_a_notice(filed, notice_of):
    first = notice_of(filed("urgent", accession="A1"))
    second = notice_of(filed("expedited", accession="A2", exam="10 13:10", when="10 14:30"))
    assert first == second


def test_another_exam_has_its_own_notice(filed, notice_of):
    first = notice_of(filed("urgent", accession="A1"))
    second = notice_of(filed("urgent", accession="A2", exam="12 12:40", when="12 14:05"))
    assert first != second


def test_a_version_overtaken_by_its_correction_alerts_nobody(filed, notice_of):
    correction = notice_of(filed("expedited", status="C", when="10 15:00", reported="10 14:50"))
    original = notice_of(filed("emergent", when="10 15:10", reported="10 14:05"))
    assert original == correction
    assert original.lane == "expedited"


def test_a_preliminary_report_is_kept_and_not_acted_on(filed):
    filed("emergent", status="P")
    assert not Notice.objects.exists()


def test_urgent_words_without_an_identity_still_reach_the_duty_role(filed, notice_of):
    notice = notice_of(filed("urgent", fault="The message names no patient.", accession="A-77"))
    assert (notice.identity_unresolved, notice.patient, notice.role_id) == (True, None, "spine-on-call")
    assert "A-77" in notice.headline
    assert OutboxMessage.objects.filter(about=notice.id).count() == 1


def test_milder_words_without_an_identity_wait_in_quarantine(filed):
    filed("expedited", fault="The message names no patient.")
    assert not Notice.objects.exists()


def test_every_scored_report_belongs_to_exactly_one_notice(filed):
    reports = [
        filed("routine", mrn="M2", accession="B1"),
        filed("urgent", mrn="M2", accession="B1", status="C", when="10 16:00"),
        filed("emergent", mrn="M3", accession="C1"),
        filed("expedited", mrn="M3", accession="C2", exam="10 13:00"),
    ]
    links = NoticeReport.objects.values_list("report", flat=True)
    assert sorted(links) == sorted(report.report for report in reports)
