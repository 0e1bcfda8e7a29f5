"""The macro as a FHIR R4 Questionnaire (SDC), and our own words as a CodeSystem."""

import json
from typing import Any

from soar2.criteria.anatomy import LEVELS
from soar2.dictation.codes import (
    OWN,
    RADELEMENT,
    Coding,
    code_system,
    codings_of,
    element_of,
)
from soar2.dictation.template import (
    BELOW_CONUS,
    CORD_ROW,
    ESCC,
    NO_OTHER_DISEASE,
    NORMAL_NUMBERING,
    TITLE,
    TREATED,
    Field,
    offered,
)

URL = "urn:soar2:questionnaire:spine-oncology-macro"
_CONTROL = "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl"
_CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"
_ROW: tuple[Field, ...] = (ESCC, BELOW_CONUS, *(field for field in CORD_ROW if field is not ESCC))


def as_questionnaire() -> str:
    """One JSON document: numbering, conus, a repeating group with one row an abnormal level, the rest."""
    return _written(
        {
            "resourceType": "Questionnaire",
            "url": URL,
            "name": "SpineOncologyMacro",
            "title": TITLE,
            "version": "1",
            "status": "draft",
            "subjectType": ["Patient"],
            "item": [
                _free("numbering", "Numbering", NORMAL_NUMBERING),
                _level("conus", "Conus", required=False),
                {
                    "linkId": "row",
                    "text": "An abnormal level",
                    "type": "group",
                    "repeats": True,
                    "item": [
                        _level("row.level", "Level", required=True),
                        *(_choice(field) for field in _ROW),
                        _free("row.treated", TREATED.label),
                    ],
                },
                _free("other_levels", "Other levels", NO_OTHER_DISEASE),
            ],
        }
    )


def as_code_system() -> str:
    """Our own words as a FHIR R4 CodeSystem."""
    return _written(code_system())


def _written(resource: dict[str, Any]) -> str:
    return json.dumps(resource, indent=1, ensure_ascii=False) + "\n"


def _free(link: str, text: str, initial: str = "") -> dict[str, Any]:
    given = {"initial": [{"valueString": initial}]} if initial else {}
    return {
        "linkId": link,
        "code": _codes(link.rpartition(".")[2], text),
        "text": text,
        "type": "string",
        **given,
    }


def _level(link: str, text: str, *, required: bool) -> dict[str, Any]:
    return {
        "linkId": link,
        "code": _codes("level" if link.endswith("level") else link, text),
        "text": text,
        "type": "choice",
        "required": required,
        "answerOption": [{"valueCoding": _coding(codings_of("level", level)[0], level)} for level in LEVELS],
        **_control("autocomplete"),
    }


def _choice(field: Field) -> dict[str, Any]:
    """A row has one of the two grades, so neither is required by itself."""
    options = []
    for choice in offered(field):
        option: dict[str, Any] = {"valueCoding": _coding(codings_of(field.key, choice.word)[0], choice.shown)}
        if choice.word == field.normal and field.key != "cord_signal":  # no cord below the conus
            option["initialSelected"] = True
        options.append(option)
    return {
        "linkId": f"row.{field.key}",
        "code": _codes(field.key, field.label),
        "text": field.label,
        "type": "choice",
        "answerOption": options,
        **_control("drop-down"),
    }


def _codes(key: str, text: str) -> list[dict[str, str]]:
    element = element_of(key)
    known = [Coding(RADELEMENT, element, text)] if element else []
    return [_coding(one, one.display) for one in (*known, Coding(OWN, key, text))]


def _coding(coding: Coding, display: str) -> dict[str, str]:
    return {"system": coding.system, "code": coding.code, "display": display}


def _control(code: str) -> dict[str, Any]:
    concept = {"coding": [{"system": _CONTROLS, "code": code}]}
    return {"extension": [{"url": _CONTROL, "valueCodeableConcept": concept}]}
