"""Answers to senders: the right code, the right place, in the sender's own hand."""

from datetime import UTC, datetime

import pytest

from soar2.exchange.arrival import AnswerIds
from soar2.exchange.hl7v2.acknowledge import (
    NOT_STORED,
    OTHER_BODY,
    TOO_LARGE,
    Envelope,
    Verdict,
    acknowledge,
    answers,
    envelope,
    verdict,
)
from soar2.exchange.hl7v2.message import parse

NOW = datetime(2026, 3, 10, 18, 5, 30, tzinfo=UTC)
GOOD = Verdict("AA")
PID = "PID|1||44^^^DEMO^MR||Quill^Rosa"
OBR = "OBR|1|P-1|A-1|30855-1^MR spine^LN|||20260310121500-0400|||||||||||||||20260310140500-0400|||F"
UNNAMED = OBR.replace("P-1", "").replace("A-1", "")
OBX = "OBX|1|TX|X||Words||||||F"


def header(kind="ORU^R01^ORU_R01", control="C1", processing="P", version="2.5.1", tail=""):
    return (
        f"MSH|^~\\&|RIS^1.2^ISO|DEMO|SOAR2|HUB|20260310140512||{kind}|{control}|{processing}|{version}{tail}"
    )


def raw(*segments):
    return "\r".join(segments).encode() + b"\r"


def answer(message, finding=None):
    return acknowledge(message, finding or verdict(message), NOW, "A-77").decode()


@pytest.mark.parametrize(
    ("message", "code", "where", "condition"),
    [
        (raw(header(), PID, OBR, OBX), "AA", "", ""),
        (raw(header("ORU^R01"), PID, OBR, OBX), "AA", "", ""),
        (raw(header("ORU", version="2.1"), PID, OBR, OBX), "AA", "", ""),
        (raw(header(version="2.8"), PID, OBR, "NTE|1||Words"), "AA", "", ""),
        (raw(header(version="2.5^USA", processing="P^T"), PID, OBR, OBX), "AA", "", ""),
        (raw(header(version="", processing=""), PID, OBR, OBX), "AA", "", ""),
        (raw(header(), PID, OBR.replace("|||F", "|||I"), OBX), "AA", "", ""),
        (b"", "AR", "MSH", "100"),
        (b"hello", "AR", "MSH", "100"),
        (raw(PID, OBR, OBX), "AR", "MSH", "100"),
        (raw(header("ADT^A08")), "AR", "MSH-9", "200"),
        (raw(header("ACK^R01"), "MSA|AA|C0"), "AR", "MSH-9", "200"),
        (raw(header("")), "AR", "MSH-9", "200"),
        (raw(header("ORU^R30"), PID, OBR, OBX), "AR", "MSH-9", "201"),
        (raw(header(version="3.0"), PID, OBR, OBX), "AR", "MSH-12", "203"),
        (raw(header(version="2.10"), PID, OBR, OBX), "AR", "MSH-12", "203"),
        (raw(header(version="2.0"), PID, OBR, OBX), "AR", "MSH-12", "203"),
        (raw(header(processing="T"), PID, OBR, OBX), "AR", "MSH-11", "202"),
        (raw(header(processing="D"), PID, OBR, OBX), "AR", "MSH-11", "202"),
        (raw(header(processing="X"), PID, OBR, OBX), "AR", "MSH-11", "202"),
        (raw(header(control=""), PID, OBR, OBX), "AE", "MSH-10", "101"),
        (raw("MSH|ABCD|RIS"), "AE", "MSH-2", "102"),
        (raw(header(), OBR, OBX), "AE", "PID", "100"),
        (raw(header(), "PID|1||^^^DEMO", OBR, OBX), "AE", "PID-3", "101"),
        (raw(header(), PID, OBX), "AE", "OBR", "100"),
        (raw(header(), PID, OBR), "AE", "OBX", "100"),
        (raw(header(), PID, OBR.replace("|||F", "|||Q"), OBX), "AE", "OBR-25", "103"),
        (raw(header(), PID, OBR, OBX, OBR.replace("|||F", "|||Q")), "AE", "OBR[2]-25", "103"),
        (raw(header(), PID, OBR.replace("20260310121500-0400", "at noon"), OBX), "AE", "OBR-7", "102"),
        (raw(header(), PID, OBR, OBX + "OBX|2|TX|X||More||||||F"), "AE", "", "100"),
        (raw(header(), PID, OBR, OBX + header()), "AR", "MSH", "100"),
        (raw(header(), PID, OBR, OBX, "DSC|7|F"), "AE", "DSC-1", "100"),
        (raw(header(), PID, UNNAMED, OBX), "AE", "OBR-3", "101"),
        (raw(header(), PID, UNNAMED, OBX, "ZDS|1.2.3"), "AA", "", ""),
        (raw(header(), PID, "ORC|RE||A-1", UNNAMED, OBX), "AA", "", ""),
        (raw(header(), PID, OBR[:-1], OBX), "AA", "", ""),  # OBX-11 says it
        (raw(header(), PID, OBR[:-1], OBX[:-1]), "AE", "OBR-25", "101"),
        (raw(header(), PID, OBR[:-1], OBX[:-1] + "Q"), "AE", "OBR-25", "103"),
        (raw(header(), PID, OBR, OBX, OBR[:-1], OBX[:-1]), "AE", "OBR[2]-25", "101"),
        (raw(header(), PID, OBR[:-1], "OBX|1|TX|X||So | or | so, it is said||||||F"), "AA", "", ""),
    ],
)
def test_verdicts(message, code, where, condition):
    found = verdict(message)

    assert (found.code, found.where, found.condition) == (code, where, condition)
    assert (found.reason == "") == (code == "AA")


def test_training_messages_are_welcome_where_nobody_is_treated():
    assert verdict(raw(header(processing="T"), PID, OBR, OBX), production=False).code == "AA"


@pytest.mark.parametrize(
    ("message", "to_be_read"),
    [
        (raw(header(), PID, OBR, OBX), True),
        (raw(header(), OBR, OBX), True),
        (raw(header(), "PID|1", OBR, OBX), True),
        (raw(header(), PID, OBR.replace("20260310121500-0400", "at noon"), OBX), True),
        (raw(header(), PID, OBR, OBX, OBR.replace("20260310121500-0400", "at noon"), OBX), True),
        (raw(header(), PID, UNNAMED, OBX), True),
        (raw(header(), PID, OBR, OBX, OBR.replace("|||F", "|||Q")), False),
        (raw(header(), PID, OBR.replace("|||F", "|||Q"), OBX), False),
        (raw(header(), PID, OBX), False),
        (raw(header("ADT^A08")), False),
    ],
)
def test_words_are_still_read_when_only_patient_or_time_is_at_fault(message, to_be_read):
    assert verdict(message).to_be_read is to_be_read


def test_a_plain_yes():
    assert answer(raw(header(), PID, OBR, OBX)) == (
        "MSH|^~\\&|SOAR2|HUB|RIS^1.2^ISO|DEMO|20260310180530+0000||ACK^R01^ACK|A-77|P|2.5.1\rMSA|AA|C1\r"
    )


@pytest.mark.parametrize(
    ("version", "lines"),
    [
        ("2.5.1", ["MSA|AE|C1", "ERR||PID^1^3|101^Required field missing^HL70357|E||||PID-3 holds no patient identifier."]),
        ("2.8", ["MSA|AE|C1", "ERR||PID^1^3|101^Required field missing^HL70357|E||||PID-3 holds no patient identifier."]),
        ("2.4", ["MSA|AE|C1|PID-3 holds no patient identifier.", "ERR|PID^1^3^101&Required field missing&HL70357"]),
        ("2.3", ["MSA|AE|C1|PID-3 holds no patient identifier.", "ERR|PID^1^3^101&Required field missing&HL70357"]),
    ],
)  # fmt: skip
def test_a_fault_is_located_in_the_form_of_the_senders_version(version, lines):
    text = answer(raw(header(version=version), "PID|1", OBR, OBX))

    assert text.rstrip("\r").split("\r")[1:] == lines


@pytest.mark.parametrize(
    ("where", "place"), [("", ""), ("MSH", "MSH^1"), ("OBR[2]-25", "OBR^2^25"), ("MSH-9", "MSH^1^9")]
)
def test_places_in_err_2(where, place):
    text = answer(raw(header(), PID), Verdict("AE", "Why.", where, "103"))

    assert text.split("\r")[2] == f"ERR||{place}|103^Table value not found^HL70357|E||||Why."


def test_the_answer_uses_the_senders_delimiters_and_escapes_our_words():
    message = b"MSH#*:!%#RIS#DEMO#SOAR2#HUB#20260310##ORU*R01#C!F!1#P#2.5.1\rPID#1\r"
    text = answer(message, Verdict("AE", "Use # or 100% of it!", "PID-3", "101"))

    assert text.split("\r")[0] == "MSH#*:!%#SOAR2#HUB#RIS#DEMO#20260310180530+0000##ACK*R01*ACK#A-77#P#2.5.1"
    assert text.split("\r")[1] == "MSA#AE#C!F!1"
    assert parse(text.encode()).value("ERR-8") == "Use # or 100% of it!"
    assert parse(text.encode()).value("MSA-2") == "C#1"


@pytest.mark.parametrize(
    ("charset", "codec"), [("UNICODE UTF-8", "utf-8"), ("8859/1", "iso8859-1"), ("", "iso8859-1")]
)
def test_the_answer_keeps_the_senders_characters(charset, codec):
    message = header(control="Größe1", tail="||||||" + charset).encode(codec)

    found = acknowledge(message, GOOD, NOW, "A-77")

    assert "MSA|AA|Größe1".encode(codec) in found
    assert parse(found).value("MSH-18") == charset


@pytest.mark.parametrize("message", [b"", b"\x00\xff", b"PID|1", b"MSH"])
def test_a_refusal_needs_no_header(message):
    text = answer(message)

    assert text.startswith("MSH|^~\\&|||||20260310180530+0000||ACK|A-77|P|2.5.1\rMSA|AR\rERR||MSH^1|100^")


def test_a_refusal_finds_the_control_id_in_a_broken_header():
    assert answer(b"MSH|ABCD|RIS|DEMO|SOAR2|HUB|||ORU^R01|C9|P|2.5.1").split("\r")[1] == "MSA|AE|C9"


@pytest.mark.parametrize(
    ("accept", "application", "finding", "codes"),
    [
        ("", "", GOOD, ["AA"]),
        ("AL", "NE", GOOD, ["CA"]),
        ("AL", "", GOOD, ["CA"]),
        ("AL", "AL", GOOD, ["CA", "AA"]),
        ("NE", "AL", GOOD, ["AA"]),
        ("", "AL", GOOD, ["AA"]),
        ("NE", "NE", GOOD, []),
        ("ER", "ER", GOOD, []),
        ("SU", "SU", GOOD, ["CA", "AA"]),
        ("ER", "AL", GOOD, ["AA"]),
        ("AL", "AL", Verdict("AE", "Why.", "PID-3", "101"), ["CA", "AE"]),
        ("AL", "ER", Verdict("AE", "Why.", "PID-3", "101"), ["CA", "AE"]),
        ("AL", "SU", Verdict("AE", "Why.", "PID-3", "101"), ["CA"]),
        ("AL", "AL", NOT_STORED, ["CE"]),
        ("AL", "AL", OTHER_BODY, ["CE"]),
        ("ER", "NE", NOT_STORED, ["CE"]),
        ("SU", "NE", NOT_STORED, []),
        ("AL", "AL", TOO_LARGE, ["CR"]),
        ("AL", "NE", Verdict("AR", "No.", "MSH-9", "200"), ["CR"]),
        ("NE", "ER", Verdict("AR", "No.", "MSH-9", "200"), ["AR"]),
        ("XX", "", GOOD, ["CA"]),
    ],
)
def test_enhanced_mode(accept, application, finding, codes):
    message = raw(header(tail=f"|||{accept}|{application}"), PID, OBR, OBX)

    found = answers(message, finding, NOW, "A-77")

    assert [parse(one).value("MSA-1") for one in found] == codes
    assert len({parse(one).value("MSH-10") for one in found}) == len(codes)
    assert acknowledge(message, finding, NOW, "A-77") == (found[0] if found else b"")
    for one, code in zip(found, codes, strict=True):
        assert (parse(one).first("ERR") is None) == (code in ("AA", "CA"))


def test_a_negative_answer_never_says_accepted():
    assert b"207^Application internal error" in acknowledge(b"", Verdict("AR", "No."), NOW, "A-77")


def test_envelopes():
    assert envelope(raw(header(processing="P^T"), PID)) == Envelope(
        "RIS", "DEMO", "C1", "ORU", "R01", "2.5.1", "P", "20260310140512"
    )
    assert envelope(b"MSH|^~\\&|^1.2.3^ISO|").sending_application == "1.2.3"
    assert envelope(b"\x00nothing") == Envelope()
    assert envelope(raw(header(), PID, header(control="C2"))).control_id == "C1"


def test_no_answer_carries_patient_data():
    for broken in (
        raw(header(), PID),
        raw(header(), PID, OBX),
        raw(header(), PID, OBR.replace("|||F", "|||44"), OBX),
    ):
        text = answer(broken)
        assert "Quill" not in text
        assert "44" not in text


def test_an_acknowledgement_is_not_acknowledged():
    """Two engines would answer each other for ever: nothing is said to an answer to our own answer."""
    own = AnswerIds().next()
    for spoken_of in (own, f"{own}.1", ""):
        raw = b"MSH|^~\\&|A|B|C|D|20260101||ACK^R01|AK1|P|2.5.1\rMSA|AA|%b\r" % spoken_of.encode()
        assert verdict(raw).code == "AR"
        assert answers(raw, verdict(raw), NOW, "1") == ()


def test_a_stray_acknowledgement_is_refused_like_any_other_message():
    raw = b"MSH|^~\\&|A|B|C|D|20260101||ACK^R01|AK1|P|2.5.1\rMSA|AA|X1\r"
    (answer,) = answers(raw, verdict(raw), NOW, "1")
    assert b"\rMSA|AR|AK1\r" in answer


def test_words_without_a_control_id_are_read():
    raw = b"MSH|^~\\&|A|B|C|D|20260101||ORU^R01||P|2.5.1\rPID|1||44^^^DEMO^MR\rOBR|1||A-1||||||||||||||||||||||F\rOBX|1|TX|||x\r"
    found = verdict(raw)
    assert (found.code, found.where, found.to_be_read) == ("AE", "MSH-10", True)
