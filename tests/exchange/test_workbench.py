"""The mapping page: whatever can be pasted is taken apart, told, and taught; what is kept names nobody."""

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.files import uploadedfile
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st
from sample_reports import at, macro, oru

from soar2.criteria.packs import load_pack
from soar2.exchange import mapping_desk, mapping_form, mappings, workbench
from soar2.exchange.deidentify import Names, deidentified
from soar2.exchange.hl7v2.message import parse
from soar2.exchange.models import InboundMessage
from soar2.exchange.sample_reading import lenient, read_sample
from soar2.record import clock
from soar2.record.models import LedgerEntry

NOW = at("10 15:00")
FEED = "Radiology results"
BASE = {
    "name": FEED,
    "sending_applications": ["RIS"],
    "procedure_codes": ["72157"],
    "identifier_authority": "DEMO",
    "time_zone": "America/New_York",
}
MESSAGES = Path(__file__).parent.parent / "messages"
GOOD = {"application": "RIS", "procedure": "72157^MR THORACIC SPINE^CPT"}


@pytest.fixture(autouse=True)
def _desk(settings, tmp_path):
    settings.HOME = tmp_path
    settings.PROGRAMME = replace(settings.PROGRAMME, feed_tables=(BASE,))


def message(lane="urgent", **more):
    return oru(macro(lane), **(GOOD | more))


# What can be pasted

ONE, TWO = message(n=1), message("expedited", n=2)
PASTES = [
    # what                       pasted                                                      messages
    ("one", ONE.decode(), 1),
    ("two behind each other", (ONE + TWO).decode(), 2),
    ("frames", f"\x0b{ONE.decode()}\x1c\r\x0b{TWO.decode()}\x1c\r", 2),
    ("line feeds", (ONE + TWO).decode().replace("\r", "\n"), 2),
    ("carriage return and line feed", (ONE + b"\r" + TWO).decode().replace("\r", "\r\n"), 2),
    ("blanks before and behind", f"\n\n   {ONE.decode()}\n\n  {TWO.decode()}   \n", 2),
    ("a batch", f"FHS|^~\\&|A\rBHS|^~\\&|A\r{ONE.decode()}{TWO.decode()}BTS|2\rFTS|1\r", 2),
    ("nothing", "  \n", 0),
    ("no message", "Dear colleagues, please find attached", 1),
]


@pytest.mark.parametrize(("what", "pasted", "count"), PASTES, ids=[row[0] for row in PASTES])
def test_whatever_is_pasted_comes_apart(what, pasted, count):
    found = workbench.messages_in(pasted)
    assert len(found) == count
    if count == 2:
        assert [parse(raw).header.field(10) for raw in found] == ["C000001", "C000002"]
        assert all(len(parse(raw).segments("OBX")) >= 4 for raw in found)


def test_a_message_that_declares_latin_1_is_read_in_latin_1():
    text = message(name="MÜLLER^JÖRG").decode().replace("UNICODE UTF-8", "8859/1")
    raw = workbench.messages_in(text)[0]
    assert "MÜLLER^JÖRG".encode("latin-1") in raw
    assert parse(raw).value("PID-5.1") == "MÜLLER"


@given(st.binary(max_size=400))
def test_no_bytes_break_the_workbench(content):
    feed = lenient(BASE, "UTC")
    for raw in workbench.messages_in_file(content) + workbench.messages_in(content.decode("latin-1")):
        reading = read_sample(raw, feed, (feed,), load_pack("soar2-open", "1"))
        workbench.findings([reading], feed, BASE)


# What is understood, and what could be taught


def bench(*messages, **draft):
    return mapping_desk.bench(FEED, draft, messages)


def teaches(found):
    return [(one.key, one.value) for one in found.findings.proposals if one.likely]


UNKNOWN = [
    # what                            message                                                    proposal
    ("a sender", message(application="EAST"), ("sending_applications", "EAST")),
    ("a final report by its word", message(status="FINAL"), ("status_words", "FINAL=F")),
    ("a preliminary one", message(status="PRELIM"), ("status_words", "PRELIM=P")),
    ("a corrected one", message(status="CORRECTED"), ("status_words", "CORRECTED=C")),
    ("an addendum", message(status="ADDENDUM"), ("status_words", "ADDENDUM=A")),
    ("an issuer", message().replace(b"^^^DEMO^MR", b"^^^SITEB^MR"), ("identifier_authority", "SITEB")),
    ("numbers without issuer", message().replace(b"^^^DEMO^MR", b""), ("assume_authority", "DEMO")),
    ("a procedure", message(procedure="72148^MRI LUMBAR SPINE^CPT"), ("procedure_codes", "72148")),
    (
        "an accession elsewhere",
        message(accession="A9")
        .replace(b"|P1|A9|", b"|||")
        .replace(b"|1234^REFERRER^A||||||", b"|1234^REFERRER^A||||A9||"),
        ("accession_field", "OBR-20"),
    ),
]


@pytest.mark.parametrize(("what", "raw", "proposal"), UNKNOWN, ids=[row[0] for row in UNKNOWN])
def test_what_is_not_known_can_be_taught_by_one_press(what, raw, proposal):
    found = bench(raw)
    assert found.findings.inside == 0
    assert proposal in teaches(found)
    draft = mapping_form.taught({}, *proposal)
    again = bench(raw, **draft)
    assert again.faults == ()
    assert (again.findings.understood, again.findings.inside) == (1, 1), again.readings[0].problem


def test_the_coverage_counts_messages():
    found = bench(
        message(n=1),
        message("expedited", n=2),
        message(n=3, procedure="71250^CT CHEST^CPT"),
        message(n=4, status="FINAL"),
    )
    assert found.findings.words == "3 of 4 understood; 2 inside, 1 outside the spine procedures"


def test_each_sample_says_where_its_facts_stand():
    reading = bench(message()).readings[0]
    order = reading.orders[0]
    assert (order.accession_at, order.result.accession, order.said) == ("OBR-3", "A000001", "F")
    assert [place for place, _, _ in order.times] == ["OBR-7", "OBR-8", "OBR-22", "MSH-7"]
    assert (order.lane, order.source, order.inside) == ("urgent", "macro", True)
    assert order.first_words.startswith("SPINE ONCOLOGY MACRO")


def test_a_message_of_an_unknown_status_still_shows_the_rest():
    reading = bench(message(status="FINAL")).readings[0]
    assert (reading.where, reading.orders[0].said, reading.orders[0].lane) == ("OBR-25", "FINAL", "urgent")


def test_fields_that_are_sent_and_not_read_are_listed_by_their_shape():
    raw = message().replace(b"||19600101|F", b"||19600101|F|||12 Elm St^^Troy||555-0142")
    found = {one.place: one for one in bench(raw, message(n=2)).findings.unread}
    assert (found["PID-11"].shape, found["PID-11"].samples) == ("99 Aaa Aa^^Aaaa", 1)
    assert found["PID-13"].shape == "999-9999"
    assert "PID-3" not in found
    assert "Elm" not in str(found)


def test_a_new_feed_is_read_before_it_is_finished():
    found = mapping_desk.bench("East", {"sending_applications": ["EAST"]}, [message(application="EAST")])
    assert found.faults
    assert {("identifier_authority", "DEMO"), ("procedure_codes", "72157")} <= set(teaches(found)) | {
        (one.key, one.value) for one in found.findings.proposals
    }


@given(st.text(max_size=60), st.sampled_from(mapping_form.KEYS))
def test_no_text_in_the_form_breaks_the_page(text, key):
    table, faults = mapping_form.table_from({key: text}, {})
    mapping_form.filled(table, BASE)
    lenient({**BASE, **table}, "UTC")
    assert isinstance(faults, list)


def test_what_the_form_does_not_show_stays():
    table, _ = mapping_form.table_from({"procedure_codes": "1, 2\n3"}, {"other": True, "time_zone": "UTC"})
    assert table == {"other": True, "procedure_codes": ["1", "2", "3"]}


# Samples that name nobody

REAL = (
    b"MSH|^~\\&|RIS|MAIN|SOAR2|MAIN|20260310140501-0400||ORU^R01|MSG00881|P|2.5.1\r"
    b"PID|1|88123|7700912^^^DEMO^MR~123-45-6789^^^SSA^SS||Marwick^Jolanda^Q||19610422|F|||12 Elm St^^Troy^NY^12180||"
    b"(555)010-4433|(555)010-9911||||ACC55123|987-65-4321\r"
    b"NK1|1|Marwick^Piet|SPO|12 Elm St|(555)010-4433\r"
    b"PV1|1|I|7N^12|||||4411^Okonkwo^Ada|||||||||||V998877\r"
    b"IN1|1|PLAN|INS01|Acme Health|PO Box 1||||||||||Marwick^Jolanda\r"
    b"ORC|RE|P7781|A20931|||||||||4411^Okonkwo^Ada\r"
    b"OBR|1|P7781|A20931|72157^MR THORACIC SPINE^CPT|||20260310124000-0400||||||Marwick, known breast cancer|Marwick||"
    b"4411^Okonkwo^Ada||||||20260310140500-0400||RAD|F|||||||77&Brandt&Ilse\r"
    b"OBX|1|TX|GDT||Patient JOLANDA MARWICK, MRN 7700912, call 5550104433||||||F\r"
    b"OBX|2|TX|GDT||Dr. Brandt told Dr. Okonkwo. Accession A20931. Mail j.marwick@home.example||||||F\r"
    b"ZPI|1|Jolanda's dog Rex|7700912\r"
)
NAMES = [
    "Marwick", "Jolanda", "Piet", "Elm", "Troy", "Okonkwo", "Ada", "Brandt", "Ilse", "Rex", "Acme", "7700912",
    "123-45-6789", "88123", "ACC55123", "987-65-4321", "12180", "A20931", "P7781", "V998877", "19610422",
    "MSG00881", "INS01", "20260310",
]  # fmt: skip


def test_a_sample_names_nobody():
    sample = deidentified(REAL, Names())
    text = sample.raw.decode()
    assert [
        name for name in NAMES if re.search(rf"(?<![A-Za-z0-9]){name}(?![A-Za-z0-9])", text, re.IGNORECASE)
    ] == []
    for place in (
        "PID-3",
        "PID-5",
        "PID-7",
        "PID-11",
        "PID-13",
        "PID-14",
        "PID-18",
        "PID-19",
        "NK1-2",
        "IN1-15",
    ):
        assert sample.replaced[place] == 1, place


def without_names(obx, pid="Quill-Marwick^Li", kind="TX", obr27=""):
    """The value of OBX-5 of a sample made from this one."""
    raw = (
        f"MSH|^~\\&|RIS|MAIN|SOAR2|MAIN|20260310140501-0400||ORU^R01|M1|P|2.5.1\r"
        f"PID|1||4417^^^DEMO^MR||{pid}||19610422|F\r"
        f"OBR|1|P1|A20931|72157^MR SPINE^CPT|||20260310124000-0400|||||||||||||||20260310140500-0400|||F||{obr27}\r"
        f"OBX|1|{kind}|GDT||{obx}||||||F\r"
    )
    sample = parse(deidentified(raw.encode(), Names()).raw)
    return sample.value("OBX-5"), sample


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("Quill-Marwick's pain", "quill"),
        ("MARWICK's pain; Mrs Quill", "quill"),
        ("O'Marwick", "marwick"),
        ("Li is well, LI is well", "li"),
        ("SSN 123-45-6789", "123"),
        ("call 555-0104", "0104"),
        ("born 04/22/1961", "1961"),
        ("born 1961-04-22", "1961"),
        ("born 22.4.61", "61"),
        ("born April 22, 1961", "1961"),
        ("born 22-Apr-1961", "1961"),
    ],
)
def test_names_and_numbers_of_any_writing_leave_the_text(text, gone):
    for _ in range(4):  # chance may give the same digits back, and does not twice
        told, _sample = without_names(text)
        if gone not in re.findall(r"[^\W_]+", told.lower()):
            return
    pytest.fail(told)


@pytest.mark.parametrize(
    "text", ["T8, 12 x 9.5 mm, L4-5 and C5/6", "no li, in March 26 of 30 levels", "1.5 T; 3.0.1"]
)
def test_measures_and_levels_stay_in_the_text(text):
    assert without_names(text)[0] == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("XPN", "TERN^AMOS"),
        ("CX", "77^^^X^SS"),
        ("XTN", "5550104"),
        ("XAD", "1 Elm"),
        ("XCN", "12^BRANDT"),
        ("DT", "20260310"),
    ],
)
def test_a_value_that_is_a_person_an_address_or_a_day_is_replaced(kind, value):
    assert value.partition("^")[0] not in without_names(value, kind=kind)[0]


def test_no_day_inside_a_field_is_left_to_tell_how_far_the_others_were_moved():
    _, sample = without_names("x", obr27="1^^^20260310120000^^R")
    assert sample.value("OBR-27").startswith("1^^^")
    assert "20260310" not in sample.raw.decode()


def test_a_long_text_without_a_blank_takes_no_time():
    deidentified(b"MSH|^~\\&|A|B|||20260310||ORU^R01|1|P|2.5\rPID|1\rOBX|1|TX|||" + b"a1." * 200_000, Names())


def test_a_sample_keeps_what_a_mapping_needs():
    before, after = parse(REAL), parse(deidentified(REAL, Names()).raw)
    for place in (
        "MSH-3",
        "MSH-9",
        "PID-3.4",
        "PID-3.5",
        "PID-3[2].4",
        "PID-8",
        "OBR-4",
        "OBR-25",
        "OBX-2",
        "OBX-11",
    ):
        assert after.value(place) == before.value(place), place
    for place in ("PID-3.1", "PID-5.1", "PID-7", "OBR-3", "OBR-22"):
        shapes = [workbench.shape(one.value(place)) for one in (before, after)]
        assert shapes[0] == shapes[1], place
    assert [one.name for one in after.segments()] == [one.name for one in before.segments()]


def test_one_making_is_stable_and_two_differ():
    names = Names()
    first, second = (parse(deidentified(REAL, names).raw) for _ in range(2))
    assert first.value("OBR-3") == second.value("OBR-3") == first.value("ORC-3")
    assert first.value("PID-5.1") != parse(deidentified(REAL, Names()).raw).value("PID-5.1")
    assert first.value("PID-5.1").upper() in first.value("OBX-5").upper()


@pytest.mark.parametrize("file", sorted(MESSAGES.glob("*.hl7")), ids=lambda path: path.stem)
def test_a_sample_reads_as_its_message_did(file):
    feed, pack = lenient({}, "America/New_York"), load_pack("soar2-open", "1")
    before = read_sample(file.read_bytes(), feed, (feed,), pack)
    after = read_sample(deidentified(file.read_bytes(), Names()).raw, feed, (feed,), pack)
    assert [(o.lane, o.source, o.result.status, o.result.text.count("\n")) for o in after.orders] == [
        (o.lane, o.source, o.result.status, o.result.text.count("\n")) for o in before.orders
    ]


# The page


@pytest.fixture
def desk(signed_in):
    clock.start(NOW, running=False)
    return lambda key="osei", **account: signed_in(key, **account)


PAGE = f"/feeds/{FEED}/mapping/"


def hidden(text):
    return re.findall(r'name="kept" value="([^"]+)"', text)


def test_paste_teach_save_and_the_file_is_there(desk, settings):
    client = desk()
    raw = message(procedure="72148^MRI LUMBAR SPINE^CPT", name="TERN^AMOS")
    text = client.post(PAGE, {"pasted": raw.decode()}).content.decode()
    assert "1 of 1 understood; 0 inside, 1 outside" in text
    assert "Count 72148 (MRI LUMBAR SPINE) as a spine procedure" in text
    kept = hidden(text)
    text = client.post(PAGE, {"kept": kept, "teach": '["procedure_codes", "72148"]'}).content.decode()
    assert "1 of 1 understood; 1 inside, 0 outside" in text
    draft = {"kept": hidden(text), "procedure_codes": "72148", "save": "1"}
    refused = client.post(PAGE, draft)
    assert refused.status_code == 409
    assert "Say in a few words why" in refused.content.decode()
    saved = client.post(PAGE, draft | {"why": "The lumbar code"}, follow=True).content.decode()
    assert "Saved with 1 sample as tests" in saved
    assert "PID-5" in saved
    assert "Look over the text of the samples" in saved
    folder = settings.HOME / "mappings" / FEED
    assert mappings.active_feeds(settings.PROGRAMME)[0].procedure_codes == ("72157", "72148")
    assert b"TERN" not in (folder / "samples" / "01.hl7").read_bytes()
    assert mappings.run_test(None, io.StringIO()) == 0
    entry = LedgerEntry.objects.get(kind="mapping.saved")
    assert (entry.data["version"], entry.data["samples"], entry.actor) == (1, 1, "osei")
    assert LedgerEntry.objects.filter(kind="mapping.checked").count() == 2


def test_pasted_messages_are_stored_nowhere(desk, settings):
    client = desk()
    client.post(PAGE, {"pasted": message(name="TERN^AMOS").decode()})
    assert InboundMessage.objects.count() == 0
    assert list(settings.HOME.rglob("*.hl7")) == []
    assert "TERN" not in str(list(LedgerEntry.objects.values_list("data", "subject")))


def test_files_come_with_their_bytes(desk):
    raw = message(name="MÜLLER^JÖRG").decode().replace("UNICODE UTF-8", "").encode("latin-1")
    text = desk().post(PAGE, {"files": [SimpleUploadedFile("a.hl7", raw)]}).content.decode()
    assert "Messages that name no character set are in 8859/1" in text


@pytest.mark.parametrize(
    "copies", [1_000, 4_500], ids=["larger than is taken", "larger than memory is given"]
)
def test_a_file_that_is_too_large_is_said_and_is_no_sample(desk, copies, monkeypatch):
    def never(*_, **__):
        pytest.fail("a file of messages was laid down on the disk")

    monkeypatch.setattr(uploadedfile.TemporaryUploadedFile, "__init__", never)
    file = SimpleUploadedFile("big.hl7", message() * copies)
    assert file.size > 600_000
    text = desk().post(PAGE, {"files": file}).content.decode()
    assert "A file of more than 600 kB was left out" in text
    assert hidden(text) == []


def test_no_more_than_twenty_at_once(desk):
    text = desk().post(PAGE, {"pasted": b"".join(message(n=n) for n in range(25)).decode()}).content.decode()
    assert len(hidden(text)) == 20
    assert "Twenty messages are looked at once; of 25 the rest was left out." in text


def test_a_sample_can_be_left_out_and_the_same_comes_once(desk):
    client = desk()
    text = client.post(
        PAGE, {"pasted": (message(n=1) + message(n=2) + message(n=1)).decode()}
    ).content.decode()
    kept = hidden(text)
    assert len(kept) == 2
    assert hidden(client.post(PAGE, {"kept": kept, "drop": "1"}).content.decode()) == kept[1:]


def test_a_draft_that_changes_earlier_samples_asks_first(desk, settings):
    client = desk()
    first = {"pasted": message(procedure="72148^MRI LUMBAR SPINE^CPT").decode(), "why": "x", "save": "1"}
    client.post(PAGE, first | {"procedure_codes": "72148"})
    other = {"procedure_codes": "72149", "why": "y", "save": "1"}
    refused = client.post(PAGE, other)
    assert refused.status_code == 409
    assert "sample 01: result 1 inside is false, expected true." in refused.content.decode()
    assert client.post(PAGE, other | {"renew": "1"}).status_code == 302
    assert mappings.run_test(None, io.StringIO()) == 0
    assert (settings.HOME / "mappings" / FEED / "history" / "mapping.v1.toml").exists()


def test_what_somebody_else_taught_meanwhile_is_not_taken_away_unseen(desk, settings):
    client = desk()

    def upon(text):
        return re.search(r'name="upon" value="(\d+)"', text)[1]

    opened = {"upon": upon(client.get(PAGE).content.decode())}
    theirs = {"status_words": "SIGNED = F", "why": "the new system", "save": "1"}
    assert client.post(PAGE, opened | theirs).status_code == 302
    mine = {"procedure_codes": "72149", "why": "y"}
    looked = client.post(PAGE, opened | mine | {"check": "1"}).content.decode()
    assert upon(looked) == opened["upon"]  # a look in between does not make it a draft upon theirs
    refused = client.post(PAGE, opened | mine | {"save": "1"})
    assert refused.status_code == 409
    text = refused.content.decode()
    assert "saved version 1 while you wrote: the new system." in text
    assert "says otherwise of procedure_codes, status_words" in text
    assert mappings.version_of(FEED) == f"{FEED} v1"
    again = mine | {"upon": upon(text), "status_words": "SIGNED = F", "save": "1"}
    assert client.post(PAGE, again).status_code == 302
    assert mappings.version_of(FEED) == f"{FEED} v2"


def test_a_folder_that_cannot_be_written_is_said_and_saves_nothing(desk, settings):
    (settings.HOME / "mappings").write_text("a file where the folder should be")
    answer = desk().post(PAGE, {"procedure_codes": "72149", "why": "y", "save": "1"})
    assert answer.status_code == 409
    assert "cannot be written (File exists)" in answer.content.decode()


@pytest.mark.parametrize("choice", ["5", "null", "[" * 9999, "[1]", '["procedure_codes"', '["x", {}]', "\0"])
def test_no_button_that_nobody_made_breaks_the_page(desk, choice):
    assert desk().post(PAGE, {"teach": choice, "status_words": "A\0 = F", "upon": "²"}).status_code == 200


def test_a_new_feed_is_made_by_the_page(desk, settings):
    form = {
        "name": "East imaging", "sending_applications": "EAST", "procedure_codes": "72148, 72149",
        "identifier_authority": "EAST", "why": "They joined us", "save": "1",
    }  # fmt: skip
    answer = desk().post("/feeds/mapping/new/", form)
    assert answer.url == "/feeds/East%20imaging/mapping/"
    assert [feed.name for feed in mappings.active_feeds(settings.PROGRAMME)] == [FEED, "East imaging"]
    assert desk().get(answer.url).status_code == 200


@pytest.mark.parametrize(("who", "account", "status"), [("osei", {}, 200), ("admin", {"is_staff": True}, 200), ("bell", {}, 403), ("okafor", {}, 403), ("visitor", {}, 403)])  # fmt: skip
@pytest.mark.parametrize("page", [PAGE, "/feeds/mapping/new/"])
def test_mappings_are_for_those_who_may_edit_them(desk, who, account, status, page):
    client = desk(who, **account)
    assert client.get(page).status_code == status
    assert client.post(page, {"pasted": message().decode()}).status_code == status


def test_an_unknown_feed_has_no_page(desk):
    assert desk().get("/feeds/Nobody/mapping/").status_code == 404


def test_a_held_message_opens_the_page_with_itself_and_those_alike(desk):
    rows = [
        InboundMessage.objects.create(
            received_at=NOW, raw=message(n=n, status="FINAL"), body_hash=f"h{n}", control_id=f"C{n}",
            sending_application="RIS", answer_code="AE", answer=b"", state="quarantined", feed=FEED,
            reason="OBR-25 is not a result status known here.", where="OBR-25",
        )
        for n in range(3)
    ]  # fmt: skip
    text = desk().get(f"{PAGE}?held={rows[1].id}").content.decode()
    assert len(hidden(text)) == 3
    assert "FINAL means final (F)" in text
    assert LedgerEntry.objects.filter(kind="message.opened", data__how="mapping").count() == 3


def test_nothing_typed_is_run_by_a_browser(desk):
    evil = "<script>alert(1)</script>"
    text = desk().post(
        PAGE, {"pasted": message(n=1, name=evil, status=evil).decode(), "why": evil, "time_zone": evil}
    )
    assert evil not in text.content.decode()
