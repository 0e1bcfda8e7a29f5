"""A composed report as a FHIR R4 DiagnosticReport with one coded Observation for each level. Pure.

The text is what counts and what is read, by this programme as by any other; the Observations say the same in codes
for those who want them. What the report leaves open is a ``dataAbsentReason``, never a missing component that could
pass for normal.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from soar2.dictation.answer import LevelReading, Reading
from soar2.dictation.codes import OWN, RADELEMENT, codings_of, element_of, value_of
from soar2.dictation.template import FIELD

Json = dict[str, Any]
LOINC = "http://loinc.org"
TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
SECTIONS = "http://terminology.hl7.org/CodeSystem/v2-0074"
ITEMS = ("lesion", "alignment", "collapse", "posterolateral", "cord_signal", "status")
#: HL7 v2 result status to FHIR's.
STATUS = {"F": "final", "P": "preliminary"}


@dataclass(frozen=True, slots=True)
class About:
    """Whose exam it is and who reports it. ``identifiers`` are (issuer, number, type code of HL7 table 0203)."""

    identifiers: Sequence[tuple[str, str, str]]
    family: str
    given: str
    birth_date: str
    sex: str
    accession: str
    exam_code: str
    exam_name: str
    ended: datetime
    issued: datetime
    status: str
    reader_family: str
    reader_given: str


def diagnostic_report(about: About, text: str, impression: str, reading: Reading) -> Json:
    """The resource, everything it refers to contained in it. ``about.status`` is F or P; raises KeyError otherwise."""
    observations = [_observation(n, level, about) for n, level in enumerate(reading.levels)]
    ended = about.ended.isoformat()
    return {
        "resourceType": "DiagnosticReport",
        "contained": [_patient(about), _reader(about), *observations],
        "identifier": [{"type": _type("ACSN"), "value": about.accession}],
        "status": STATUS[about.status],
        "category": [{"coding": [{"system": SECTIONS, "code": "RAD", "display": "Radiology"}]}],
        "code": {"coding": [{"system": LOINC, "code": about.exam_code, "display": about.exam_name}]},
        "subject": {"reference": "#patient"},
        "effectivePeriod": {"start": ended, "end": ended},
        "issued": about.issued.isoformat(),
        "resultsInterpreter": [{"reference": "#reader"}],
        **({"result": [{"reference": f"#{one['id']}"} for one in observations]} if observations else {}),
        "conclusion": impression,
        "presentedForm": [
            {"contentType": "text/plain; charset=utf-8", "data": base64.b64encode(text.encode()).decode()}
        ],
    }


def _patient(about: About) -> Json:
    genders = {"M": "male", "F": "female", "O": "other"}
    return {
        "resourceType": "Patient",
        "id": "patient",
        "identifier": [
            {
                "type": _type(kind or "MR"),
                "value": number,
                **({"assigner": {"display": issuer}} if issuer else {}),
            }
            for issuer, number, kind in about.identifiers
        ],
        "name": [_name(about.family, about.given)],
        **({"gender": genders.get(about.sex, "unknown")} if about.sex else {}),
        **({"birthDate": about.birth_date} if about.birth_date else {}),
    }


def _reader(about: About) -> Json:
    return {
        "resourceType": "Practitioner",
        "id": "reader",
        "name": [_name(about.reader_family, about.reader_given)],
    }


def _name(family: str, given: str) -> Json:
    return {**({"family": family} if family else {}), **({"given": [given]} if given else {})} or {
        "text": "unknown"
    }


def _type(code: str) -> Json:
    return {"coding": [{"system": TYPES, "code": code}]}


def _observation(number: int, level: LevelReading, about: About) -> Json:
    """One level: its place as body site, each item as a component."""
    named = level.level != "unknown"
    return {
        "resourceType": "Observation",
        "id": f"level-{number}",
        "status": STATUS[about.status],
        "category": [{"coding": [{"system": CATEGORIES, "code": "imaging"}]}],
        "code": {"coding": [{"system": OWN, "code": "level", "display": "Level of the spine"}]},
        "subject": {"reference": "#patient"},
        "effectiveDateTime": about.ended.isoformat(),
        **({"bodySite": _concept("level", level.level)} if named else {}),
        "component": [
            *_grades(level),
            *(_component(item, getattr(level, item)) for item in ITEMS),
            _sins(level),
        ],
    }


def _grades(level: LevelReading) -> Iterable[Json]:
    if level.below_conus is not None:
        yield _component("below_conus", level.below_conus)
        return
    if level.escc is not None:
        yield _component("escc", level.escc)
    elif level.escc_range is not None:  # an interval has no code: both ends are given in words
        yield {"code": _what("escc"), "valueString": f"{level.escc_range[0]} to {level.escc_range[1]}"}
    else:
        yield _component("escc", "not_stated")


def _component(key: str, word: str) -> Json:
    if word == "not_stated":
        return {"code": _what(key), "dataAbsentReason": {"coding": [{"system": ABSENT, "code": "not-asked"}]}}
    return {"code": _what(key), "valueCodeableConcept": _concept(key, word)}


def _sins(level: LevelReading) -> Json:
    """The MRI part of SINS as a range: never presented as the whole score."""
    return {
        "code": {
            "coding": [{"system": OWN, "code": "sins_imaging", "display": "SINS, items seen on MRI, 0 to 15"}]
        },
        "valueRange": {"low": {"value": level.sins.lo}, "high": {"value": level.sins.hi}},
    }


def _what(key: str) -> Json:
    label = FIELD[key].label
    element = element_of(key)
    known = [{"system": RADELEMENT, "code": element, "display": label}] if element else []
    return {"coding": [*known, {"system": OWN, "code": key, "display": label}]}


def _concept(key: str, word: str) -> Json:
    return {
        "coding": [
            {"system": one.system, "code": one.code, "display": one.display} for one in codings_of(key, word)
        ]
    }


def levels_of(resource: Mapping[str, Any]) -> list[dict[str, str]]:
    """The codes read back: for each Observation its level and words, by whichever of its codes is known."""
    found = []
    for one in resource.get("contained", []):
        if one.get("resourceType") != "Observation":
            continue
        concepts = [
            one.get("bodySite", {}),
            *(part.get("valueCodeableConcept", {}) for part in one.get("component", [])),
        ]
        values = (
            value_of(code["system"], code["code"])
            for concept in concepts
            for code in concept.get("coding", [])
        )
        found.append(dict(value for value in values if value is not None))
    return found
