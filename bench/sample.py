"""The message of the bench: a final MR report of a synthetic patient, about 3.6 kB, one OBX for each line.

Its macro grades the epidural disease at T8 as ESCC 3, so its lane is emergent. ``@ID@`` stands where the load
client writes the message's own 20 characters: control id, patient number, accession.
"""

import base64
import json
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

ID, ID_LENGTH = "@ID@", 20
LINES = """MRI CERVICAL, THORACIC AND LUMBAR SPINE WITHOUT AND WITH CONTRAST

CLINICAL: Synthetic patient, 61 years, breast cancer. Band-like pain below the breast and unsteady gait for two days.
TECHNIQUE: Sagittal T1, T2 and STIR of the whole spine; axial T2 and T1 at the levels of disease; after gadolinium T1.
COMPARISON: CT of the chest, abdomen and pelvis of the week before. No earlier MR of the spine could be found.

SPINE ONCOLOGY MACRO
Numbering: 7 cervical, 12 rib-bearing, 5 lumbar. Conus: L1.
Level T8 | ESCC 3 | Cord signal abnormal | Lesion lytic | Alignment normal | Collapse >50% | Posterolateral bilateral | Status new
Level T11 | ESCC 1a | Cord signal normal | Lesion mixed | Alignment normal | Collapse <50% | Posterolateral unilateral | Status new
Level L4 | Below conus none | Lesion blastic | Alignment normal | Collapse none | Posterolateral none | Status new
Other levels: no epidural disease.

FINDINGS: The marrow of T8 is replaced; the vertebral body has lost more than half of its height.
Epidural tumour encircles the cord at T8; no cerebrospinal fluid is seen around it. The cord is bright on T2.
At T11 tumour touches the left side of the thecal sac without deforming it.
L4 holds a sclerotic deposit of 14 mm. The cervical cord has a normal calibre and signal; its canal is wide.
The conus ends at L1. The nerve roots of the cauda equina lie free. The sacrum shows no deposit. The discs and the paraspinal tissues are unremarkable.

IMPRESSION:
1. High-grade epidural spinal cord compression at T8 with cord signal change and collapse.
2. Further metastases at T11 and L4 as listed above.
3. The referring team was called by the reader at the end of the examination.""".splitlines()

PROCEDURE = "30855-1^MR Cervical and thoracic and lumbar spine WO and W contrast IV^LN"
NOW = datetime.now(UTC).replace(microsecond=0)
SCANNED, ENDED, REPORTED = (NOW - timedelta(minutes=minutes) for minutes in (50, 25, 1))


def _hl7(moment):
    return moment.strftime("%Y%m%d%H%M%S%z")


HEAD = (
    rf"MSH|^~\&|RIS|BENCH|SOAR2|BENCH|{_hl7(NOW)}||ORU^R01^ORU_R01|@ID@|P|2.5.1||||||UNICODE UTF-8",
    "PID|1||@ID@^^^BENCH^MR||Synthetic^Vera||19650317|F",
    "PV1|1|O|RADONC^^^BENCH",
    "ORC|RE|P@ID@^EHR|@ID@^RIS",
    f"OBR|1|P@ID@^EHR|@ID@^RIS|{PROCEDURE}|||{_hl7(SCANNED)}|{_hl7(ENDED)}||||||||2207^Lindqvist^Maren||||||{_hl7(REPORTED)}||RAD|F"
    "||||||^Breast cancer, gait|3100&Okafor&Ines",
)


def oru():
    """The MLLP template, without its frame bytes."""
    lines = (
        f"OBX|{number}|TX|18748-4^Diagnostic imaging study^LN||{line.replace('|', chr(92) + 'F' + chr(92))}||||||F"
        for number, line in enumerate(LINES, 1)
    )
    return "\r".join((*HEAD, *lines, "")).encode()


def report_text():
    return "\n".join(LINES)


TERMS = "http://terminology.hl7.org/CodeSystem/"
DIV = (
    '<div xmlns="http://www.w3.org/1999/xhtml"><p>'
    + escape(" ".join(LINES[LINES.index("IMPRESSION:") - 6 :]))
    + "</p></div>"
)


def fhir():
    """The same report as a FHIR R4 DiagnosticReport of about 4 kB, its text attached as plain text."""
    patient = {
        "resourceType": "Patient",
        "id": "patient",
        "identifier": [_identifier("MR", "urn:oid:1.2.3.4.6", ID)],
        "name": [{"family": "Synthetic", "given": ["Vera"]}],
        "gender": "female",
        "birthDate": "1965-03-17",
    }
    text = base64.b64encode(report_text().encode()).decode()
    body = {
        "resourceType": "DiagnosticReport",
        "text": {"status": "generated", "div": DIV},
        "contained": [patient],
        "identifier": [_identifier("ACSN", "urn:oid:1.2.3.4.5", ID)],
        "status": "final",
        "category": [{"coding": [{"system": f"{TERMS}v2-0074", "code": "RAD"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "30855-1"}], "text": "MR whole spine"},
        "subject": {"reference": "#patient"},
        "effectiveDateTime": ENDED.isoformat(),
        "issued": REPORTED.isoformat(),
        "performer": [{"display": "Ines Okafor"}],
        "presentedForm": [{"contentType": "text/plain; charset=utf-8", "data": text}],
    }
    return json.dumps(body).encode()


def _identifier(kind, system, value):
    return {
        "type": {"coding": [{"system": f"{TERMS}v2-0203", "code": kind}]},
        "system": system,
        "value": value,
    }


def numbered(template, prefix, number):
    """The template with one message's own id, as the load client writes it."""
    return template.replace(ID.encode(), f"{prefix}{number:012d}".encode())
