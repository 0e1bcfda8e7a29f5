"""Held messages read again: in the order of their reports, once, and to the same end as if never held."""

import io
import shutil
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.db import connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_reports import at, macro, minutes, oru

from soar2.errors import Refused
from soar2.exchange import dispatch, mappings
from soar2.exchange import replay as again
from soar2.exchange.mapping_file import Mapping
from soar2.exchange.models import InboundMessage
from soar2.pathway.notices.models import Notice
from soar2.pathway.reports.models import Report
from soar2.record import clock
from soar2.record.models import LedgerEntry, OutboxMessage

NOW = at("10 15:00")
FEED = "Radiology results"
TRUST = {"identifier_authority": "SITEB"}


@pytest.fixture(autouse=True)
def _desk(people, settings, tmp_path):
    """The demonstration's hospital, which does not yet trust the numbers of SITEB."""
    settings.HOME = tmp_path
    table = {**settings.PROGRAMME.feed_tables[0], "identifier_authority": "DEMO"}
    table.pop("assume_authority")
    settings.PROGRAMME = replace(settings.PROGRAMME, feed_tables=(table,))
    clock.start(NOW, running=False)


def message(lane, *, n=1, status="F", reported="20260310140500-0400", **more):
    raw = oru(macro(lane) if lane in ("emergent", "urgent", "expedited", "routine") else lane,
              n=n, status=status, reported=reported, **more)  # fmt: skip
    return raw.replace(b"^^^DEMO^MR", b"^^^SITEB^MR")


def came(raw, number):
    """A row as the door writes it."""
    return InboundMessage.objects.create(
        received_at=NOW - minutes(30) + minutes(number / 60),
        raw=raw,
        body_hash=f"h{number}",
        control_id=f"K{number}",
        sending_application="DEMO-RIS",
        sending_facility="DEMO",
        message_type="ORU^R01",
        answer_code="AA",
        answer=b"",
    )


def arrive(messages):
    rows = [came(raw, number) for number, raw in enumerate(messages)]
    dispatch.apply_undone(NOW, limit=200)
    return [row.id for row in rows]


def trust(**more):
    found = mappings.standing(settings_now()).mappings.get(FEED)
    mappings.save(Mapping(FEED, found.version + 1 if found else 1, table={**TRUST, **more}))


def settings_now():
    from django.conf import settings as django_settings

    return django_settings.PROGRAMME


def read_again(ids, who="osei"):
    return again.replay(ids, person=None, username=who, now=NOW)


def standing_reports():
    """What is on file of identified patients: accession, status, lane and whether it stands."""
    rows = Report.objects.exclude(patient=None).order_by("accession", "reported_at")
    return [(row.accession, row.status, row.lane, row.current) for row in rows]


def open_notices():
    """What people see: one line an exam, with its lane and its patient. A list, so that two would show."""
    rows = Notice.objects.filter(closed_at=None).select_related("patient")
    return sorted((row.accession, row.lane, row.patient.family if row.patient else "") for row in rows)


THREE = [
    message("expedited", status="F", reported="20260310130000-0400", control="O"),
    message("expedited", status="A", reported="20260310133000-0400", control="A"),
    message("urgent", status="C", reported="20260310140000-0400", control="C"),
]
OTHERS = [
    message(lane, n=n, reported=f"202603101{n % 4}{n:02d}00-0400")
    for n, lane in zip(range(2, 19), ["urgent", "expedited", "routine", "emergent"] * 5, strict=False)
]
TWENTY = [*THREE, *OTHERS]


def test_twenty_held_in_reversed_order_end_as_if_read_at_once_in_order(settings):
    assert len(TWENTY) == 20
    trust()
    with undone():
        arrive(TWENTY)
        wanted = standing_reports(), open_notices()
    assert len(wanted[0]) == 20
    shutil.rmtree(settings.HOME / "mappings")

    ids = arrive(TWENTY[::-1])
    assert set(InboundMessage.objects.values_list("state", flat=True)) == {"quarantined"}
    assert standing_reports() == []
    trust()
    found = read_again(ids)
    assert [one.state for one in found] == ["applied"] * 20
    assert [one.event_at for one in found] == sorted(one.event_at for one in found)
    assert set(InboundMessage.objects.values_list("state", "replays")) == {("applied", 1)}
    assert standing_reports() == wanted[0]
    assert open_notices() == wanted[1]
    told = OutboxMessage.objects.values_list("about", "kind", "channel", "role")
    assert len(told) == len(set(told)), "nobody is told twice of one notice"


@contextmanager
def undone():
    """Whatever happens inside leaves no trace in the database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_pressing_twice_does_nothing():
    ids = arrive([message("urgent")])
    trust()
    first = read_again(ids)
    before = Notice.objects.count(), Report.objects.count(), OutboxMessage.objects.count()
    second = read_again(ids)
    assert [one.state for one in first + second] == ["applied", "gone"]
    assert (Notice.objects.count(), Report.objects.count(), OutboxMessage.objects.count()) == before
    assert InboundMessage.objects.get().replays == 1


def test_an_alarm_raised_without_a_name_gets_its_patient_and_no_second_notice():
    """Urgent words were told at once although nobody could be named: the replay names the patient."""
    ids = arrive([message("urgent")])
    notice = Notice.objects.get()
    assert notice.identity_unresolved
    mails = OutboxMessage.objects.count()
    trust()
    outcome = read_again(ids)[0]
    assert (outcome.state, outcome.case_code) == ("applied", notice.case_code)
    assert outcome.words == f"Read. It joined notice {notice.case_code}."
    notice.refresh_from_db()
    assert not notice.identity_unresolved
    assert (Notice.objects.count(), OutboxMessage.objects.count()) == (1, mails)


def unnamed(lane="urgent", n=1, **more):
    """A report whose accession stands in OBR-20, where nobody looks until a mapping says so."""
    raw = message(lane, n=n, accession="@", **more).replace(b"|@|", b"||").replace(b"|P%d|" % n, b"||")
    return raw.replace(b"||20260310140500-0400||RAD|", b"A-%d||20260310140500-0400||RAD|" % n)


def test_an_alarm_raised_without_an_accession_gets_it_and_no_second_notice():
    ids = arrive([unnamed()])
    notice = Notice.objects.get()
    assert (notice.identity_unresolved, notice.accession) == (True, f"not stated (message {ids[0]})")
    mails = OutboxMessage.objects.count()
    trust(accession_field="OBR-20")
    outcome = read_again(ids)[0]
    assert (outcome.state, outcome.case_code) == ("applied", notice.case_code)
    assert [row.accession for row in Report.objects.exclude(patient=None)] == ["A-1"]
    notice.refresh_from_db()
    assert not notice.identity_unresolved
    assert (Notice.objects.count(), OutboxMessage.objects.count()) == (1, mails)


def test_an_accession_alone_opens_no_second_notice_while_the_patient_is_still_unknown():
    ids = arrive([unnamed(mrn="")])
    trust(accession_field="OBR-20")
    assert read_again(ids)[0].state == "held"
    assert [notice.identity_unresolved for notice in Notice.objects.all()] == [True]


def test_two_patients_of_one_message_each_get_their_own_notice():
    """Both alarms are raised without a name; neither may be given the other's."""
    first, other = unnamed("urgent"), unnamed("emergent", n=2, name="OTHER^PERSON")
    ids = arrive([first + other[other.index(b"PID|") :]])
    assert sorted(Notice.objects.values_list("lane", flat=True)) == ["emergent", "urgent"]
    trust(accession_field="OBR-20")
    assert read_again(ids)[0].state == "applied"
    assert open_notices() == [
        (f"not stated (message {ids[0]})", "urgent", "TEST"),
        (f"not stated (message {ids[0]}, OBR[2])", "emergent", "OTHER"),
    ]


def test_a_report_that_came_again_meanwhile_is_already_on_file():
    ids = arrive([message("expedited")])
    trust()
    again_sent = came(message("expedited", control="again"), 7)
    dispatch.apply_undone(NOW)
    again_sent.refresh_from_db()
    assert again_sent.state == "applied"
    notices_before = Notice.objects.count()
    outcome = read_again(ids)[0]
    assert (outcome.state, outcome.words) == ("known", "Already on file; nobody is told twice.")
    assert Notice.objects.count() == notices_before


def test_an_older_version_that_is_mended_after_a_newer_one_acts_on_nothing():
    ids = arrive([THREE[0]])
    trust()
    came(message("routine", status="C", reported="20260310143000-0400", control="N"), 5)
    dispatch.apply_undone(NOW)
    outcome = read_again(ids)[0]
    assert outcome.state == "applied"
    assert "acts on nothing" in outcome.words
    assert [(status, current) for _, status, _, current in standing_reports()] == [("F", False), ("C", True)]


def test_what_no_mapping_mends_stays_held_with_its_new_reason():
    ids = arrive([message("urgent", mrn=""), message("expedited", n=2)])
    trust()
    found = {one.message: one for one in read_again(ids)}
    assert found[ids[0]].state == "held"
    assert found[ids[0]].words.startswith("Still held. PID-3")
    assert found[ids[1]].state == "applied"
    assert InboundMessage.objects.get(id=ids[0]).state == "quarantined"


def test_a_report_of_another_part_of_the_body_leaves_quarantine_to_the_outside():
    ids = arrive([message("urgent", procedure="ZZ^UNKNOWN^L")])
    assert InboundMessage.objects.get().state == "filtered"
    InboundMessage.objects.update(state="quarantined", reason="held by hand")
    assert read_again(ids)[0].state == "outside"


def test_reports_left_outside_under_a_code_nobody_had_named_are_found_and_read():
    """The one loss that quarantine does not catch: a spine report that was filtered out."""
    ids = arrive(
        [
            message("urgent", procedure="NEW1^TOTAL^L"),
            message("expedited", n=2, procedure="CHEST^CT CHEST^L"),
            message("urgent", n=3),
        ]
    )
    assert list(InboundMessage.objects.values_list("state", flat=True)) == [
        "filtered",
        "filtered",
        "quarantined",
    ]
    trust(procedure_codes=["NEW1"])
    feed = mappings.active_feeds(settings_now())[0]
    assert again.missed(feed, NOW) == [ids[0]]
    assert again.missed(feed, NOW + minutes(60 * 24 * 8)) == []
    assert read_again([ids[0]])[0].state == "gone", "what is not held is left alone by a usual replay"
    outcome = again.replay([ids[0]], person=None, username="osei", now=NOW, outside=True)[0]
    assert (outcome.state, Notice.objects.filter(lane="urgent", accession="A000001").count()) == (
        "applied",
        1,
    )
    assert again.missed(feed, NOW) == []


@pytest.mark.parametrize(
    ("raw", "change", "words"),
    [
        (message("urgent")[:400], {"answer_code": ""}, "Only a part of this message came"),
        (message("urgent"), {"answer_code": "AR", "body_hash": "0" * 64}, "Only its beginning was kept"),
        (
            message("urgent").replace(b"|ORU^R01^ORU_R01|", b"|ADT^A01|"),
            {"answer_code": "AR"},
            "Only ORU^R01 results",
        ),
        (
            message("urgent").replace(b"\rOBR|1", b" OBR|1"),
            {"answer_code": "AE"},
            "A second segment (OBR) may stand on another segment's line.",
        ),
    ],
    ids=["a part", "the beginning of a large one", "another type", "two segments on one line"],
)
def test_what_is_no_whole_report_is_never_read_as_one(raw, change, words):
    row = came(raw, 1)
    InboundMessage.objects.filter(id=row.id).update(state="quarantined", reason="x", **change)
    trust()
    outcome = read_again([row.id])[0]
    assert outcome.state == "held"
    assert words in outcome.words
    assert not Report.objects.exists()


def test_training_messages_are_never_replayed_as_patients_in_production(settings):
    settings.PROGRAMME = replace(settings.PROGRAMME, mode="production")
    row = came(message("urgent").replace(b"|P|2.5.1", b"|T|2.5.1"), 1)
    InboundMessage.objects.filter(id=row.id).update(state="quarantined", answer_code="AR")
    assert "Training" in read_again([row.id])[0].words
    assert not Report.objects.exists()


def test_a_settled_message_is_left_alone():
    ids = arrive([message("urgent")])
    InboundMessage.objects.update(settled_at=NOW)
    trust()
    assert read_again(ids)[0].state == "gone"
    assert InboundMessage.objects.get().state == "quarantined"


def test_each_replay_is_in_the_ledger_without_patient_data():
    ids = arrive([message("urgent", name="TERN^AMOS")])
    trust()
    read_again(ids)
    entry = LedgerEntry.objects.get(kind="message.replayed")
    assert (entry.subject, entry.actor, entry.data["state"]) == (f"inbound {ids[0]}", "osei", "applied")
    assert entry.data["mapping"] == f"{FEED} v1"
    assert "TERN" not in str(entry.data)


def test_a_fault_of_ours_leaves_the_message_held_and_not_to_a_worker(monkeypatch):
    ids = arrive([message("urgent")])
    reason = InboundMessage.objects.get().reason

    def broken(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(dispatch, "read_results", broken)
    outcome = read_again(ids)[0]
    row = InboundMessage.objects.get()
    assert (outcome.state, row.state, row.reason) == ("held", "quarantined", reason)


@pytest.mark.django_db(transaction=True)
def test_one_replay_at_a_time_whatever_the_host():
    """The lock is the database's: another connection that holds it refuses this one, and gives it back."""
    rival = connections.create_connection("default")
    try:
        with rival.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [again._LOCK])
        with pytest.raises(Refused, match="at this moment"):
            read_again([])
        with rival.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [again._LOCK])
        assert read_again([]) == ()
    finally:
        rival.close()


def test_the_command_says_what_became_of_each_and_of_all():
    ids = arrive([message("expedited"), message("urgent", mrn="", n=2)])
    trust()
    out = io.StringIO()
    assert again.run_replay(FEED, out) == 0
    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert any(line.startswith(f"message {ids[0]}, ") and "Read. Notice" in line for line in lines)
    assert lines[-1] == "1 read, 1 still held."
    again.run_replay(None, out := io.StringIO())
    assert "1 still held." in out.getvalue()
    status = again.run_replay("Radiologie", out := io.StringIO())
    assert status == 1
    assert out.getvalue() == f"There is no feed 'Radiologie'. Feeds are: {FEED}.\n"


def test_only_messages_of_the_feed_are_replayed(settings):
    table = settings.PROGRAMME.feed_tables[0]
    other = {**table, "name": "East", "sending_applications": ["EAST-RIS"]}
    settings.PROGRAMME = replace(settings.PROGRAMME, feed_tables=(table, other))
    arrive([message("expedited")])
    row = came(message("expedited", n=2, application="EAST-RIS"), 9)
    InboundMessage.objects.filter(id=row.id).update(sending_application="EAST-RIS", state="quarantined")
    assert again.held_of("East", again.held_rows()) == [row.id]


@given(order=st.permutations(range(4)))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_arrival_never_decides(order):
    messages = [*THREE, message("routine", status="C", reported="20260310143000-0400", control="D")]
    shutil.rmtree(mappings.mappings_home(), ignore_errors=True)
    with undone():
        ids = arrive([messages[number] for number in order])
        trust()
        read_again(ids)
        assert [(status, lane, current) for _, status, lane, current in standing_reports()] == [
            ("F", "expedited", False),
            ("A", "expedited", False),
            ("C", "urgent", False),
            ("C", "routine", True),
        ]


def test_those_that_no_mapping_mends_do_not_keep_the_others_from_their_turn():
    ids = arrive([message("urgent", n=n) for n in range(3)])
    InboundMessage.objects.filter(id__in=ids[:2]).update(answer_code="")  # parts of messages
    trust()
    for _ in range(2):
        wanted = again.held_of(FEED, again.held_rows())[:2]  # as many as one press of the button takes
        read_again(wanted)
    assert InboundMessage.objects.get(id=ids[2]).state == "applied"


def test_an_order_without_a_report_yet_is_not_said_to_be_on_file():
    ids = arrive([message("urgent", status="SCHED")])
    trust(status_words={"SCHED": "O"})
    [found] = read_again(ids)
    assert (found.state, found.words) == (again.APPLIED, "Read. It says that there is no report yet.")


def test_a_report_left_outside_is_found_behind_any_number_of_others():
    rows = [came(message("urgent", procedure="SPX1^MR BACK"), 0)]
    rows += [came(message("routine", n=n, procedure="71250^CT CHEST"), n) for n in range(1, 6)]
    dispatch.apply_undone(NOW)
    trust(procedure_codes=["spx1"])
    feed = next(one for one in mappings.active_feeds(settings_now()) if one.name == FEED)
    assert again.missed(feed, NOW, limit=2) == [rows[0].id]
