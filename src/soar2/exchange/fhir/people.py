"""Who a FHIR message is about and who wrote it, held to the same trust as PID. Pure.

A report filed under the wrong person harms two patients: anything short of one clear record number is a
fault, and the fault never stops the reading.
"""

from typing import Any

from soar2.exchange.feeds import ANY, Feed
from soar2.exchange.fhir.references import Json, Message, Placed
from soar2.exchange.fhir.times import read_date
from soar2.exchange.hl7v2.identity import RECORD_NUMBERS
from soar2.exchange.hl7v2.types import Fault, Identifier, Patient, Practitioner

SEX = {"male": "M", "female": "F", "other": "O", "unknown": "U"}  # to HL7 table 0001
NAME_ORDER = ("official", "usual", "", "temp", "secondary", "nickname", "maiden")


def read_patient(report: Placed, message: Message, feed: Feed) -> tuple[Patient, Fault | None]:
    """The subject of a report, and what is wrong with the identity (None: nothing)."""
    subject, place = report.resource.get("subject"), f"{report.where}.subject"
    if not isinstance(subject, dict):
        return Patient(), Fault(place, "The report names no subject, so the patient is not known.")
    found = message.find(subject, report)
    kind = found.kind if found else subject.get("type") or _stated_kind(subject)
    if kind and kind != "Patient":
        return Patient(), Fault(place, f"The subject is a {str(kind)[:40]}, not a Patient.")
    if found is None:
        return _by_identifier(subject, place, feed)
    return _by_resource(found, feed)


def _stated_kind(subject: Json) -> str:
    """The type a relative or absolute reference names, for one that leads out of the message."""
    parts = str(subject.get("reference", "")).split("/")
    return parts[-2] if len(parts) > 1 and parts[-2][:1].isupper() else ""


def _by_identifier(subject: Json, place: str, feed: Feed) -> tuple[Patient, Fault | None]:
    """A logical reference: the number alone, as many senders of single reports have nothing more."""
    stated = _identifiers([subject["identifier"]], feed) if "identifier" in subject else ()
    if not stated:
        words = "The subject's Patient is not in the message and the reference has no identifier."
        return Patient(), Fault(place, words)
    number, trusted, words = _number(stated, feed)
    fault = Fault(f"{place}.identifier", words) if words else None
    return Patient(identifiers=() if fault else trusted, stated=stated, number=number), fault


def _by_resource(found: Placed, feed: Feed) -> tuple[Patient, Fault | None]:
    patient = found.resource
    stated = _identifiers(patient.get("identifier", ()), feed)
    number, trusted, words = _number(stated, feed)
    fault = Fault(f"{found.where}.identifier", words) if words else _superseded(found)
    name = _name(patient.get("name", ()))
    return (
        Patient(
            identifiers=() if fault else trusted,
            stated=stated,
            number=number,
            family=name.get("family", ""),
            given=next((part for part in name.get("given", ()) if part), ""),
            birth_date=read_date(patient.get("birthDate", "")),
            sex=SEX.get(patient.get("gender", ""), ""),
        ),
        fault,
    )


def _superseded(found: Placed) -> Fault | None:
    """A record that another one replaces: its number may since be somebody's chart that was merged away."""
    for number, link in enumerate(found.resource.get("link", ())):
        if link.get("type") == "replaced-by":
            words = "This Patient was replaced by another; the report must name the one that stands."
            return Fault(f"{found.where}.link[{number}]", words)
    return None


def _identifiers(stated: Any, feed: Feed) -> tuple[Identifier, ...]:
    found = []
    for item in stated:
        value = item.get("value", "").strip()
        if value and item.get("use") != "old":
            found.append(Identifier(authority(item.get("system", ""), feed), value, type_of(item)))
    return tuple(dict.fromkeys(found))


def authority(system: str, feed: Feed) -> str:
    """The authority an identifier system stands for: the feed's word for it, else the system itself."""
    named = dict(feed.identifier_systems).get(system, system) or feed.assumed_authority
    return feed.identifier_authority if named.casefold() == feed.identifier_authority.casefold() else named


def type_of(identifier: Json) -> str:
    """The first code of an identifier's type, such as MR or ACSN."""
    codings = identifier.get("type", {}).get("coding", ())
    return next((coding["code"].upper() for coding in codings if coding.get("code")), "")


def _number(
    stated: tuple[Identifier, ...], feed: Feed
) -> tuple[Identifier | None, tuple[Identifier, ...], str]:
    """The record number, the numbers that may lead to a chart, and what is wrong: as for PID-3."""
    if not stated:
        return None, (), "There is no identifier, so the patient is not known."
    trusted = _record_numbers([found for found in stated if _trusted(found, feed)])
    if not trusted and feed.identifier_authority == ANY:
        return None, (), "No identifier says who issued it (system)."
    if not trusted:
        words = f"No identifier was issued by {feed.identifier_authority}; identifier_systems says whose are."
        return None, (), words
    first = trusted[0]
    rivals = {
        found.value for found in trusted if (found.authority, found.type) == (first.authority, first.type)
    }
    if len(rivals) > 1:
        return None, (), f"There are {len(rivals)} different record numbers of one authority."
    return first, trusted, ""


def _trusted(found: Identifier, feed: Feed) -> bool:
    if feed.identifier_authority == ANY:
        return bool(found.authority)
    return not feed.identifier_authority or found.authority == feed.identifier_authority


def _record_numbers(trusted: list[Identifier]) -> tuple[Identifier, ...]:
    """Never a visit's or an account's number beside a record number: it may be another person's."""
    for kinds in RECORD_NUMBERS:
        if found := tuple(number for number in trusted if number.type in kinds):
            return found
    return tuple(trusted)


def _name(names: Any) -> Json:
    """The name a chart would carry; an old one is not used."""
    ranked = [name for name in names if name.get("use", "") in NAME_ORDER]
    return min(ranked, key=lambda name: NAME_ORDER.index(name.get("use", "")), default={})


def practitioner(references: Any, holder: Placed, message: Message) -> Practitioner:
    """The first person among references to people, organisations and teams."""
    for reference, found in message.find_all(references, holder):
        person = _person(reference, found, message)
        if person.name:
            return person
    return Practitioner()


def _person(reference: Json, found: Placed | None, message: Message) -> Practitioner:
    if found is not None and found.kind == "PractitionerRole":
        inner = found.resource.get("practitioner")
        return _person(inner or reference, message.find(inner, found), message)
    if found is not None and found.kind not in ("Practitioner", "Patient", "RelatedPerson"):
        return Practitioner()  # an Organization has no name that answers the telephone
    if found is None and _stated_kind(reference) == "Organization":
        return Practitioner()
    number = reference.get("identifier", {}).get("value", "")
    if found is None:
        return Practitioner(number, reference.get("display", ""), "")
    name = _name(found.resource.get("name", ()))
    given = next((part for part in name.get("given", ()) if part), "")
    numbers = [item["value"] for item in found.resource.get("identifier", ()) if item.get("value")]
    family = name.get("family", "") or name.get("text", "") or reference.get("display", "")
    return Practitioner(next(iter(numbers), number), family, given)
