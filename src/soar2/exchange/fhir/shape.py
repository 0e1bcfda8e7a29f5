"""Whether a resource has the shape that FHIR R4 gives it. The one module that knows who checks.

The check is fhirkit's, a young library: this port keeps its wording and its types out of everything else, and
the tests hold its answers against a second, independent one. It does not look at required codes (``codes``),
nor at what a modifier may change (here).
"""

import re
from collections.abc import Iterator
from typing import Any

import fhirkit

from soar2.exchange.fhir.outcome import Issue, refuse

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
_QUOTED = re.compile(r'^".*" is', re.DOTALL)
_DIGITS = re.compile(r"^-?[\d.eE+-]+ is")
_ESCAPED_KEY = re.compile(r'\\u[^"]*"\s*:')
MODIFIED = (
    "An extension here may change the meaning of what it stands in, and this programme does not know any."
)
RULES = "implicitRules may change the meaning of the whole resource, and this programme knows no such rules."
CODES = (  # a word in fhirkit's sentence, and the issue-type it stands for
    ("required element missing", "required"),
    ("unknown element", "structure"),
    ("appears more than once", "structure"),
    ("not a FHIR R4 resource type", "not-supported"),
    ("is not a valid", "value"),
    ("outside the", "value"),
)


def shape_issues(resource: dict[str, Any], text: str) -> list[Issue]:
    """Everything that is not FHIR R4, each with its place; ``text`` is the JSON ``resource`` was read from."""
    try:
        found = fhirkit.validate(text)
    except ValueError as fault:  # JSON that one reader takes and the other does not is no JSON
        return [Issue("structure", f"The body is not JSON ({type(fault).__name__}).")]
    issues = [_issue(problem.path, problem.message) for problem in found if problem.severity == "error"]
    if not issues:
        issues += _wrong_ids(resource)
        if "modifierExtension" in text or '"implicitRules"' in text or _ESCAPED_KEY.search(text):
            issues += modifiers(resource, str(resource.get("resourceType", "")))
    return issues


def check_type(resource: dict[str, Any], wanted: str) -> None:
    """Raises Refusal when the body is a resource of another type than its address says."""
    found = resource.get("resourceType")
    if found == wanted:
        return
    if not isinstance(found, str):
        raise refuse("structure", "The body has no resourceType.", "resourceType", status=400)
    named = found if found in fhirkit.RESOURCE_TYPES else "resource of an unknown type"
    raise refuse("invalid", f"This address takes a {wanted}; the body is a {named}.", "resourceType")


def _issue(path: str, message: str) -> Issue:
    """Their sentence in ours: without the value, which may be a patient's."""
    words = _DIGITS.sub("The number is", _QUOTED.sub("The value is", message))
    code = next((code for mark, code in CODES if mark in message), "invalid")
    return Issue(code, f"{words[:1].upper()}{words[1:]}.", path[:300])


def _wrong_ids(resource: dict[str, Any]) -> Iterator[Issue]:
    for place, inner in resources(resource):
        found = inner.get("id")
        if found is not None and not _ID.match(found):
            yield Issue("value", "An id has 1 to 64 letters, digits, hyphens and dots.", f"{place}.id")


def resources(resource: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The resource, those of its entries when it is a Bundle, and what each contains, with their places."""
    kind = resource["resourceType"]
    tops = [(kind, resource)]
    if kind == "Bundle":
        tops += [
            (f"Bundle.entry[{number}].resource", entry["resource"])
            for number, entry in enumerate(resource.get("entry", ()))
            if "resource" in entry
        ]
    for place, top in tops:
        yield place, top
        for number, inner in enumerate(top.get("contained", ())):
            yield f"{place}.contained[{number}]", inner


def modifiers(value: Any, place: str) -> Iterator[Issue]:
    """Each modifierExtension and implicitRules below ``place``."""
    if isinstance(value, list):
        for number, child in enumerate(value):
            yield from modifiers(child, f"{place}[{number}]")
    elif isinstance(value, dict):
        for key, child in value.items():
            if key == "modifierExtension":
                yield Issue("extension", MODIFIED, f"{place}.{key}")
            elif key == "implicitRules":
                yield Issue("not-supported", RULES, f"{place}.{key}")
            elif isinstance(child, (dict, list)):
                yield from modifiers(child, f"{place}.{key}")
