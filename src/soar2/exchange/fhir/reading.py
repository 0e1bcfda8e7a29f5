"""FHIR bytes as the same values HL7 v2 is read to: one ImagingResult for each DiagnosticReport. Pure.

Source: FHIR R4 DiagnosticReport, Bundle; the HL7 v2-to-FHIR maps of OBR and PID read backwards, with the gaps
they leave (who ordered and why) filled from the ServiceRequest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from soar2.errors import Unreadable
from soar2.exchange.feeds import Feed
from soar2.exchange.fhir.codes import code_issues
from soar2.exchange.fhir.outcome import Issue, Refusal, refuse
from soar2.exchange.fhir.people import practitioner, read_patient, type_of
from soar2.exchange.fhir.references import Json, Message, Placed, message_of
from soar2.exchange.fhir.shape import check_type, shape_issues
from soar2.exchange.fhir.strict_json import read_object
from soar2.exchange.fhir.times import read_moment
from soar2.exchange.fhir.transaction import check_transaction
from soar2.exchange.fhir.words import read_words
from soar2.exchange.hl7v2.results import STANDINGS
from soar2.exchange.hl7v2.times import Moment
from soar2.exchange.hl7v2.types import Fault, ImagingResult, Practitioner, Procedure

# DiagnosticReport.status to HL7 table 0123. "partial" is what the table calls R: not yet verified. (Its A,
# "some results", is not used: imaging senders mean an addendum by it, and so does this programme.)
STATUS = {
    "registered": "O",
    "partial": "R",
    "preliminary": "P",
    "final": "F",
    "amended": "C",
    "corrected": "C",
    "appended": "A",
    "cancelled": "X",
    "entered-in-error": "W",
}
UNKNOWN_STATUS = "The status 'unknown' does not say whether this report may be acted on."
NO_ACCESSION = "No identifier of the report, its order or its study is an accession number (type ACSN)."
CLASSES = {"IMP": "I", "ACUTE": "I", "NONAC": "I", "EMER": "E", "AMB": "O", "PRENC": "P", "OBSENC": "O"}
LOINC = "http://loinc.org"
_NO_WORDS = "A report of this status needs words: presentedForm, conclusion or a narrative."
_NEEDS_WORDS = frozenset({"P", "R", "F", "C", "A"})


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to tell the sender of a body that can be read: its type, the types of its entries in order
    (none: no Bundle), and what is wrong with a patient or exam although the words can be read."""

    kind: str
    entries: tuple[str, ...]
    issues: tuple[Issue, ...]


def told(raw: bytes, feed: Feed, wanted: str = "") -> Told:
    """As far as the answer needs it: everything by which ``read_resource`` would refuse, and nothing else.

    ``wanted`` is the type its address takes. Raises Refusal with every issue found.
    """
    resource, message = _message(raw, wanted)
    issues = []
    for report in message.of_kind("DiagnosticReport"):
        found = _Basis(report, message, feed)
        if found.identity:
            issues.append(Issue("business-rule", found.identity.words, found.identity.where))
    entries = tuple([entry["resource"]["resourceType"] for entry in resource.get("entry", ())])
    return Told(str(resource["resourceType"]), entries, tuple(issues))


def read_resource(raw: bytes, feed: Feed) -> tuple[ImagingResult, ...]:
    """The results in a DiagnosticReport or a transaction Bundle. Raises Unreadable with a FHIRPath."""
    resource, message = _message(raw, "")
    return tuple(_result(report, message, resource, feed) for report in message.of_kind("DiagnosticReport"))


def _message(raw: bytes, wanted: str) -> tuple[Json, Message]:
    """A body of the right type, shape and codes. Raises Refusal."""
    resource, text = read_object(raw)
    kind = str(resource.get("resourceType"))
    check_type(resource, wanted or ("Bundle" if kind == "Bundle" else "DiagnosticReport"))
    if issues := shape_issues(resource, text) or code_issues(resource):  # codes only where the shape is right
        raise Refusal(issues)
    if kind == "Bundle":
        check_transaction(resource)
    return resource, message_of(resource)


class _Basis:
    """What decides whether a report can be read, and whether its patient and exam can be told. Raises Refusal."""

    __slots__ = ("accession", "around", "identity", "patient", "status", "words")

    def __init__(self, report: Placed, message: Message, feed: Feed):
        self.status = _status(report)
        self.words = read_words(report, message)
        if self.status in _NEEDS_WORDS and self.words.empty and not self.words.attachments:
            raise refuse("required", _NO_WORDS, report.where)
        self.patient, self.identity = read_patient(report, message, feed)
        self.around = _around(report, message)
        self.accession = _accession(report, self.around, feed)
        if self.identity is None and not self.accession:
            self.identity = Fault(f"{report.where}.identifier", NO_ACCESSION)


def _result(report: Placed, message: Message, body: Json, feed: Feed) -> ImagingResult:
    basis = _Basis(report, message, feed)
    around, words, identity = basis.around, basis.words, basis.identity
    moments, faults = _moments(report, around, body, feed)
    start, end = _moment(moments, "start"), _moment(moments, "end")
    return ImagingResult(
        where=report.where,
        patient=basis.patient,
        identity_fault=identity.words if identity else "",
        accession=basis.accession,
        placer_number=_identifier_of_type(around.orders, ("PLAC",)),
        study_uid=_study_uid(around),
        procedure=_procedure(report.resource["code"], feed),
        status=basis.status,
        standing=STANDINGS[basis.status],
        text=words.text,
        exam_start=start,
        exam_end=end or start,
        exam_time_is_start=end is None and start is not None,
        reported_at=_moment(moments, "issued"),
        sent_at=_moment(moments, "sent"),
        moments=MappingProxyType(moments),
        sources=tuple(words.sources),
        attachments=tuple(words.attachments),
        author=_author(report, message),
        control_id=_name_of(body),
        faults=(*((identity,) if identity else ()), *faults),
        notes=tuple(words.notes),
        **_order(around, message),
    )


def _status(report: Placed) -> str:
    stated = report.resource.get("status")
    place = f"{report.where}.status"
    if stated is None:
        raise refuse("required", "The status is missing; without it nobody may act on the report.", place)
    if stated not in STATUS:
        raise refuse("business-rule", UNKNOWN_STATUS, place)
    return STATUS[stated]


@dataclass(frozen=True, slots=True)
class _Around:
    """The order, the study and the visit a report refers to, as far as they are in the message."""

    orders: tuple[tuple[Json, Placed | None], ...]
    studies: tuple[tuple[Json, Placed | None], ...]
    encounter: Placed | None


def _around(report: Placed, message: Message) -> _Around:
    stated = report.resource
    return _Around(
        tuple(message.find_all(stated.get("basedOn"), report)),
        tuple(message.find_all(stated.get("imagingStudy"), report)),
        message.find(stated.get("encounter"), report),
    )


def _accession(report: Placed, around: _Around, feed: Feed) -> str:
    """The exam's number: by the feed's system, by type ACSN anywhere, as the filler's, or the only one."""
    own = report.resource.get("identifier", [])
    for identifier in (*own, *_identifiers(around.orders), *_identifiers(around.studies)):
        if identifier.get("system") in feed.accession_systems and identifier.get("value"):
            return str(identifier["value"]).strip()
    if feed.accession_systems:
        return ""  # a feed that fixes where the number stands is never second-guessed
    for kind in ("ACSN", "FILL"):
        for identifier in (*own, *_identifiers(around.orders), *_identifiers(around.studies)):
            if type_of(identifier) == kind and identifier.get("value"):
                return str(identifier["value"]).strip()
    plain = [identifier["value"] for identifier in own if identifier.get("value") and not type_of(identifier)]
    return str(plain[0]).strip() if len(plain) == 1 else ""


def _identifiers(targets: tuple[tuple[Json, Placed | None], ...]) -> Iterator[Json]:
    """The identifiers of references: logical ones, then those of the resource itself."""
    for reference, found in targets:
        if "identifier" in reference:
            yield reference["identifier"]
        if found is not None:
            yield from found.resource.get("identifier", ())


def _identifier_of_type(targets: tuple[tuple[Json, Placed | None], ...], kinds: tuple[str, ...]) -> str:
    found = (item.get("value", "") for item in _identifiers(targets) if type_of(item) in kinds)
    return next(filter(None, found), "")


def _study_uid(around: _Around) -> str:
    found = (item for item in _identifiers(around.studies) if item.get("system") == "urn:dicom:uid")
    return next((item["value"].removeprefix("urn:oid:") for item in found if item.get("value")), "")


def _moments(
    report: Placed, around: _Around, body: Json, feed: Feed
) -> tuple[dict[str, Moment], list[Fault]]:
    """The times that are there, a fault for each that names no day of the calendar."""
    stated, zone = report.resource, feed.zone or UTC
    period = stated.get("effectivePeriod", {})
    study = next((found.resource for _, found in around.studies if found is not None), {})
    start, place = stated.get("effectiveDateTime") or period.get("start"), "effective"
    if not start and "started" in study:
        start, place = study["started"], "imagingStudy"
    texts: dict[str, tuple[Any, str]] = {
        "start": (start, f"{report.where}.{place}"),
        "end": (period.get("end"), f"{report.where}.effective.end"),
        "issued": (stated.get("issued"), f"{report.where}.issued"),
        "sent": (body.get("timestamp") or stated.get("meta", {}).get("lastUpdated"), "timestamp"),
    }
    moments: dict[str, Moment] = {}
    faults: list[Fault] = []
    for name, (text, where) in texts.items():
        if not text:
            continue
        try:
            moments[name] = read_moment(text, where, zone)
        except Unreadable as fault:
            faults.append(Fault(where, fault.reason))
    return moments, faults


def _moment(moments: dict[str, Moment], name: str) -> datetime | None:
    found = moments.get(name)
    return found.at if found else None


@lru_cache(maxsize=64)
def _folded(codes: tuple[str, ...]) -> frozenset[str]:
    return frozenset(code.casefold() for code in codes)


def _procedure(code: Json, feed: Feed) -> Procedure:
    """The two codings that matter most here: those the feed knows before those it does not."""
    wanted = _folded(feed.procedure_codes)
    codings = sorted(
        code.get("coding", ()), key=lambda coding: coding.get("code", "").casefold() not in wanted
    )
    parts = [(item.get("code", ""), item.get("display", ""), item.get("system", "")) for item in codings[:2]]
    first, second = [*parts, ("", "", ""), ("", "", "")][:2]
    name = first[1] or code.get("text", "")
    return Procedure(first[0], name, first[2], second[0], second[1] or code.get("text", ""), second[2])


def _author(report: Placed, message: Message) -> Practitioner:
    """Who read the images; else who is responsible for the report."""
    interpreter = practitioner(report.resource.get("resultsInterpreter"), report, message)
    return (
        interpreter if interpreter.name else practitioner(report.resource.get("performer"), report, message)
    )


def _order(around: _Around, message: Message) -> dict[str, Any]:
    """Who asked for the exam and why, and where the patient is."""
    order = next((found for _, found in around.orders if found and found.kind == "ServiceRequest"), None)
    visit = around.encounter.resource if around.encounter else {}
    places = [place.get("location", {}).get("display", "") for place in visit.get("location", ())]
    code = visit.get("class", {}).get("code", "")
    reasons = order.resource.get("reasonCode", ()) if order else ()
    return {
        "ordering": practitioner([order.resource.get("requester")], order, message)
        if order
        else Practitioner(),
        "reason": "; ".join(filter(None, map(_concept, reasons))),
        "location": next(filter(None, places), ""),
        "patient_class": CLASSES.get(code, code),
        "visit_number": next((item["value"] for item in visit.get("identifier", ()) if "value" in item), ""),
    }


def _concept(concept: Json) -> str:
    codings = (item.get("display") or item.get("code", "") for item in concept.get("coding", ()))
    return concept.get("text") or next(filter(None, codings), "")


def _name_of(body: Json) -> str:
    """What the sender calls this body: the identifier of a Bundle, else an id."""
    identifier = body.get("identifier")
    named = identifier.get("value", "") if isinstance(identifier, dict) else ""
    return str(named or body.get("id", ""))
