"""A composed report as FHIR: valid R4, the same words in text and codes, unknown said as unknown."""

import base64
import json
from datetime import datetime

import fhirkit
import pytest
from fhir.resources.R4B.diagnosticreport import DiagnosticReport

from soar2.dictation.composing import Row, compose
from soar2.dictation.reading import read_report
from soar2.exchange.fhir.composed import About, diagnostic_report, levels_of

ABOUT = About(
    identifiers=[("DEMO", "SYN1", "MR")],
    family="TEST",
    given="PATIENT",
    birth_date="1960-01-01",
    sex="F",
    accession="A1",
    exam_code="30855-1",
    exam_name="MRI total spine",
    ended=datetime.fromisoformat("2026-03-10T12:40:00-04:00"),
    issued=datetime.fromisoformat("2026-03-10T14:05:00-04:00"),
    status="F",
    reader_family="Hale",
    reader_given="Simon",
)
T8 = {"escc": "1c", "cord_signal": "absent", "lesion": "lytic", "alignment": "normal", "collapse": "gt50",
      "posterolateral": "bilateral", "status": "progressed"}  # fmt: skip
L4 = {"below_conus": "moderate", "lesion": "mixed"}


def made(*rows, **about):
    composed = compose([Row(level, words) for level, words in rows], tumour="" if rows else "absent")
    given = {name: getattr(ABOUT, name) for name in About.__slots__} | about
    return composed, diagnostic_report(About(**given), composed.text, composed.impression, composed.reading)


def test_it_is_fhir_r4_by_two_readers():
    _, resource = made(("T8", T8), ("L4", L4))
    text = json.dumps(resource)
    assert [fault for fault in fhirkit.validate(text) if fault.severity == "error"] == []
    assert len(DiagnosticReport.model_validate_json(text).result) == 2


def test_text_and_codes_say_the_same():
    composed, resource = made(("T8", T8), ("L4", L4))
    text = base64.b64decode(resource["presentedForm"][0]["data"]).decode()
    assert text == composed.text
    read = {level.level: level for level in read_report(text).levels}
    coded = {one["level"]: one for one in levels_of(resource)}
    assert set(coded) == set(read) == {"T8", "L4"}
    assert {key: coded["T8"][key] for key in T8} == T8
    for name, one in coded.items():
        for key, word in one.items():
            assert key == "level" or getattr(read[name], key) == word


def test_what_is_not_stated_has_a_reason_and_no_value():
    _, resource = made(("L4", L4))
    (observation,) = [one for one in resource["contained"] if one["resourceType"] == "Observation"]
    open_items = {
        part["code"]["coding"][-1]["code"] for part in observation["component"] if "dataAbsentReason" in part
    }
    assert open_items == {"alignment", "collapse", "posterolateral", "cord_signal", "status"}


def test_without_an_abnormal_level_there_is_no_observation():
    _, resource = made()
    assert "result" not in resource
    assert levels_of(resource) == []
    assert [fault for fault in fhirkit.validate(json.dumps(resource)) if fault.severity == "error"] == []


@pytest.mark.parametrize(("status", "said"), [("F", "final"), ("P", "preliminary")])
def test_its_status(status, said):
    _, resource = made(("T8", T8), status=status)
    assert resource["status"] == said
