"""Times that cannot be: left out of every clock and told, the words kept."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from sample_reports import macro, oru

from soar2.exchange import dispatch
from soar2.exchange.data_errors import impossible_clock_count, impossible_clocks
from soar2.exchange.feeds import Feed
from soar2.exchange.hl7v2.clocks import (
    AHEAD,
    EXAM_AHEAD,
    EXAM_LONG_AGO,
    REPORT_AHEAD,
    REPORT_BEFORE_EXAM,
    SENT_AHEAD,
    trusted,
)
from soar2.exchange.hl7v2.message import parse
from soar2.exchange.hl7v2.results import read_results
from soar2.exchange.models import InboundMessage
from soar2.pathway.notices.models import Notice
from soar2.pathway.reports.models import Report

NOW = datetime(2026, 3, 10, 18, 6, tzinfo=UTC)  # 14:06 in New York
FEED = Feed("ris", identifier_authority="DEMO", time_zone="America/New_York")


def read(exam="20260310124000-0400", reported="20260310140500-0400", sent="20260310140501-0400"):
    raw = oru("Words.", exam=exam, reported=reported).replace(b"20260310140501-0400", sent.encode())
    return read_results(parse(raw), FEED)[0]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, []),
        ({"reported": "20260310113000-0400"}, [REPORT_BEFORE_EXAM]),
        ({"reported": "20260310"}, []),  # any moment of that day, so perhaps after the exam
        ({"reported": "20260309"}, [REPORT_BEFORE_EXAM]),
        ({"exam": "20260310150500-0400", "reported": ""}, []),  # a scanner's clock may run ahead by an hour
        ({"exam": "20260310150700-0400", "reported": ""}, [EXAM_AHEAD]),
        ({"exam": "20160101120000-0500"}, [EXAM_LONG_AGO]),
        ({"reported": "20260311140500-0400"}, [REPORT_AHEAD]),
        ({"reported": "", "sent": "20270310140501-0400"}, [SENT_AHEAD]),
        ({"sent": "20270310140501-0400"}, []),  # nothing hangs on it where the report has a time
    ],
)
def test_each_time_that_cannot_be_is_named(given, words):
    result, notes = trusted(read(**given), NOW)

    assert [note.words for note in notes] == words
    assert (result.exam_end is None) == bool(set(words) - {REPORT_AHEAD, SENT_AHEAD})
    assert all(at is None or at <= NOW + AHEAD for at in (result.exam_end, result.reported_at))
    assert result.text == "Words."


def test_a_message_whose_times_may_be_is_left_as_it_is():
    result = read()

    assert trusted(result, NOW) == (result, ())
    assert trusted(result, NOW + timedelta(days=400))[0] is result


def applied(raw, control):
    row = InboundMessage.objects.create(
        received_at=NOW, raw=raw, body_hash=control, control_id=control, answer_code="AA", answer=b""
    )
    dispatch.apply_undone(NOW)
    row.refresh_from_db()
    return row


def test_an_urgent_report_with_a_wrong_clock_still_alarms_and_is_listed(people):
    row = applied(oru(macro("urgent"), exam="20290310124000-0400"), "C1")

    assert row.state == "applied"
    assert Notice.objects.get().lane == "urgent"
    assert Report.objects.get().exam_end is None
    assert [error.message for error in impossible_clocks()] == [row.id]
    assert set(impossible_clocks()[0].words) == {EXAM_AHEAD, REPORT_BEFORE_EXAM}
    assert impossible_clock_count() == 1


def test_the_list_is_found_by_its_own_index(db, django_assert_num_queries):
    """The feed page asks for it at each view, and the inbox keeps everything."""
    for n in range(300):
        InboundMessage.objects.create(
            received_at=NOW, raw=b"x", body_hash=f"{n}", control_id=f"{n}", answer_code="AA", answer=b""
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE exchange_inboundmessage")
    with django_assert_num_queries(1) as asked:
        assert impossible_clocks() == ()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {asked[0]['sql']}")
        assert "inbox_odd_clocks" in "\n".join(line for (line,) in cursor.fetchall())


def sent(clock, status, lane):
    """A report without a time of its own (OBR-22), in a message sent at this clock time."""
    raw = oru(macro(lane), status=status, reported="", control=f"{status}{clock}")
    return raw.replace(b"20260310140501-0400", f"20260310{clock}00-0400".encode())


@pytest.mark.parametrize("order", [[0, 1], [1, 0]], ids=["in order", "overtaken"])
def test_without_a_time_of_the_report_that_of_the_message_orders_its_versions(people, order):
    both = [sent("1300", "F", "expedited"), sent("1330", "C", "urgent")]
    for number in order:
        applied(both[number], f"K{number}")

    assert [row.status for row in Report.objects.filter(current=True)] == ["C"]
    assert Notice.objects.get(closed_at=None).lane == "urgent"


def test_old_words_sent_once_more_do_not_stand_again(people):
    """An engine that sends a message again gives it a new time (MSH-7); the correction stays on top."""
    for number, raw in enumerate(
        [sent("1300", "F", "urgent"), sent("1330", "C", "expedited"), sent("1345", "F", "urgent")]
    ):
        applied(raw, f"K{number}")

    assert [row.status for row in Report.objects.filter(current=True)] == ["C"]


def test_a_senders_clock_of_next_year_overtakes_no_correction(people):
    first = sent("1300", "F", "expedited").replace(b"20260310130000", b"20270310130000")
    applied(first, "K0")
    applied(sent("1330", "C", "urgent"), "K1")

    assert [row.status for row in Report.objects.filter(current=True)] == ["C"]
    assert [error.words for error in impossible_clocks()] == [(SENT_AHEAD,)]
