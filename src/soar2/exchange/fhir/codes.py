"""The codes FHIR R4 requires in the elements this programme reads or relies on. Pure.

Source: the required bindings of FHIR R4 (4.0.1), one small table each, written out here: a status that is
spelled wrongly must not pass for a report, and no shape check looks at codes.
"""

from collections.abc import Iterator
from typing import Any

from soar2.exchange.fhir.outcome import Issue
from soar2.exchange.fhir.shape import resources

Codes = tuple[str, ...]

REPORT_STATUS: Codes = (
    "registered", "partial", "preliminary", "final", "amended", "corrected", "appended", "cancelled",
    "entered-in-error", "unknown",
)  # fmt: skip
OBSERVATION_STATUS: Codes = (
    "registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown",
)  # fmt: skip
BUNDLE_TYPE: Codes = (
    "document", "message", "transaction", "transaction-response", "batch", "batch-response", "history",
    "searchset", "collection",
)  # fmt: skip
METHOD: Codes = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH")
GENDER: Codes = ("male", "female", "other", "unknown")
LINK_TYPE: Codes = ("replaced-by", "replaces", "refer", "seealso")
NARRATIVE: Codes = ("generated", "extensions", "additional", "empty")
IDENTIFIER_USE: Codes = ("usual", "official", "temp", "secondary", "old")
NAME_USE: Codes = ("usual", "official", "temp", "nickname", "anonymous", "old", "maiden")
CONTACT_SYSTEM: Codes = ("phone", "fax", "email", "pager", "url", "sms", "other")
CONTACT_USE: Codes = ("home", "work", "temp", "old", "mobile")
ADDRESS_USE: Codes = ("home", "work", "temp", "old", "billing")
ADDRESS_TYPE: Codes = ("postal", "physical", "both")
STUDY_STATUS: Codes = ("registered", "available", "cancelled", "entered-in-error", "unknown")
REQUEST_STATUS: Codes = (
    "draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown",
)  # fmt: skip
REQUEST_INTENT: Codes = (
    "proposal", "plan", "directive", "order", "original-order", "reflex-order", "filler-order",
    "instance-order", "option",
)  # fmt: skip
REQUEST_PRIORITY: Codes = ("routine", "urgent", "asap", "stat")
ENCOUNTER_STATUS: Codes = (
    "planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled", "entered-in-error",
    "unknown",
)  # fmt: skip

_NAMED = {
    "name.use": NAME_USE,
    "telecom.system": CONTACT_SYSTEM,
    "telecom.use": CONTACT_USE,
    "address.use": ADDRESS_USE,
    "address.type": ADDRESS_TYPE,
    "gender": GENDER,
}
ANY_RESOURCE = {"text.status": NARRATIVE, "identifier.use": IDENTIFIER_USE}
REQUIRED: dict[str, dict[str, Codes]] = {
    "Bundle": {"type": BUNDLE_TYPE, "entry.request.method": METHOD, "identifier.use": IDENTIFIER_USE},
    "DiagnosticReport": {"status": REPORT_STATUS, **ANY_RESOURCE, "subject.identifier.use": IDENTIFIER_USE},
    "Observation": {"status": OBSERVATION_STATUS, **ANY_RESOURCE},
    "Patient": {**ANY_RESOURCE, **_NAMED, "link.type": LINK_TYPE, "contact.gender": GENDER},
    "Practitioner": {**ANY_RESOURCE, **_NAMED},
    "ImagingStudy": {"status": STUDY_STATUS, **ANY_RESOURCE},
    "ServiceRequest": {
        "status": REQUEST_STATUS,
        "intent": REQUEST_INTENT,
        "priority": REQUEST_PRIORITY,
        **ANY_RESOURCE,
    },
    "Encounter": {"status": ENCOUNTER_STATUS, **ANY_RESOURCE},
}
_PATHS = {
    kind: tuple((tuple(path.split(".")), codes) for path, codes in table.items())
    for kind, table in REQUIRED.items()
}
_PLAIN = tuple((tuple(path.split(".")), codes) for path, codes in ANY_RESOURCE.items())


def code_issues(resource: dict[str, Any]) -> list[Issue]:
    """Every required code that is none of its value set. The resource must have passed the shape check."""
    return [
        Issue("code-invalid", f"{steps[-1]} must be one of {', '.join(codes)}.", place)
        for where, inner in resources(resource)
        for steps, codes in _PATHS.get(inner["resourceType"], _PLAIN)
        if steps[0] in inner
        for place, code in _at(inner, where, steps)
        if code not in codes
    ]


def _at(value: Any, place: str, steps: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """The values at a path, through lists, with their FHIRPath places."""
    if isinstance(value, list):
        for number, child in enumerate(value):
            yield from _at(child, f"{place}[{number}]", steps)
    elif not steps:
        yield place, value
    elif isinstance(value, dict) and steps[0] in value:
        yield from _at(value[steps[0]], f"{place}.{steps[0]}", steps[1:])
