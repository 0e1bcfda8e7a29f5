"""A held message: its failed field marked exactly, its owner and age, its verbs, and a hundred as one line."""

import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from sample_reports import at, macro, oru

from soar2.exchange import held, house, vitals
from soar2.exchange.advice import advice
from soar2.exchange.models import InboundMessage, SenderSequence
from soar2.exchange.shown_bytes import LONGEST, MOST, hex_of, lines_of
from soar2.record import clock
from soar2.record.models import LedgerEntry, RotaRule

NOW = at("10 14:05")
FEED = "Radiology results"
RAW = oru(macro("urgent"), status="ZZ")


@pytest.fixture(autouse=True)
def _standing_clock(settings, tmp_path):
    settings.HOME = tmp_path


@pytest.fixture
def desk(signed_in):
    clock.start(NOW, running=False)
    return lambda key="osei", **account: signed_in(key, **account)


def hold(minutes_ago=10, **more):
    number = InboundMessage.objects.count()
    values = {
        "raw": RAW, "body_hash": f"h{number}", "control_id": f"C{number}", "message_type": "ORU^R01",
        "sending_application": "DEMO-RIS", "answer_code": "AE", "answer": b"MSH|^~\\&|\rMSA|AE|C1\r",
        "state": "quarantined", "reason": "OBR-25 is not a result status known here.", "where": "OBR-25",
    }  # fmt: skip
    return InboundMessage.objects.create(received_at=NOW - timedelta(minutes=minutes_ago), **values | more)


# The failed place

PID = b"MSH|^~\\&|A|B|||20260310||ORU^R01|1|P|2.5.1\rPID|1||M1^^^X^MR~M2^^^Y^MR||A^B\rOBR|1||A1||||||\rOBX|1|TX|||T8\r"
MARKS = [
    # where              marked                note
    ("PID-3", "M1^^^X^MR~M2^^^Y^MR", ""),
    ("PID-3[2].4", "Y", ""),
    ("PID-3.1", "M1", ""),
    ("PID-7", "", "PID-7 is not there"),
    ("PID-2", "", "empty"),
    ("OBR-25", "", "OBR-25 is not there"),
    ("MSH-9", "ORU^R01", ""),
    ("MSH-2", "^~\\&", ""),
    ("OBX-5", "T8", ""),
    ("OBX", "OBX|1|TX|||T8", ""),
]


@pytest.mark.parametrize(("where", "marked", "note"), MARKS, ids=[row[0] for row in MARKS])
def test_the_failed_field_is_marked_exactly(where, marked, note):
    meant = [part for line in lines_of(PID, where) for part in line.stretches if part.meant]
    assert [(part.text, part.note) for part in meant] == [(marked, note)]


@pytest.mark.parametrize("where", ["", "ZZZ-1", "OBX[7]-5", "not a place"])
def test_a_place_that_is_not_there_marks_nothing(where):
    assert not any(line.meant for line in lines_of(PID, where))


def test_the_whole_message_is_shown_whatever_is_marked():
    text = ["".join(part.text for part in line.stretches) for line in lines_of(PID, "PID-3[2].4")]
    assert text == PID.decode().strip("\r").split("\r")


def test_bytes_that_are_no_text_are_codes_beside_letters_that_are():
    latin = PID.replace(b"||A^B", b"||M\xfcller^B").replace(b"2.5.1", b"2.5.1||||||8859/1")
    assert "Müller" in str(lines_of(latin, "PID-5"))
    assert "M\\\\xfcller" in str(lines_of(PID.replace(b"||A^B", b"||M\xfcller^B"), "PID-5"))


def test_a_long_field_is_cut_and_says_how_much_more_there_is():
    line = lines_of(PID.replace(b"T8", b"A" * (LONGEST + 234)), "OBX-5")[-1]
    assert line.stretches[1].text == "A" * LONGEST + " … 234 more characters"


BUNDLE = {
    "resourceType": "Bundle",
    "entry": [
        {"resource": {"resourceType": "Patient", "identifier": [{"value": "1"}]}},
        {"resource": {"resourceType": "DiagnosticReport", "status": "gone", "code": {"text": "MR"}}},
    ],
}
PLACES = [
    ("Bundle.entry[1].resource.status", ['"status": "gone",']),
    ("Bundle.entry[1].resource.ofType(DiagnosticReport).status", ['"status": "gone",']),
    ("Bundle.entry[0].resource.identifier[0].value", ['"value": "1"']),
    ("Bundle.entry[0].resource.identifier.value", ['"value": "1"']),
    ("Bundle.entry[1].resource.code", ['"code": {', '"text": "MR"', "}"]),
    ("Bundle.entry[1].resource.code.coding[3].system", ['"code": {', '"text": "MR"', "}"]),
    ("", []),
]


@pytest.mark.parametrize(("where", "marked"), PLACES, ids=[row[0] or "none" for row in PLACES])
def test_the_place_in_a_fhir_document_is_marked(where, marked):
    lines = lines_of(json.dumps(BUNDLE).encode(), where, "fhir")
    assert [part.text for line in lines for part in line.stretches if part.meant] == marked
    assert json.loads("\n".join("".join(p.text for p in line.stretches) for line in lines)) == BUNDLE


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "PID-3", "MSH-2", "OBR[2]-25", "a.b[0]"]),
    st.sampled_from(["hl7v2", "fhir"]),
)
def test_any_bytes_can_be_shown(raw, where, form):
    lines_of(raw, where, form)
    shown = hex_of(raw, where, 0, form)
    assert "".join(line.codes for line in shown).replace(" ", "") == raw.hex()


def test_a_document_of_many_lines_is_written_no_further_than_it_is_shown(monkeypatch):
    written, dumps = [], json.dumps
    monkeypatch.setattr(json, "dumps", lambda *given, **more: written.append(1) or dumps(*given, **more))
    raw = b'{"resourceType":"DiagnosticReport","result":[' + b"0," * 30_000 + b"0]}"
    assert len(lines_of(raw, "DiagnosticReport.result", "fhir")) == MOST
    assert len(written) <= MOST + 10


def test_the_bytes_of_the_failed_field_are_marked_and_no_others():
    meant = [line for line in hex_of(PID, "PID-3[2].4", 0) if line.meant]
    assert len(meant) == 1
    assert "Y" in meant[0].text


@pytest.mark.parametrize(
    "where", ["OBR-25", "OBR[2]-25", "PID-3", "OBX[3]-5[1]", "MSH", "", "DSC-1", "PV1-3", "Bundle.entry"]
)
def test_there_is_advice_for_every_place(where):
    found = advice(where)
    assert found.expected.endswith(".")
    assert found.ask.startswith("Please")
    assert found.ask.endswith(".")


# The list


def test_a_hundred_of_one_cause_are_one_line_that_opens(desk, django_assert_max_num_queries):
    for number in range(100):
        hold(200 - number)
    hold(5, reason="PID-3 is empty, so the patient is not known.", where="PID-3")
    found = held.causes()
    assert [(cause.count, len(cause.messages), cause.where) for cause in found] == [
        (100, 20, "OBR-25"),
        (1, 1, "PID-3"),
    ]
    assert found[0].oldest == NOW - timedelta(minutes=200)
    text = desk().get("/feeds/").content.decode()
    assert text.count('<details class="cause">') == 2
    assert "Held, 101" in text
    assert "Read all 100 again" in text
    assert "The oldest 20 of 100." in text
    with django_assert_max_num_queries(2):
        held.causes()


def test_who_may_not_open_messages_sees_causes_without_verbs(desk):
    message = hold()
    text = desk("bell").get("/feeds/").content.decode()
    assert "OBR-25 is not a result status known here." in text
    assert f"/feeds/held/{message.id}/" not in text
    assert "/feeds/held/replay" not in text


def test_nothing_held_says_since_when(desk):
    assert "Nothing held." in desk().get("/feeds/").content.decode()
    hold(settled_at=NOW - timedelta(hours=2))
    assert "Nothing held since" in desk().get("/feeds/").content.decode()


# The page and its verbs


def test_the_page_says_what_is_expected_what_to_ask_and_what_was_told(desk):
    message = hold(notes=[["charset", "The bytes were read as Latin-1."]], resent=2)
    text = desk().get(f"/feeds/held/{message.id}/").content.decode()
    for said in (
        "A result status of HL7 table 0123", "Please send the result status", "MSA|AE|C1",
        "The bytes were read as Latin-1.", "2 times", "<mark>ZZ</mark>", "Mend by mapping", "14:25",
    ):  # fmt: skip
        assert said in text, said


def test_taking_a_message_gives_it_an_owner_and_a_longer_clock(desk, people):
    message, client = hold(), desk()
    assert client.post(f"/feeds/held/{message.id}/take").status_code == 302
    message.refresh_from_db()
    assert (message.taken_by, message.taken_at) == (people["osei"], NOW)
    found = held.held_message(message.id)
    assert found.due == message.received_at + held.SETTLE_WITHIN
    assert "R. Osei" in client.get("/feeds/").content.decode()
    assert client.post(f"/feeds/held/{message.id}/take").status_code == 409
    assert LedgerEntry.objects.filter(kind="message.taken").count() == 1


def test_an_administrator_who_is_nobody_in_the_programme_takes_nothing(desk):
    message = hold()
    refused = desk("admin", is_staff=True).post(f"/feeds/held/{message.id}/take")
    assert refused.status_code == 409
    assert "stands for no person" in refused.content.decode()


def test_a_cause_is_settled_with_one_sentence(desk):
    rows = [hold() for _ in range(3)]
    other = hold(reason="Another.", where="PID-3")
    cause = {"reason": rows[0].reason, "where": "OBR-25", "feed": "", "sender": "DEMO-RIS"}
    cause["latest"] = rows[-1].id
    client = desk()
    client.post("/feeds/held/settle", cause | {"note": " "})
    assert not InboundMessage.objects.exclude(settled_at=None).exists()
    client.post("/feeds/held/settle", cause | {"note": "Sent again by the sender."})
    assert list(held.waiting().values_list("id", flat=True)) == [other.id]


def test_what_came_after_the_page_was_shown_is_not_settled_with_it(desk):
    seen, client = hold(), desk()
    page = client.get("/feeds/").content.decode()
    form = page.partition('action="/feeds/held/settle"')[2].partition("</form>")[0]
    given = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    unseen = hold()
    client.post("/feeds/held/settle", given | {"note": "The sender sends it again.\0"})
    assert list(held.waiting().values_list("id", flat=True)) == [unseen.id]
    seen.refresh_from_db()
    assert seen.settled_note == "The sender sends it again."


@pytest.mark.parametrize("verb", ["settle", "replay"])
def test_a_form_that_nobody_made_breaks_nothing(desk, verb):
    hold()
    client = desk()
    for form in ({}, {"reason": "\0", "note": "\0x", "latest": "²"}, {"all_of": "\0"}, {"missed_of": "\0"}):
        assert client.post(f"/feeds/held/{verb}", form).status_code == 302


def test_the_bytes_and_the_file_are_for_the_desk_and_recorded(desk):
    message, client = hold(), desk()
    text = client.get(f"/feeds/held/{message.id}/bytes").content.decode()
    assert "4d 53 48 7c" in text
    file = client.get(f"/feeds/held/{message.id}/file")
    assert file.content == RAW
    assert file["Content-Disposition"] == f'attachment; filename="held-{message.id}.hl7"'
    looks = LedgerEntry.objects.filter(kind="message.opened").order_by("id")
    assert [look.data["how"] for look in looks] == ["bytes", "file"]


@pytest.mark.parametrize("verb", ["bytes", "file", "take", "settle", "replay"])
def test_every_door_to_a_message_is_locked_for_others(desk, verb):
    message = hold()
    address = f"/feeds/held/{message.id}/{verb}"
    client = desk("bell")
    answer = client.get(address) if verb in ("bytes", "file") else client.post(address)
    assert answer.status_code == 403
    message.refresh_from_db()
    assert (message.settled_at, message.taken_at, message.replays) == (None, None, 0)


@pytest.mark.parametrize("verb", ["take", "settle", "replay"])
def test_looking_never_acts(desk, verb):
    message = hold()
    assert desk().get(f"/feeds/held/{message.id}/{verb}").status_code == 405


def test_reading_again_says_what_became_of_each(desk):
    fine = hold(raw=oru(macro("urgent"), n=7), reason="Mended since.", where="OBR-4", answer_code="AA")
    bad = hold()
    client = desk()
    text = client.post(f"/feeds/held/{fine.id}/replay", follow=True).content.decode()
    assert "1 read." in text
    assert "Notice" in text
    text = client.post(f"/feeds/held/{bad.id}/replay", follow=True).content.decode()
    assert "1 still held." in text
    assert "1 still held" in text
    assert client.post(f"/feeds/held/{fine.id}/replay", follow=True).status_code == 200


def test_all_of_a_cause_and_all_of_a_feed_can_be_read_again(desk):
    rows = [
        hold(raw=oru(macro("expedited"), n=n), reason="Mended.", where="OBR-4", answer_code="AA")
        for n in range(3)
    ]
    client = desk()
    cause = {"reason": "Mended.", "where": "OBR-4", "feed": "", "sender": "DEMO-RIS"}
    assert "3 read." in client.post("/feeds/held/replay", cause, follow=True).content.decode()
    InboundMessage.objects.filter(id__in=[row.id for row in rows]).update(state="quarantined")
    said = client.post("/feeds/held/replay", {"all_of": FEED}, follow=True).content.decode()
    assert "3 already on file." in said


def test_a_settled_message_offers_no_verb(desk):
    message = hold(settled_at=NOW, settled_note="Sent again.")
    text = desk().get(f"/feeds/held/{message.id}/").content.decode()
    assert "Sent again." in text
    assert "<form" not in text.split('<aside class="stack">')[1].split("</aside>")[0]


# The house around the feeds


def test_the_rota_shows_its_holes(people):
    clock.start(NOW, running=False)
    RotaRule.objects.filter(role_id="navigator").delete()
    assert [cover.bare for cover in vitals.coverage(NOW) if cover.role == "Nurse navigator"] == [True]


def test_a_hole_begins_and_ends_where_turns_do(people):
    from datetime import time

    RotaRule.objects.filter(role_id="navigator").delete()
    RotaRule.objects.create(
        role_id="navigator",
        person=people["bell"],
        weekdays=[0, 1, 2, 3, 4, 5, 6],
        since=time(7),
        until=time(19),
    )
    cover = next(one for one in vitals.coverage(NOW) if one.role == "Nurse navigator")
    assert [(hole.since, hole.until) for hole in cover.holes] == [
        (at("10 19:00"), at("11 07:00")),
        (at("11 19:00"), at("12 07:00")),
        (at("12 19:00"), at("13 07:00")),
    ]


BACKUPS = [
    ("never", None, "warn", "None yet"),
    ("an hour ago", 1, "well", "1 h ago"),
    ("a night was missed", 30, "warn", "1 d 6 h ago"),
    ("two were", 60, "fault", "2 d 12 h ago"),
]


@pytest.mark.parametrize(("what", "hours", "mark", "state"), BACKUPS, ids=[row[0] for row in BACKUPS])
def test_the_age_of_the_backup_is_told(settings, what, hours, mark, state):
    from dataclasses import replace

    settings.PROGRAMME = replace(settings.PROGRAMME, mode="production")
    real = timezone.now()
    if hours is not None:
        told = {"at": (real - timedelta(hours=hours)).isoformat(), "file": "/var/b.dump", "bytes": 5_000_000}
        (settings.HOME / house.LAST_BACKUP).write_text(json.dumps(told))
    found = {one.name: one for one in vitals.vitals(real)}["Backup"]
    assert (found.mark, found.state) == (mark, state)


@pytest.mark.parametrize("text", ["", "[]", '{"at": 3}', '{"at": "soon"}', "\xff"])
def test_a_broken_note_of_the_backup_is_no_backup(settings, text):
    (settings.HOME / house.LAST_BACKUP).write_bytes(text.encode("latin-1"))
    assert {one.name: one.state for one in vitals.vitals(timezone.now())}["Backup"] == "None yet"


def test_a_mapping_at_fault_is_told_on_the_page(desk, settings):
    folder = settings.HOME / "mappings" / FEED
    folder.mkdir(parents=True)
    (folder / "mapping.toml").write_text("x = [")
    assert "is not valid TOML" in desk().get("/feeds/").content.decode()


def test_sequence_numbers_that_never_came_are_told(desk):
    SenderSequence.objects.create(
        sending_application="RIS", sending_facility="MAIN", last=9,
        gaps=[[3, 5, "2026-03-10T18:00:00+00:00", "missing"], [7, 7, "2026-03-10T18:01:00+00:00", "repeated"]],
    )  # fmt: skip
    text = desk().get("/feeds/").content.decode()
    assert "3 to 5 never came" in text
    assert "7 came twice" in text


def test_times_that_cannot_be_are_listed(desk):
    from soar2.exchange.hl7v2.clocks import CLOCK

    hold(state="applied", notes=[[CLOCK, "OBR-8 lies ten years ahead."]])
    assert "OBR-8 lies ten years ahead." in desk().get("/feeds/").content.decode()
