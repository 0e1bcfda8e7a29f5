"""Later versions, other parts of an exam, retractions and late identities: nothing lost, nothing doubled."""

import pytest
from sample_reports import at, minutes

from soar2.pathway.notices.actions import acted, already_known, mine, sweep
from soar2.pathway.notices.models import Notice, NoticeReport, Step
from soar2.pathway.reports.models import Report
from soar2.record.models import LedgerEntry, OutboxMessage

T4 = "Level T4 | ESCC 1c | Cord signal normal | Lesion lytic | Alignment normal | Collapse none | Posterolateral none | Status new"
T8_1B = "Level T8 | ESCC 1b | Cord signal normal | Lesion mixed | Alignment normal | Collapse none | Posterolateral none | Status new"
NO_TUMOUR = "SPINE ONCOLOGY MACRO\nTumour absent.\nOther levels: no epidural disease."


def closed(notice, person, now="10 14:20"):
    mine(notice.id, person=person, now=at(now))
    acted(notice.id, person=person, now=at(now), action="seen")
    notice.refresh_from_db()
    return notice


# After a notice is closed


AFTER = [
    # what                                     lines                  accession  a new notice
    ("an addendum that repeats it", ("urgent", "routine"), "A1", True),  # routine adds T6
    ("the same words for another accession", ("urgent",), "A2", False),
    ("another level, same lane", (T4,), "A2", True),
    ("another level, milder lane", ("expedited",), "A2", True),
    ("the same level, milder", (T8_1B,), "A1", False),
]


@pytest.mark.parametrize(("what", "lines", "accession", "anew"), AFTER, ids=[row[0] for row in AFTER])
def test_after_it_was_acted_on_only_news_opens_another(
    filed, notice_of, people, what, lines, accession, anew
):
    first = closed(notice_of(filed("urgent")), people["bell"])
    second = notice_of(filed(*lines, accession=accession, exam="10 13:10", when="10 15:00", status="C"))
    assert (second != first) == anew
    first.refresh_from_db()
    assert first.close_reason == "acted", "what was done stays on record"


def test_a_rise_after_the_act_needs_its_own_answer_and_keeps_the_act(filed, notice_of, people):
    first = closed(notice_of(filed("expedited")), people["bell"])
    second = notice_of(filed("emergent", status="C", when="10 16:00"))
    first.refresh_from_db()
    assert (second.supersedes_id, first.close_reason) == (first.id, "acted")
    assert first.closed_at == at("10 14:20")


# While it is open


def test_news_of_the_same_lane_is_added_to_the_open_notice(filed, notice_of):
    first = notice_of(filed("urgent"))
    second = notice_of(filed(T4, accession="A2", exam="10 13:10", when="10 14:30"))
    assert second == first
    assert second.headline.endswith("added: T4")
    assert second.reports.get(accession="A2").note == "part of the same exam, adds T4"


def test_a_milder_version_of_a_part_is_not_a_downgrade_of_the_whole(filed, notice_of):
    filed("urgent")
    filed("expedited", accession="A2", exam="10 13:10", when="10 14:30")
    again = notice_of(
        filed("expedited", "routine", accession="A2", exam="10 13:10", when="10 14:40", status="A")
    )
    assert "confirm" not in again.reports.order_by("-id").first().note


def test_a_milder_version_of_the_second_part_must_be_confirmed(filed, notice_of):
    filed("routine")
    filed("emergent", accession="A2", exam="10 13:10", when="10 14:30")
    notice = notice_of(filed("routine", accession="A2", exam="10 13:10", when="10 14:40", status="C"))
    assert (notice.lane, notice.review) == ("emergent", True)
    assert "confirm before standing down" in notice.reports.order_by("-id").first().note


def test_a_correction_of_the_first_part_finds_the_notice_that_superseded_its_own(filed, notice_of):
    filed("expedited", accession="A1", exam="10 12:40")
    whole = notice_of(filed("emergent", accession="A2", exam="10 13:10", when="10 14:30"))
    part = notice_of(
        filed("expedited", "routine", accession="A1", exam="10 12:40", when="10 14:40", status="C")
    )
    late = notice_of(filed("urgent", accession="A1", exam="10 12:40", when="10 14:50", reported="10 13:00"))
    assert part == late == whole
    assert whole.exam_end == at("10 12:40"), "the earliest exam end counts"


def test_three_accessions_of_one_exam_are_one_notice_at_the_highest_lane(filed, notice_of):
    for n, lane in enumerate(("routine", "urgent", "expedited")):
        filed(lane, accession=f"A{n}", exam=f"10 12:{40 + n}", when=f"10 14:1{n}")
    assert [notice.lane for notice in Notice.objects.filter(closed_at=None)] == ["urgent"]
    assert NoticeReport.objects.count() == 3


# The order of arrival


ORDER = [
    # what                                    first                     then                     the one on top
    ("a final before its correction", ("F", "10 14:00"), ("C", "10 14:30"), "C"),
    ("a correction before its final", ("C", "10 14:30"), ("F", "10 14:00"), "C"),
    ("a correction of the same minute first", ("C", "10 14:00"), ("F", "10 14:00"), "C"),
    ("a final before its preliminary", ("F", "10 14:00"), ("P", "10 14:30"), "F"),
    ("a preliminary before its final", ("P", "10 14:30"), ("F", "10 14:00"), "F"),
    ("a withdrawal", ("F", "10 14:00"), ("W", "10 14:00"), "W"),
]


@pytest.mark.parametrize(("what", "first", "then", "top"), ORDER, ids=[row[0] for row in ORDER])
def test_the_newest_version_stays_on_top(filed, what, first, then, top):
    for n, (status, reported) in enumerate((first, then)):
        filed("urgent", *(["routine"] * n), status=status, reported=reported, when=f"10 15:0{n}")
    assert [row.status for row in Report.objects.filter(current=True)] == [top]


def test_an_older_version_that_reads_worse_is_shown_to_a_person(filed):
    filed("routine", status="C", reported="10 14:50", when="10 15:00")
    filed("emergent", reported="10 14:05", when="10 15:10")
    assert "overtaken, reads emergent" in Report.objects.get(status="F").read_why


def test_words_that_stand_again_are_shown_to_a_person(filed):
    first = filed("urgent")
    filed("routine", reported="10 14:30", when="10 14:31")
    again = filed("urgent", reported="10 14:40", when="10 14:41")
    assert (again.report, again.new) == (first.report, False)
    report = Report.objects.get(current=True)
    assert (report.id, report.read_wanted) == (first.report, True)


# Retraction


@pytest.mark.parametrize("status", ["W", "X", "D"])
def test_a_withdrawal_is_read_by_a_person_and_stops_no_ladder(filed, notice_of, status):
    first = notice_of(filed("emergent"))
    withdrawn = filed("emergent", status=status, when="10 14:07")
    assert notice_of(withdrawn) == first
    assert Report.objects.get(id=withdrawn.report).read_wanted
    first.refresh_from_db()
    assert first.review
    assert first.steps.filter(state=Step.WAITING).exists()
    assert first.closed_at is None


def test_a_correction_that_takes_the_finding_back_is_shown_to_a_person(filed, notice_of, people):
    first = closed(notice_of(filed("emergent")), people["okafor"])
    second = filed(text=NO_TUMOUR, status="C", when="10 15:00")
    assert notice_of(second) == first
    assert "before read emergent" in Report.objects.get(id=second.report).read_why


def test_one_accession_on_two_charts_is_shown_to_a_person(filed):
    filed("urgent", mrn="M1")
    second = filed("urgent", mrn="M2", when="10 14:30", status="C")
    assert "another patient" in Report.objects.get(id=second.report).read_why
    assert Notice.objects.filter(closed_at=None).count() == 2


# Identity


def test_versions_without_an_identity_share_one_notice(filed, notice_of):
    first = notice_of(filed("urgent", fault="No patient."))
    again = notice_of(
        filed("urgent", fault="No patient.", status="A", text=macro_with("ADDENDUM\n"), when="10 14:30")
    )
    worse = notice_of(filed("emergent", fault="No patient.", status="C", when="10 14:40"))
    assert again == first
    assert worse.supersedes_id == first.id
    assert worse.headline == "Identity unresolved, accession A1"


def macro_with(words):
    from sample_reports import macro

    return words + macro("urgent")


def test_an_identity_that_comes_later_is_given_to_the_notice_and_its_owner_stays(filed, notice_of, people):
    first = notice_of(filed("urgent", fault="No patient."))
    mine(first.id, person=people["okafor"], now=at("10 14:08"))
    second = notice_of(filed("urgent", status="C", when="10 14:30"))
    assert second == first
    assert (second.patient.family, second.identity_unresolved, second.owner) == (
        "Test",
        False,
        people["okafor"],
    )
    assert OutboxMessage.objects.filter(kind="notice").count() == 1


def test_the_same_number_in_another_feed_is_another_exam(filed, notice_of):
    first = notice_of(filed("urgent", fault="No patient."))
    Report.objects.update(feed="Another hospital")
    assert notice_of(filed("urgent", fault="No patient.", when="10 14:30")) != first


# Time


def test_expedited_mail_held_up_by_a_stop_of_ours_waits_for_working_hours(filed, notice_of):
    notice = notice_of(filed("expedited", when="10 06:00"))
    sweep(at("10 22:00"))
    assert not OutboxMessage.objects.exists()
    sweep(at("11 07:00"))
    assert OutboxMessage.objects.filter(about=notice.id).count() > 0


def test_a_digest_held_up_to_the_weekend_goes_out_on_monday_at_its_hour(filed):
    filed("routine", when="12 16:00")
    for moment in ("14 03:00", "15 08:00", "16 06:59"):
        sweep(at(moment))
        assert not OutboxMessage.objects.exists(), moment
    sweep(at("16 07:30"))
    assert OutboxMessage.objects.get().count == 1


def test_an_owner_who_records_nothing_is_asked_when_no_rung_is_left(filed, notice_of, people):
    notice = notice_of(filed("emergent"))
    sweep(at("10 15:10"))
    mine(notice.id, person=people["okafor"], now=at("10 15:11"))
    notice.steps.filter(state=Step.HAND).update(state=Step.DONE)
    sweep(at("10 15:40"))
    assert not notice.steps.filter(state=Step.HAND).exists()
    sweep(at("10 15:41"))
    task = notice.steps.get(state=Step.HAND)
    assert "Ask what was done" in task.words


def test_a_jump_of_days_fires_each_rung_once(filed, notice_of):
    notice = notice_of(filed("emergent"))
    for _ in range(3):
        sweep(at("14 03:00"))
    sent = OutboxMessage.objects.filter(about=notice.id).count()
    assert sent == len({step.n for step in notice.steps.filter(channel="email")})
    assert not notice.steps.filter(state=Step.WAITING).exists()
    assert LedgerEntry.objects.filter(kind="notice.escalated").count() == 1


def test_a_lost_rung_of_a_passed_on_notice_is_derived_again(filed, notice_of, people):
    from soar2.pathway.notices.actions import not_me

    notice = notice_of(filed("urgent"))
    not_me(notice.id, person=people["bell"], now=at("10 14:06"), role="spine-on-call")
    lost = notice.steps.get(n=5)
    lost.delete()
    sweep(at("10 14:07"))
    assert notice.steps.filter(n=5).exists()


def test_a_lost_rung_of_an_owned_notice_does_not_fire_before_the_action_clock(filed, notice_of, people):
    notice = notice_of(filed("urgent"))
    mine(notice.id, person=people["bell"], now=at("10 14:06"))
    notice.steps.filter(n=3).delete()
    sweep(at("10 14:40"))
    assert notice.steps.get(n=3).state == Step.WAITING


def test_mail_that_fails_after_somebody_owned_makes_no_task(filed, notice_of, people):
    from soar2.pathway.notices.actions import delivery_failed

    notice = notice_of(filed("urgent"))
    message = OutboxMessage.objects.get(about=notice.id)
    mine(notice.id, person=people["bell"], now=at("10 14:06"))
    delivery_failed(message.id, reason="554", now=at("10 14:07"))
    assert not notice.steps.filter(state=Step.HAND).exists()


def test_mail_that_fails_after_the_end_makes_no_task(filed, notice_of, people):
    from soar2.pathway.notices.actions import delivery_failed

    notice = notice_of(filed("urgent"))
    message = OutboxMessage.objects.get(about=notice.id)
    closed(notice, people["bell"])
    delivery_failed(message.id, reason="554", now=at("10 14:30"))
    assert not notice.steps.filter(state=Step.HAND).exists()


def test_already_known_leaves_the_ladder_running(filed, notice_of, people):
    notice = notice_of(filed("urgent"))
    already_known(notice.id, person=people["bell"], now=at("10 14:06"))
    sweep(at("10 14:05") + minutes(30))
    assert notice.steps.get(n=3).state != Step.WAITING


def test_a_sweep_over_many_open_notices_asks_few_questions(filed, django_assert_max_num_queries):
    for n in range(30):
        filed("expedited", mrn=f"M{n}", accession=f"B{n}")
    with django_assert_max_num_queries(8):
        sweep(at("10 14:10"))


@pytest.mark.django_db(transaction=True)
def test_a_digest_waits_for_no_answer_that_is_being_given(filed, notice_of):
    """An answer holds its notice; the digest takes the others at once and this one with the next sweep."""
    import threading

    from django.db import connection, transaction

    busy = notice_of(filed("routine", mrn="M1", accession="A1"))
    filed("routine", mrn="M2", accession="A2")
    swept = []

    def other_worker():
        swept.append(sweep(at("11 07:30")))
        connection.close()

    with transaction.atomic():
        Notice.objects.select_for_update().get(id=busy.id)
        worker = threading.Thread(target=other_worker)
        worker.start()
        worker.join(10)
        assert not worker.is_alive(), "the digest waits for an answer"
    sweep(at("11 07:31"))
    assert OutboxMessage.objects.get(kind="digest").count == 2
