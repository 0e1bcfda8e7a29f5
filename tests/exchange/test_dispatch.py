"""From a stored message to what a person sees of it."""

import random

import pytest
from django.utils import timezone
from sample_reports import at, macro, oru

from soar2.exchange import dispatch
from soar2.exchange.models import InboundMessage
from soar2.pathway.notices.models import Notice
from soar2.pathway.reports.models import Report
from soar2.record.models import Patient

NOW = at("10 14:06")


def stored(raw, control="x"):
    return InboundMessage.objects.create(
        received_at=timezone.now(),
        raw=raw,
        body_hash=str(hash(raw)),
        control_id=control,
        answer_code="AA",
        answer=b"",
    )


def applied(raw):
    row = stored(raw)
    dispatch.apply_undone(NOW)
    row.refresh_from_db()
    return row


CASES = [
    # what                             message                                          state         words                  notices
    ("a spine report", oru(macro("urgent")), "applied", "", 1),
    ("a number never seen before", oru(macro("expedited"), mrn="NEW-1"), "applied", "", 1),
    ("another procedure", oru(macro("urgent"), procedure="71250^CT CHEST^CPT"), "filtered", "Not a spine", 0),
    ("no patient, urgent words", oru(macro("urgent"), mrn=""), "quarantined", "", 1),
    ("no patient, mild words", oru(macro("routine"), mrn=""), "quarantined", "", 0),
    ("free text", oru("Large epidural mass at T8 compressing the cord."), "applied", "", 0),
    ("no text", oru(""), "quarantined", "no text", 0),
    ("not HL7", b"GET / HTTP/1.1", "quarantined", "", 0),
    (
        "a number of another authority",
        oru(macro("urgent")).replace(b"^^^DEMO^MR", b"^^^HOSP^MR"),
        "applied",
        "",
        1,
    ),
    ("a number without an authority", oru(macro("urgent")).replace(b"^^^DEMO^MR", b""), "applied", "", 1),
    ("no control id", oru(macro("urgent")).replace(b"|C000001|P", b"||P"), "applied", "", 1),
]
LONG = "".join(
    random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=6000)
)  # nothing compresses it
AWKWARD = [
    ("an accession beyond any index", oru(macro("urgent"), accession=LONG)),
    ("a record number beyond any index", oru(macro("urgent"), mrn=LONG)),
    ("a procedure beyond all measure", oru(macro("urgent"), procedure=f"30855-1^{LONG}")),
    ("a long patient class", oru(macro("urgent")).replace(b"\rOBR", b"\rPV1|1|INPATIENT_WARD\rOBR", 1)),
    ("a long kind of number", oru(macro("urgent")).replace(b"^MR|", b"^MEDICALRECORDNUMBERTYPE|", 1)),
    ("NUL in the accession", oru(macro("urgent"), accession="A\0B")),
    ("NUL by escape in the name", oru(macro("urgent"), name="A\\X00\\B^C")),
    ("a lone surrogate", oru(macro("urgent")).replace(b"Level T8", b"\xed\xa0\x80 Level T8")),
    ("a year that no calendar holds", oru(macro("urgent"), exam="99991231235959-1400")),
]


def test_a_report_held_twice_alarms_once(people):
    """The same words without a patient under another control id: both messages are held, one notice goes out."""
    for control in ("C1", "C2"):
        assert applied(oru(macro("urgent"), mrn="", accession="A-77", control=control)).state == "quarantined"
    assert Notice.objects.get().identity_unresolved


def test_numbers_of_two_patients_in_one_message_are_held_and_still_alarm(people):
    for mrn in ("M1", "M2"):
        applied(oru(macro("routine"), mrn=mrn, accession=f"A-{mrn}"))
    both = oru(macro("emergent"), accession="A-3").replace(b"T000001^^^DEMO^MR", b"M1^^^DEMO^MR~M2^^^EAST^MR")
    row = applied(both.replace(b"M2^^^EAST", b"M2^^^DEMO"))
    assert (row.state, row.where) == ("quarantined", "PID-3")
    assert Notice.objects.get(lane="emergent").patient is None


@pytest.mark.parametrize(("what", "raw"), AWKWARD, ids=[row[0] for row in AWKWARD])
def test_nothing_a_sender_writes_keeps_urgent_words_from_their_notice(people, what, raw):
    row = applied(raw)
    assert (row.state, row.reason) == ("applied", "")
    assert Notice.objects.get().lane == "urgent"


def test_a_message_the_database_refuses_is_held_and_stops_none_behind_it(people, monkeypatch):
    """What the server says of the content (here: an index entry too large) is not a server that is away."""
    monkeypatch.setattr(dispatch, "key_of", lambda text: text)
    poisonous, good = (
        stored(oru(macro("urgent"), accession=LONG), "p"),
        stored(oru(macro("urgent"), n=2), "g"),
    )
    for _ in range(dispatch.PATIENCE):
        dispatch.apply_undone(NOW)
    for row in (poisonous, good):
        row.refresh_from_db()
    assert (poisonous.state, good.state) == ("quarantined", "applied")
    assert "tell the maintainers" in poisonous.reason


@pytest.mark.parametrize(("what", "raw", "state", "words", "notices"), CASES, ids=[row[0] for row in CASES])
def test_each_message_ends_where_a_person_expects_it(people, what, raw, state, words, notices):
    row = applied(raw)
    assert row.state == state, row.reason
    assert words in row.reason
    assert Notice.objects.count() == notices
    assert row.done_at == NOW


def test_a_number_seen_for_the_first_time_makes_a_provisional_patient(people):
    applied(oru(macro("urgent"), mrn="M9", name="QUILL^ROSA", born="19630509"))
    patient = Patient.objects.get()
    assert (patient.family, patient.given, patient.provisional) == ("QUILL", "ROSA", True)


def test_a_known_number_with_another_birth_date_is_held(people):
    applied(oru(macro("expedited"), n=1, mrn="M9", born="19600101"))
    row = applied(oru(macro("urgent"), n=2, mrn="M9", born="19710203"))
    assert (row.state, row.where) == ("quarantined", "PID-3")
    assert "date of birth" in row.reason
    notice = Notice.objects.get(identity_unresolved=True)
    assert "A000002" in notice.headline


def test_free_text_is_put_on_the_please_read_list(people):
    applied(oru("Large epidural mass at T8 compressing the cord."))
    report = Report.objects.get()
    assert (report.source, report.lane, report.read_wanted) == ("free-text", "emergent", True)
    assert not Notice.objects.exists()  # its words alone open no ladder


def test_a_message_that_breaks_the_reader_is_kept_counted_and_in_the_end_held(people, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError

    row, behind = stored(oru(macro("urgent"), n=1), "1"), stored(oru(macro("urgent"), n=2, mrn="M2"), "2")
    monkeypatch.setattr(dispatch, "read_results", broken)
    for _ in range(dispatch.PATIENCE):
        dispatch.apply_undone(NOW)
    monkeypatch.undo()
    row.refresh_from_db()
    assert row.state == "quarantined"
    assert "ZeroDivisionError" in row.reason
    behind.refresh_from_db()
    assert behind.state == "quarantined"


def test_the_exam_time_is_never_the_time_of_the_message(people):
    applied(oru(macro("urgent"), exam="20260310124000-0400"))
    report = Report.objects.get()
    assert report.exam_end == at("10 12:40")
    assert report.reported_at == at("10 14:05")


def test_a_pack_that_does_not_load_is_no_fault_of_any_message(people, monkeypatch):
    from dataclasses import replace

    from django.conf import settings

    from soar2.criteria.packs import PackRefused

    row = stored(oru(macro("urgent")))
    with monkeypatch.context() as patch:
        patch.setattr(settings, "PROGRAMME", replace(settings.PROGRAMME, pack=("no-such-pack", "1")))
        for _ in range(dispatch.PATIENCE):
            with pytest.raises(PackRefused):
                dispatch.apply_undone(NOW)
    dispatch.apply_undone(NOW)
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("applied", 0)
