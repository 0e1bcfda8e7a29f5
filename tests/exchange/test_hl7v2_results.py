"""From ORU^R01 to typed values: whose exam, which times, which words, and what is said when one is missing."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from soar2.errors import Unreadable
from soar2.exchange.feeds import Feed
from soar2.exchange.hl7v2.message import parse
from soar2.exchange.hl7v2.results import STANDINGS, Identifier, Practitioner, TextSource, read_results

MESSAGES = Path(__file__).parents[1] / "messages"
DEMO = Feed("ris", identifier_authority="DEMO", time_zone="America/New_York")
MSH = "MSH|^~\\&|RIS|DEMO|SOAR2|DEMO|20260310140512-0400||ORU^R01|C1|P|2.5.1|7"
PID = "PID|1||44^^^DEMO^MR||Quill^Rosa||19631104|F"


def obr(**fields):
    """An OBR with fields by number: ``obr(f3="A-1", f25="F")``."""
    row = ["OBR", "1", "P-1", "A-1", "30855-1^MR spine^LN", "", "", "20260310121500-0400"] + [""] * 27
    row[22], row[25] = "20260310140500-0400", "F"
    for name, value in fields.items():
        row[int(name[1:])] = value
    return "|".join(row).rstrip("|")


def obx(value, kind="TX", status="F", code="X"):
    return f"OBX|1|{kind}|{code}||{value}||||||{status}"


def read(*segments, feed=DEMO):
    return read_results(parse("\r".join([MSH, *segments]).encode()), feed)


def one(*segments, feed=DEMO):
    (result,) = read(*segments, feed=feed)
    return result


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def test_rosa_quill():
    result = read_results(parse((MESSAGES / "rosa-quill.hl7").read_bytes()), DEMO)[0]

    assert result.patient.number == Identifier("DEMO", "00044471", "MR")
    assert (result.patient.family, result.patient.given) == ("Quill", "Rosa")
    assert (result.patient.birth_date, result.patient.sex) == (date(1963, 11, 4), "F")
    assert (result.accession, result.placer_number, result.control_id) == ("A-20931", "P20931", "RIS0020931")
    assert result.procedure.code == "30855-1"
    assert result.exam_start == at("2026-03-10T12:15-04:00")
    assert result.exam_end == at("2026-03-10T12:40-04:00")
    assert not result.exam_time_is_start
    assert result.reported_at == at("2026-03-10T14:05-04:00")
    assert (result.status, result.standing) == ("F", "final")
    assert result.author == Practitioner("3100", "Okafor", "Ines")
    assert result.ordering.name == "Maren Lindqvist"
    assert (result.location, result.patient_class) == ("RADONC", "O")
    assert result.reason == "Breast cancer, new back pain"
    lines = result.text.split("\n")
    assert lines[4] == "SPINE ONCOLOGY MACRO"
    assert lines[6].startswith("Level T8 | ESCC 1c | Cord signal normal | ")
    assert lines[1] == lines[3] == ""
    assert (result.identity_fault, result.faults, result.notes) == ("", (), ())


@pytest.mark.parametrize("path", sorted(MESSAGES.glob("*.hl7")), ids=lambda path: path.stem)
def test_every_sample_is_read_without_a_note(path):
    for result in read_results(parse(path.read_bytes()), DEMO):
        assert result.text
        assert result.notes == ()
        assert bool(result.identity_fault) == (path.stem == "no-patient")


@pytest.mark.parametrize(
    ("numbers", "trusted", "fault"),
    [
        ("44^^^DEMO^MR", "44", ""),
        ("44^^^demo^MR", "44", ""),
        ("44^^^DEMO&1.2.3&ISO^MR", "44", ""),
        ("9^^^ELSE^MR~44^^^DEMO^MR", "44", ""),
        ("9^^^DEMO^PI~44^^^DEMO^MR", "44", ""),
        ("44^^^DEMO^MR~44^^^DEMO^MR", "44", ""),
        ("44^^^DEMO", "44", ""),
        ("44^^^ELSE^MR", "", "PID-3 holds no number issued by DEMO."),
        ("44", "", "PID-3 holds no number issued by DEMO."),
        ("44^^^DEMO^MR~45^^^DEMO^MR", "", "PID-3 holds 2 different record numbers of one authority."),
        ("", "", "PID-3 is empty, so the patient is not known."),
        ('""', "", "PID-3 is empty, so the patient is not known."),
        ("^^^DEMO^MR", "", "PID-3 is empty, so the patient is not known."),
    ],
)
def test_identity_is_one_clear_number_or_a_fault_and_the_words_are_kept(numbers, trusted, fault):
    result = one(f"PID|1||{numbers}||Quill^Rosa", obr(), obx("ESCC 3 at T4"))

    assert result.identity_fault == fault
    assert (result.patient.number.value if result.patient.number else "") == trusted
    assert bool(result.patient.identifiers) == bool(trusted)
    assert result.text == "ESCC 3 at T4"
    assert "44" not in result.identity_fault


def test_numbers_without_an_authority_are_the_feeds_only_where_it_says_so():
    segments = ("PID|1||44||Quill^Rosa", obr(), obx("x"))
    assuming = Feed("ris", identifier_authority="DEMO", assume_authority=True)

    assert one(*segments, feed=assuming).patient.identifiers == (Identifier("DEMO", "44", ""),)
    assert one(*segments, feed=None).patient.identifiers == (Identifier("", "44", ""),)


@pytest.mark.parametrize(
    ("numbers", "trusted", "fault"),
    [
        ("44^^^HOSP^MR", [("HOSP", "44")], ""),
        ("44^^^DEMO^MR", [("DEMO", "44")], ""),
        ("44", [("DEMO", "44")], ""),
        ("44^^^HOSP^MR~9^^^SSA^SS~V1^^^HOSP^VN", [("HOSP", "44")], ""),
        ("44^^^HOSP^MR~45^^^EAST^MR", [("HOSP", "44"), ("EAST", "45")], ""),
        ("44^^^HOSP^MR~45^^^HOSP^MR", [], "PID-3 holds 2 different record numbers of one authority."),
        ("", [], "PID-3 is empty, so the patient is not known."),
    ],
)
def test_any_stated_authority_counts_where_the_feed_says_so(numbers, trusted, fault):
    lenient = Feed("ris", identifier_authority="*", assume_authority="DEMO")
    result = one(f"PID|1||{numbers}||Quill^Rosa", obr(), obx("x"), feed=lenient)

    assert result.identity_fault == fault
    assert [(found.authority, found.value) for found in result.patient.identifiers] == trusted


def test_a_number_of_nobody_is_not_any_stated_authority():
    result = one("PID|1||44||Quill^Rosa", obr(), obx("x"), feed=Feed("ris", identifier_authority="*"))
    assert result.identity_fault == "PID-3 does not say who issued the number."


@pytest.mark.parametrize(
    "numbers",
    ["44^^^DEMO^MR~999999999^^^SSA^SS", "44^^^demo^MR~V9^^^DEMO^VN", "44^^^DEMO^PI~V9^^^DEMO^AN"],
)
def test_only_the_record_number_of_the_feed_leads_to_a_chart(numbers):
    result = one(f"PID|1||{numbers}||Quill^Rosa", obr(), obx("x"))
    assert [(found.authority, found.value) for found in result.patient.identifiers] == [("DEMO", "44")]
    assert len(result.patient.stated) == 2


def test_without_a_pid_the_words_are_read_and_the_patient_is_nobody():
    result = one(obr(), obx("ESCC 3 at T4"))

    assert result.identity_fault == "The message has no PID segment, so the patient is not known."
    assert result.patient.stated == ()
    assert (result.accession, result.text) == ("A-1", "ESCC 3 at T4")


@pytest.mark.parametrize(
    ("segments", "fixed", "accession"),
    [
        ([obr()], "", "A-1"),
        (["ORC|RE|P-2|A-2", obr(f3="")], "", "A-2"),
        (["ORC|RE|P-2|A-2", obr()], "ORC-3", "A-2"),
        ([obr(f3="", f18="A-18"), "IPC|A-9^X||1.2.3"], "", "A-9"),
        ([obr(f3="", f18="A-18")], "", "A-18"),
        ([obr(f3="")], "", "P-1"),
        (["ORC|RE|P-2", obr(f2="", f3="")], "", "P-2"),
        ([obr(f18="A-18")], "OBR-18", "A-18"),
        ([obr()], "OBR-18", ""),
        ([obr(f2="", f3="")], "", ""),
    ],
)
def test_where_the_accession_comes_from(segments, fixed, accession):
    feed = Feed("ris", identifier_authority="DEMO", accession_field=fixed)
    result = one(PID, *segments, obx("x"), feed=feed)

    assert result.accession == accession
    assert result.identity_fault == (
        ""
        if accession
        else f"The message names no accession number ({fixed or 'OBR-3'}), so the exam is not known."
    )


@pytest.mark.parametrize(
    ("start", "end", "exam_end", "is_start"),
    [
        ("20260310121500-0400", "20260310124000-0400", "2026-03-10T12:40-04:00", False),
        ("20260310121500-0400", "", "2026-03-10T12:15-04:00", True),
        ("20260310121500-0400", '""', "2026-03-10T12:15-04:00", True),
        ("", "20260310124000-0400", "2026-03-10T12:40-04:00", False),
        ("20260310121500", "", "2026-03-10T12:15-04:00", True),
        ("", "", None, False),
    ],
)
def test_the_exam_ends_at_obr_8_else_obr_7_and_never_at_msh_7(start, end, exam_end, is_start):
    result = one(PID, obr(f7=start, f8=end), obx("x"))

    assert result.exam_end == (at(exam_end) if exam_end else None)
    assert result.exam_time_is_start is is_start
    assert result.sent_at == at("2026-03-10T14:05:12-04:00")


def test_a_bad_time_is_a_fault_and_the_words_are_kept():
    result = one(PID, obr(f7="yesterday", f8="20260310124000-0400", f22="20261399"), obx("ESCC 3"))

    assert [fault.where for fault in result.faults] == ["OBR-7", "OBR-22"]
    assert (result.exam_start, result.reported_at) == (None, None)
    assert result.exam_end == at("2026-03-10T12:40-04:00")
    assert result.text == "ESCC 3"


def test_assumptions_about_clocks_are_noted():
    result = one(PID, obr(f7="20261101013000", f22="20260308023000"), obx("x"))

    assert {note.words for note in result.notes} == {
        "OBR-7 has no offset; the time zone was assumed.",
        "OBR-7 happened twice that night; the earlier time was taken.",
        "OBR-22 has no offset; the time zone was assumed.",
        "OBR-22 did not exist that night; the clock was read as not put forward.",
        "The report time lies before the exam.",
    }


def test_without_a_feed_the_headers_offset_counts():
    assert one(PID, obr(f7="20260310121500"), obx("x"), feed=None).exam_start == at("2026-03-10T12:15-04:00")


@pytest.mark.parametrize(("code", "standing"), [*STANDINGS.items(), ("f", "final")])
def test_statuses(code, standing):
    assert one(PID, obr(f25=code), obx("x", status="")).standing == standing


@pytest.mark.parametrize(
    ("order", "rows", "status"),
    [
        ("F", "FF", "F"),
        ("F", "FC", "C"),
        ("F", "FA", "A"),
        ("P", "PC", "P"),
        ("F", "WW", "W"),
        ("F", "DX", "W"),
        ("D", "DD", "D"),
        ("F", "FW", "F"),
        ("", "FF", "F"),
    ],
)
def test_row_statuses_sharpen_the_orders_own(order, rows, status):
    assert one(PID, obr(f25=order), *(obx("x", status=code) for code in rows)).status == status


@pytest.mark.parametrize(("code", "rows"), [("Q", "F"), ("Z", "F"), ("", ""), ("", "FP"), ("final", "F")])
def test_an_unknown_status_is_unreadable(code, rows):
    with pytest.raises(Unreadable) as refused:
        read(PID, obr(f25=code), *(obx("x", status=row) for row in rows or [""]))

    assert refused.value.where == "OBR-25"


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([obx("One"), obx("Two")], "One\nTwo"),
        ([obx("One~Two")], "One\nTwo"),
        ([obx("One\\.br\\Two", "FT")], "One\nTwo"),
        ([obx("One\\X0D0A\\Two"), obx("", "ST"), obx("Three")], "One\nTwo\n\nThree"),
        ([obx("One~~Two  ")], "One\n\nTwo"),
        ([obx("One", "tx"), obx("5", "NM"), obx("Two", "ST")], "One\nTwo"),
        ([obx("One", ""), "NTE|1||Note~more", obx("Two")], "One\nNote\nmore\nTwo"),
        (["NTE|1||About the order", obx("One")], "One"),
        (["NTE|1||Report as a note"], "Report as a note"),
        ([obx("One"), obx("Wrong line", status="W")], "One"),
        ([obx("One", status="W"), obx("Two", status="W")], "One\nTwo"),
        ([obx("A^B&C"), obx("a\\F\\b")], "A^B&C\na|b"),
        ([obx("collapse ~50% at T8"), obx("about ~ 4 mm")], "collapse ~50% at T8\nabout \n 4 mm".replace(" \n", "\n")),
        ([obx("Level T8 | ESCC 1c | Lesion lytic")], "Level T8 | ESCC 1c | Lesion lytic"),
        (["OBX|1|TX|X||Level T8 | ESCC 1c"], "Level T8 | ESCC 1c"),
        ([obx("4.2").replace("||||||F", "|cm|||||F")], "4.2"),
        ([], ""),
    ],
)  # fmt: skip
def test_the_words_are_the_same_however_they_are_packed(rows, text):
    assert one(PID, obr(), *rows).text == text


def test_bars_that_were_not_escaped_keep_their_status_and_leave_a_note():
    result = one(PID, obr(f25=""), obx("Level T8 | ESCC 1c | Lesion lytic", status="C"))

    assert result.status == "C"
    assert result.sources[0].where == "OBX[1]-5"
    assert [note.kind for note in result.notes] == ["bars"]


def test_every_stretch_of_text_knows_its_place():
    message = parse("\r".join([MSH, PID, obr(), obx("One~Two", code="GDT"), "NTE|1||Three"]).encode())
    result = read_results(message, DEMO)[0]

    assert result.sources == (
        TextSource(0, 3, "OBX[1]-5[1]", "GDT"),
        TextSource(4, 7, "OBX[1]-5[2]", "GDT"),
        TextSource(8, 13, "NTE[1]-3", "NTE"),
    )
    for source in result.sources:
        span = message.position(source.where)
        assert message.text[span.start : span.end] == result.text[source.start : source.end]


def test_documents_are_named_and_not_read():
    result = one(PID, obr(), "OBX|1|ED|PDF||^AP^PDF^Base64^JVBERi0x||||||F")

    assert (result.text, result.attachments[0].where, result.attachments[0].media) == (
        "",
        "OBX[1]-5",
        "AP/PDF",
    )
    assert result.text_at == ""
    assert [note.kind for note in result.notes] == ["document"]


def test_several_orders_have_their_own_words():
    first, second = read(PID, obr(), obx("cervical"), obr(f3="A-2", f25="P"), obx("lumbar"))

    assert (first.accession, first.text, first.standing) == ("A-1", "cervical", "final")
    assert (second.accession, second.text, second.standing) == ("A-2", "lumbar", "preliminary")
    assert second.where == "OBR[2]"


def test_orders_that_share_one_report_point_to_it():
    results = read(PID, obr(), obr(f3="A-2"), obx("whole spine"), obr(f3="A-3"))

    assert [(result.text, result.text_at) for result in results] == [
        ("", "A-2"),
        ("whole spine", ""),
        ("", "A-2"),
    ]


def test_two_patients_in_one_message_never_mix():
    first, second = read(PID, "PV1|1|I|6W^12^B", obr(), PID.replace("44", "45"), obr(f3="A-2"), obx("lumbar"))

    assert (first.patient.number.value, first.text, first.text_at, first.location) == (
        "44",
        "",
        "",
        "6W 12 B",
    )
    assert (second.patient.number.value, second.text, second.location) == ("45", "lumbar", "")


@pytest.mark.parametrize(
    ("segments", "where"),
    [([PID], "OBR"), ([PID, obx("x")], "OBR"), ([PID, obr(), obx("x"), "DSC|more|F"], "DSC-1")],
)
def test_messages_without_a_whole_result_are_unreadable(segments, where):
    with pytest.raises(Unreadable) as refused:
        read(*segments)

    assert refused.value.where == where


@pytest.mark.parametrize(
    ("segments", "author", "ordering"),
    [
        ([obr(f32="7&Okafor&Ines", f16="8^Lind^Mia")], "Ines Okafor", "Mia Lind"),
        ([obr(f32="7^Okafor^Ines")], "Ines Okafor", ""),
        ([obr(f32="7^202603101405")], "7", ""),
        (["ORC|RE|||||||||||8^Lind^Mia", obr()], "", "Mia Lind"),
    ],
)
def test_people(segments, author, ordering):
    result = one(PID, *segments, obx("x"))

    assert (result.author.name, result.ordering.name) == (author, ordering)


def test_the_author_may_stand_with_the_words():
    row = "OBX|1|TX|X||words||||||F|||||7^Okafor^Ines"

    assert one(PID, obr(), row).author.name == "Ines Okafor"


def test_the_small_fields():
    result = one(
        PID,
        "PV1|1|E|ED|||||||||||||||| V-9",
        obr(
            f4="MRTSP^MRI total spine^L^30855-1^MR spine^LN", f13="Breast cancer", f31="C50^Cancer~^Pain~G95"
        ),
        obx("x"),
        "ZDS|1.2.840.1^RIS^Application^DICOM",
    )

    assert (result.procedure.code, result.procedure.alternate_code) == ("MRTSP", "30855-1")
    assert result.reason == "Cancer; Pain; G95"
    assert result.clinical_information == "Breast cancer"
    assert result.study_uid == "1.2.840.1"
    assert (result.sequence, result.visit_number) == (7, "V-9")
    assert (result.sending_application, result.sending_facility) == ("RIS", "DEMO")
