"""Whose result it is: PID read against what the feed is trusted for.

A report filed under the wrong person harms two patients, so anything short of one clear number is a
fault. The fault never stops the reading: the words may be urgent.
"""

from collections.abc import Callable

from soar2.exchange.feeds import ANY, Feed
from soar2.exchange.hl7v2.message import Segment
from soar2.exchange.hl7v2.times import read_date
from soar2.exchange.hl7v2.types import Identifier, Patient, Practitioner

RECORD_NUMBERS = (("MR",), ("PI", "PT", ""))  # HL7 table 0203, in order of trust
NO_PID = "The message has no PID segment, so the patient is not known."


def read_patient(pid: Segment | None, feed: Feed) -> tuple[Patient, str]:
    """The patient and a sentence that says what is wrong with the identity (empty: nothing)."""
    if pid is None:
        return Patient(), NO_PID
    stated = _identifiers(pid, feed)
    trusted = _record_numbers([found for found in stated if _trusted(found, feed)])
    number, fault = _number(stated, trusted, feed)
    patient = Patient(
        identifiers=() if fault else trusted,
        stated=stated,
        number=number,
        family=pid.component(5, 1, sub=1),
        given=pid.component(5, 2),
        birth_date=read_date(pid.field(7)),
        sex=pid.component(8)[:1].upper(),
    )
    return patient, fault


def practitioner(segment: Segment, number: int) -> Practitioner:
    """A clinician from an XCN field (id^family^given) or an NDL one, whose first component holds these."""
    first = segment.raw(number).split(segment.delimiters.repetition)[0]
    within = segment.delimiters.subcomponent
    if within != " " and within in first.split(segment.delimiters.component)[0]:
        return _person(lambda part: segment.component(number, 1, sub=part))
    return _person(lambda part: segment.component(number, part, sub=1))


def _person(part: Callable[[int], str]) -> Practitioner:
    family = part(2)
    # OBR-32 may be id^start time^end time: digits are no family name.
    return Practitioner(part(1), "", "") if family.isdigit() else Practitioner(part(1), family, part(3))


def _identifiers(pid: Segment, feed: Feed) -> tuple[Identifier, ...]:
    found = []
    for rep in range(1, len(pid.repetitions(3)) + 1):
        value = pid.component(3, 1, rep)
        authority = pid.component(3, 4, rep, sub=1) or pid.component(3, 4, rep, sub=2)
        authority = authority or feed.assumed_authority
        if authority.casefold() == feed.identifier_authority.casefold():
            authority = feed.identifier_authority  # one spelling, or one person would become two
        if value:
            found.append(Identifier(authority, value, pid.component(3, 5, rep).upper()))
    return tuple(dict.fromkeys(found))


def _trusted(found: Identifier, feed: Feed) -> bool:
    """Whether a number may lead to a chart. Numbers of others (a social security number, a visit) may not:
    two people can share one, or both have it as a row of nines."""
    if feed.identifier_authority == ANY:
        return bool(found.authority)
    return not feed.identifier_authority or found.authority == feed.identifier_authority


def _record_numbers(trusted: list[Identifier]) -> tuple[Identifier, ...]:
    """The medical record numbers, else patient numbers, else whatever there is: never a visit or an account
    number beside one of these, since it may be another person's record number."""
    for kinds in RECORD_NUMBERS:
        if found := tuple(number for number in trusted if number.type in kinds):
            return found
    return tuple(trusted)


def _number(
    stated: tuple[Identifier, ...], ours: tuple[Identifier, ...], feed: Feed
) -> tuple[Identifier | None, str]:
    """The first record number; a fault when there is none, or when one authority gives several."""
    if not stated:
        return None, "PID-3 is empty, so the patient is not known."
    if not ours and feed.identifier_authority == ANY:
        return None, "PID-3 does not say who issued the number."
    if not ours:
        return None, f"PID-3 holds no number issued by {feed.identifier_authority}."
    rivals = {
        found.value for found in ours if (found.authority, found.type) == (ours[0].authority, ours[0].type)
    }
    if len(rivals) > 1:
        return None, f"PID-3 holds {len(rivals)} different record numbers of one authority."
    return ours[0], ""
