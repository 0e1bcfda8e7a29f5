r"""Documents inside a message: the words of those that have words, and a person for those that have none."""

import base64

import pytest
from sample_reports import macro, oru

from soar2.exchange import dispatch
from soar2.exchange.feeds import Feed
from soar2.exchange.hl7v2.message import parse
from soar2.exchange.hl7v2.results import read_results
from soar2.exchange.models import InboundMessage
from soar2.pathway.notices.models import Notice
from soar2.pathway.reports.models import Report
from soar2.record import clock

FEED = Feed("ris", identifier_authority="DEMO", time_zone="America/New_York")
HEAD = (
    "MSH|^~\\&|RIS|D|||20260310||ORU^R01|C1|P|2.5\rPID|1||44^^^DEMO^MR\rOBR|1||A-1|30855-1^MR spine"
    + "|" * 21
    + "F\r"
)
WORDS = "Cord compressed.\nESCC 2 at T8."
RTF = rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\*\generator x;}\f0\fs20 Cord compressed.\par ESCC 2 at T8.\par}"
HTML = b"<html><head><title>t</title></head><body><p>Cord compressed.</p>ESCC&nbsp;2 at T8.<script>x</script></body></html>"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF"


def ed(content: bytes, media="TEXT^RTF", encoding="Base64", more="||||||F", kind="ED"):
    data = (
        base64.b64encode(content).decode()
        if encoding == "Base64"
        else content.hex()
        if encoding == "Hex"
        else content.decode()
    )
    return f"OBX|1|{kind}|R||SITEA^{media}^{encoding}^{data}{more}"


def read(*rows):
    return read_results(parse((HEAD + "\r".join(rows) + "\r").encode()), FEED)[0]


def escaped(text: bytes) -> bytes:
    return text.replace(b"\\", b"\\E\\").replace(b"&", b"\\T\\")


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (ed(RTF), "rtf"),
        (ed(RTF, "AP^"), "rtf"),  # by its first bytes, whatever is said of it
        (ed(RTF, "TEXT^PLAIN"), "rtf"),
        (ed(RTF, encoding="Hex"), "rtf"),
        (ed(escaped(RTF), encoding="A"), "rtf"),
        (ed(HTML, "TEXT^HTML"), "html"),
        (ed(HTML, "^"), "html"),
        (ed(WORDS.encode(), "TEXT^PLAIN"), "text"),
        (ed(WORDS.encode(), "^"), "text"),
        (ed(WORDS.encode("utf-16"), "TEXT^PLAIN"), "text"),
        (ed(WORDS.replace("\n", "~").encode(), "TEXT^PLAIN", "A"), "text"),
        (f"OBX|1|ED|R||{base64.b64encode(RTF).decode()}||||||F", "rtf"),  # the data alone
        (f"OBX|1|TX|R||{escaped(RTF).decode()}||||||F", "rtf"),  # sent as if it were lines of text
        ("OBX|1|FT|R||" + escaped(RTF[:40]).decode() + "||||||F\rOBX|2|FT|R||" + escaped(RTF[40:]).decode() + "||||||F", "rtf"),
    ],
)  # fmt: skip
def test_the_words_of_a_document_are_read(row, kind):
    result = read(row)

    assert [line for line in result.text.split("\n") if line] == WORDS.split("\n")
    assert result.attachments == ()
    assert kind in {note.kind for note in result.notes}


@pytest.mark.parametrize(
    ("row", "media"),
    [
        (ed(PDF, "application^PDF"), "application/PDF"),
        (ed(PDF, "TEXT^PLAIN"), "TEXT/PLAIN"),  # whatever is said of it
        (ed(PDF, "^"), "PDF"),
        (ed(b"\xff\xd8\xff\xe0" + bytes(40), "IM^JPEG"), "IM/JPEG"),
        (ed(b"PK\3\4" + bytes(40), "AP^DOCX"), "AP/DOCX"),
        (ed(b"<?xml version='1.0'?><ClinicalDocument/>", "^"), ""),
        (ed(RTF, "TEXT^RTF").replace("{", "(").replace("Base64^", "Base64^*"), "TEXT/RTF"),  # damaged
        (ed(b"{\\rtf1 }", "TEXT^RTF"), "TEXT/RTF"),  # no word in it
        ("OBX|1|ED|R||SITEA^TEXT^RTF^Base64^||||||F", "TEXT/RTF"),
        ("OBX|1|ED|R||||||||F", ""),
        ("OBX|1|RP|R||https://pacs.example/1^PACS^AP^PDF||||||F", "AP/PDF"),
    ],
)
def test_a_document_without_words_is_for_a_person(row, media):
    result = read(row)

    assert result.text == ""
    assert [(one.where, one.media) for one in result.attachments] == [("OBX[1]-5", media)]


def test_a_document_that_repeats_the_text_is_not_read_twice():
    lines = [f"OBX|{n}|TX|R||{line}||||||F" for n, line in enumerate(WORDS.split("\n"), 1)]

    assert read(*lines, ed(RTF)).text == WORDS
    assert read(ed(RTF), *lines).text == WORDS


def test_a_document_that_says_more_than_the_text_takes_its_place():
    result = read("OBX|1|TX|R||Cord compressed.||||||F", ed(RTF))

    assert result.text == WORDS
    assert read("OBX|1|TX|R||See below.||||||F", ed(RTF)).text == "See below.\n" + WORDS


def test_a_withdrawn_document_keeps_its_words_where_nothing_else_is_there():
    result = read(ed(RTF, more="||||||W"))

    assert (result.status, result.text) == ("W", WORDS)


@pytest.mark.parametrize(
    "content",
    [
        b"{\\rtf1" + b"{\\b " * 20_000,
        b"{\\rtf1 \\u",
        b"{\\rtf1 \\'",
        b"{\\rtf1\\bin99999999 x}",
        b"<p>" * 50_000,
    ],
)
def test_no_document_holds_the_reader_up(content):
    """What a stranger's document does to the library that reads it, a person hears of."""
    result = read(ed(content, "TEXT^RTF"))

    assert result.text.strip("<p>\n") == "" or result.attachments == ()


def applied(rows):
    raw = oru("@")
    raw = raw[: raw.index(b"OBX|")] + rows.encode() + b"\r"
    row = InboundMessage.objects.create(
        received_at=clock.now(), raw=raw, body_hash="h", control_id="C", answer_code="AA", answer=b""
    )
    dispatch.apply_undone(clock.now())
    row.refresh_from_db()
    return row


def test_an_urgent_report_as_rich_text_alarms(people):
    text = macro("urgent").replace("\n", "\\par ").encode()
    row = applied(ed(b"{\\rtf1\\ansi " + text + b"}"))

    assert row.state == "applied"
    assert Notice.objects.get().lane == "urgent"


@pytest.mark.parametrize(("content", "named"), [(PDF, "(PDF)"), (b"\x89PNG" + bytes(30), "(picture)")])
def test_a_report_that_is_a_document_alone_goes_to_a_person(people, content, named):
    row = applied(ed(content, "AP^PNG" if content != PDF else "AP^PDF"))

    assert (row.state, row.where) == ("quarantined", "OBX[1]-5")
    assert row.reason == f"The report is a document {named}, not text; a person must open it."
    assert not Report.objects.exists()
