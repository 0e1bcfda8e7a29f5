"""FHIR bytes to the values HL7 v2 is read to, and the place named when that cannot be."""

import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sample_fhir import (
    ACSN,
    MR,
    SPINE,
    patient,
    plain_text,
    raw,
    report,
    transaction,
    whole_transaction,
)
from sample_reports import macro, oru

from soar2.errors import Unreadable
from soar2.exchange.feeds import Feed
from soar2.exchange.fhir.outcome import Refusal
from soar2.exchange.fhir.reading import STATUS, read_resource, told
from soar2.exchange.hl7v2.message import parse
from soar2.exchange.hl7v2.results import read_results

FEED = Feed(
    "ris",
    procedure_words=("spine",),
    procedure_codes=("30855-1",),
    identifier_authority="DEMO",
    assume_authority=True,
    identifier_systems=(("urn:oid:1.2.3", "DEMO"), ("urn:oid:9.9", "OTHER")),
    time_zone="America/New_York",
)


def one(resource, feed=FEED):
    [found] = read_resource(raw(resource), feed)
    return found


def fault_of(resource, feed=FEED):
    with pytest.raises(Refusal) as caught:
        read_resource(resource if isinstance(resource, bytes) else raw(resource), feed)
    return caught.value


def test_one_exam_is_the_same_by_both_doors():
    words = macro("urgent")
    [by_hl7] = read_results(parse(oru(words, n=1)), FEED)
    by_fhir = one(report(words))
    same = "patient accession status standing text exam_start exam_end reported_at identity_fault"
    for name in same.split():
        assert getattr(by_fhir, name) == getattr(by_hl7, name), name
    assert by_fhir.procedure.code == by_hl7.procedure.code
    assert by_fhir.procedure.name == by_hl7.procedure.name


def test_a_transaction_says_what_the_report_alone_does_not():
    [found] = read_resource(raw(whole_transaction()), FEED)
    assert (found.accession, found.study_uid) == ("A000001", "2.25.1")
    assert (found.ordering.name, found.reason) == ("A Referrer", "Back pain, known cancer")
    assert found.author.name == "Simon Hale"
    assert found.patient.number.value == "T000001"
    assert found.where == "Bundle.entry[0].resource"


@pytest.mark.parametrize(("status", "code"), STATUS.items())
def test_every_status_has_its_code(status, code):
    assert one(report(status=status)).status == code


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"presentedForm": [plain_text("One.\r\nTwo.  \nThree.")]}, "One.\nTwo.\nThree."),
        ({"presentedForm": [plain_text("Wirbelkörper", "text/plain; charset=ISO-8859-1", "latin-1")]}, "Wirbelkörper"),
        ({"presentedForm": [plain_text("Wirbelkörper", "text/plain", "latin-1")]}, "Wirbelkörper"),
        ({"presentedForm": [plain_text("\ufeffMarked.")]}, "Marked."),
        ({"presentedForm": [plain_text(r"{\rtf1\ansi Cord\par compressed}", "text/rtf")]}, "Cord\ncompressed"),
        ({"presentedForm": [plain_text("<p>Cord<br>compressed</p>", "text/html")]}, "Cord\ncompressed"),
        ({"presentedForm": [plain_text("One."), plain_text("Two.")]}, "One.\nTwo."),
        ({"presentedForm": [plain_text("Words."), plain_text("{\\rtf1 Other}", "text/rtf")]}, "Words."),
        ({"presentedForm": [plain_text("%PDF", "application/pdf")], "conclusion": "Cord free."}, "Cord free."),
        ({"presentedForm": [plain_text("Words.")], "conclusion": "Not repeated."}, "Words."),
        ({"presentedForm": None, "conclusion": "Cord free."}, "Cord free."),
        (
            {
                "presentedForm": None,
                "text": {
                    "status": "generated",
                    "div": '<div xmlns="http://www.w3.org/1999/xhtml"><style>p{}</style><h1>MRI</h1><p>A &lt; B<br/>C</p>'
                    "<table><tr><td>T8</td><td>ESCC 2</td></tr></table></div>",
                },
            },
            "MRI\nA < B\nC\nT8 ESCC 2",
        ),
    ],
    ids=str,
)  # fmt: skip
def test_the_words_are_found_wherever_they_stand(change, text):
    assert one(report(**change)).text == text


def test_lines_that_a_converter_made_observations_of_are_the_report():
    def line(words, status="final"):
        return {
            "resourceType": "Observation", "status": status, "code": {"text": "line"}, "valueString": words,
        }  # fmt: skip

    lines = [("urn:uuid:1", line("Line one.")), ("urn:uuid:2", line("Wrong.", "entered-in-error"))]
    lines.append(("urn:uuid:3", line("Line three.")))
    found = report(presentedForm=None, result=[{"reference": f"urn:uuid:{n}"} for n in (1, 2, 3)])
    [read] = read_resource(raw(transaction(found, *lines)), FEED)
    assert read.text == "Line one.\nLine three."
    assert [note.kind for note in read.notes] == ["withdrawn"]


def test_a_report_that_is_only_a_document_goes_to_a_person():
    found = one(report(presentedForm=[plain_text("%PDF", "application/pdf")]))
    assert found.text == ""
    assert [(item.where, item.media) for item in found.attachments] == [
        ("DiagnosticReport.presentedForm[0]", "application/pdf")
    ]


def test_times_without_a_zone_of_their_own_are_the_feeds():
    found = one(report(effectivePeriod=None, effectiveDateTime="2026-03-10"))
    assert found.exam_start == found.exam_end == datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
    assert found.exam_time_is_start
    assert found.moments["start"].zone == "assumed"


@pytest.mark.parametrize(
    "text",
    ["2026-03-10T12:40:00-04:00", "2026-03-10T16:40:00Z", "2026-03-10T16:40:00.000Z", "2026-03-10T16:39:60Z"],
)
def test_an_instant_is_the_same_however_it_is_written(text):
    found = one(report(effectivePeriod={"end": text}))
    near = (found.exam_end - datetime(2026, 3, 10, 16, 40, tzinfo=UTC)).total_seconds()
    assert near == (-1 if ":60" in text else 0)
    assert not found.exam_time_is_start


def test_a_day_that_does_not_exist_hides_no_words():
    found = one(report("Cord compressed.", issued="2026-02-30T10:00:00Z"))
    assert found.reported_at is None
    assert [fault.where for fault in found.faults] == ["DiagnosticReport.issued"]
    assert found.text == "Cord compressed."


@pytest.mark.parametrize(
    ("identifiers", "accession"),
    [
        ([{"type": ACSN, "value": "A1"}, {"value": "internal"}], "A1"),
        ([{"value": "A2"}], "A2"),
        ([{"value": "A2"}, {"value": "A3"}], ""),
        ([{"type": {"coding": [{"code": "FILL"}]}, "value": "A4"}, {"value": "x"}], "A4"),
    ],
)
def test_the_accession_number_is_found_or_a_person_is_asked(identifiers, accession):
    found = one(report(identifier=identifiers))
    assert found.accession == accession
    assert bool(found.identity_fault) == (not accession)


def test_a_feed_may_say_which_system_numbers_exams():
    feed = Feed("ris", identifier_authority="DEMO", assume_authority=True, accession_systems=("urn:acc",))
    numbers = [{"type": ACSN, "value": "no"}, {"system": "urn:acc", "value": "yes"}]
    assert one(report(identifier=numbers), feed).accession == "yes"
    assert one(report(identifier=numbers[:1]), feed).accession == ""


@pytest.mark.parametrize(
    ("who", "where"),
    [
        ({"subject": None}, "DiagnosticReport.subject"),
        ({"subject": {"reference": "Patient/elsewhere"}}, "DiagnosticReport.subject"),
        ({"subject": {"reference": "Group/1"}}, "DiagnosticReport.subject"),
        ({"subject": {"reference": "#reader"}}, "DiagnosticReport.subject"),
        ({"who": patient(mrn="")}, "DiagnosticReport.contained[0].identifier"),
        ({"who": patient(identifier=[{"system": "urn:oid:9.9", "value": "7"}])}, "DiagnosticReport.contained[0].identifier"),
        ({"who": patient(identifier=[{"type": MR, "value": "1"}, {"type": MR, "value": "2"}])}, "DiagnosticReport.contained[0].identifier"),
        ({"who": patient(identifier=[{"type": MR, "value": "1", "use": "old"}])}, "DiagnosticReport.contained[0].identifier"),
        ({"who": patient(link=[{"type": "replaced-by", "other": {"reference": "Patient/2"}}])}, "DiagnosticReport.contained[0].link[0]"),
    ],
    ids=str,
)  # fmt: skip
def test_a_patient_who_cannot_be_told_is_a_fault_and_the_words_are_kept(who, where):
    body = raw(report("Cord compressed.", **who))
    [result] = read_resource(body, FEED)
    assert result.text == "Cord compressed."
    assert result.patient.identifiers == ()
    [issue] = told(body, FEED).issues
    assert (issue.where, issue.words) == (where, result.identity_fault)


@pytest.mark.parametrize(
    ("identifier", "authority"),
    [
        ({"value": "1"}, "DEMO"),
        ({"system": "urn:oid:1.2.3", "value": "1"}, "DEMO"),
    ],
)
def test_a_system_stands_for_an_authority(identifier, authority):
    found = one(report(who=patient(identifier=[identifier])))
    assert [(item.authority, item.value) for item in found.patient.identifiers] == [(authority, "1")]


def test_a_logical_reference_names_the_patient_by_number():
    found = one(report(subject={"identifier": {"system": "urn:oid:1.2.3", "value": "77"}}))
    assert [item.value for item in found.patient.identifiers] == ["77"]


GOOD = report()
BUNDLE = whole_transaction()


@pytest.mark.parametrize(
    ("resource", "where", "code"),
    [
        ({**GOOD, "status": "finished"}, "DiagnosticReport.status", "code-invalid"),
        ({**GOOD, "status": "unknown"}, "DiagnosticReport.status", "business-rule"),
        ({k: v for k, v in GOOD.items() if k != "status"}, "DiagnosticReport.status", "required"),
        ({k: v for k, v in GOOD.items() if k != "code"}, "DiagnosticReport.code", "required"),
        ({**GOOD, "verdict": "x"}, "DiagnosticReport.verdict", "structure"),
        ({**GOOD, "issued": "yesterday"}, "DiagnosticReport.issued", "value"),
        ({**GOOD, "id": "not an id"}, "DiagnosticReport.id", "value"),
        ({**GOOD, "implicitRules": "urn:x"}, "DiagnosticReport.implicitRules", "not-supported"),
        ({**GOOD, "modifierExtension": [{"url": "urn:x", "valueBoolean": True}]}, "DiagnosticReport.modifierExtension", "extension"),
        ({**GOOD, "presentedForm": [{"contentType": "text/plain", "data": "@@"}]}, "DiagnosticReport.presentedForm[0].data", "value"),
        ({**GOOD, "presentedForm": [plain_text("abc") | {"size": 4}]}, "DiagnosticReport.presentedForm[0].size", "invalid"),
        ({**GOOD, "presentedForm": [plain_text("abc") | {"hash": "AAAA"}]}, "DiagnosticReport.presentedForm[0].hash", "invalid"),
        ({**GOOD, "presentedForm": []}, "DiagnosticReport.presentedForm", "invalid"),
        (report(presentedForm=None), "DiagnosticReport", "required"),
        (report(who=patient(gender="f")), "DiagnosticReport.contained[0].gender", "code-invalid"),
        (report(who=patient(link=[{"type": "same", "other": {}}])), "DiagnosticReport.contained[0].link[0].type", "code-invalid"),
        (report(identifier=[{"use": "mine", "value": "1"}]), "DiagnosticReport.identifier[0].use", "code-invalid"),
        (report(text={"status": "made", "div": "<div/>"}), "DiagnosticReport.text.status", "code-invalid"),
        (transaction(GOOD, kind="batch"), "Bundle.type", "not-supported"),
        (transaction(GOOD, kind="parcel"), "Bundle.type", "code-invalid"),
        (transaction(GOOD, method="DELETE"), "Bundle.entry[0].request.method", "not-supported"),
        (transaction(GOOD, method="PUT"), "Bundle.entry[0].request.method", "not-supported"),
        (transaction(GOOD, method="SEND"), "Bundle.entry[0].request.method", "code-invalid"),
        (transaction(patient()), "Bundle.entry", "required"),
        (transaction(("urn:a", GOOD), ("urn:a", patient())), "Bundle.entry[0].fullUrl", "duplicate"),
        ({"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": GOOD}]}, "Bundle.entry[0].request", "required"),
        (transaction({"resourceType": "Nothing"}), "Bundle.entry[0].resource", "not-supported"),
        (patient(), "resourceType", "invalid"),
        ({"resourceType": "Nothing"}, "resourceType", "invalid"),
        ({}, "resourceType", "structure"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_cannot_be_acted_on_is_refused_at_its_place(resource, where, code):
    fault = fault_of(resource)
    assert (fault.where, fault.issues[0].code) == (where, code)
    assert isinstance(fault, Unreadable)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"  ", b"{", b"[]", b"3", b"null", b'"x"', b"\xff\xfe{", b"{}\0", b'{"a": NaN}', b'{"a": -Infinity}',
        b'{"a": 1e999}', b'{"a": ' + b"9" * 6000 + b"}", b"[" * 100_000, b'{"a":' * 100_000,
        b'{"a":' * 80 + b"1" + b"}" * 80, rb'{"a": "\u0000"}', rb'{"a": "\ud800"}', b"<Bundle/>",
        "{}".encode("utf-16"),
    ],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
def test_what_is_no_json_object_is_told_so(body):
    assert fault_of(body).status == 400


def test_a_key_given_twice_is_refused():
    body = raw(GOOD).replace(b'"status": "final"', b'"status": "preliminary", "status": "final"')
    fault = fault_of(body)
    assert (fault.status, fault.where) == (422, "DiagnosticReport.status")


def test_a_byte_order_mark_is_no_fault():
    assert read_resource(b"\xef\xbb\xbf" + raw(GOOD), FEED) == read_resource(raw(GOOD), FEED)


def test_a_modifier_is_found_however_its_key_is_written():
    body = raw({**GOOD, "modifierExtension": [{"url": "urn:x", "valueBoolean": True}]})
    fault = fault_of(body.replace(b"modifierExtension", rb"modifier\u0045xtension"))
    assert fault.where == "DiagnosticReport.modifierExtension"


def test_every_fault_is_told_and_none_repeats_a_value():
    bad = report(who=patient(birthDate="Quillian")) | {"issued": "Rosamund", "extra": 1}
    fault = fault_of(bad)
    assert {issue.where for issue in fault.issues} == {
        "DiagnosticReport.contained[0].birthDate", "DiagnosticReport.issued", "DiagnosticReport.extra",
    }  # fmt: skip
    assert "Quillian" not in str(fault.issues)
    assert "Rosamund" not in str(fault.issues)


def test_an_attachment_that_is_what_it_says_is_taken():
    data = b"Cord free."
    form = {
        "contentType": "text/plain", "data": base64.b64encode(data).decode(), "size": len(data),
        "hash": base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode(),
    }  # fmt: skip
    assert one(report(presentedForm=[form])).text == "Cord free."


def test_the_procedure_the_feed_knows_comes_first():
    code = {"coding": [{"code": "LOCAL"}, {"code": "L2"}, SPINE["coding"][0]]}
    assert one(report(code=code)).procedure.code == "30855-1"


# ------------------------------------------------------------------------------------- anything at all

JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=12),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLACES = {*GOOD, "text", "conclusion", "basedOn", "result", "imagingStudy", "encounter", "performer"}


@settings(max_examples=150, deadline=None)
@given(some.binary(max_size=200))
def test_bytes_are_read_or_unreadable(body):
    with pytest.raises(Unreadable):
        read_resource(body, FEED)


@settings(max_examples=300, deadline=None)
@given(key=some.sampled_from(sorted(PLACES)), value=JSON)
def test_any_value_anywhere_is_read_or_unreadable(key, value):
    for body in (GOOD | {key: value}, transaction(GOOD | {key: value}, patient())):
        try:
            read_resource(json.dumps(body).encode("utf-8", "surrogatepass"), FEED)
        except Unreadable as fault:
            assert fault.reason  # noqa: PT017 - either outcome is right


@settings(max_examples=300, deadline=None)
@given(some.data())
def test_a_message_with_one_byte_changed_is_read_or_unreadable(data):
    body = bytearray(raw(BUNDLE))
    for _ in range(data.draw(some.integers(1, 4))):
        body[data.draw(some.integers(0, len(body) - 1))] = data.draw(some.integers(0, 255))
    try:
        read_resource(bytes(body), FEED)
    except Unreadable as fault:
        assert fault.reason  # noqa: PT017
