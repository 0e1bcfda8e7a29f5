"""Whose result it is: PID read against what the feed is trusted for.

A report filed under the wrong person harms two patients, so anything short of one clear number is a
fault. The fault never stops the reading: the words may be urgent.
"""

from collections.abc import Callable

from soar2.exchange.feeds import Feed
from soar2.exchange.hl7v2.message import Segment
from soar2.exchange.hl7v2.times import read_date
from soar2.exchange.hl7v2.types import Identifier, Patient, Practitioner

NO_PID = "The message has no PID segment, so the patient is not known."


def read_patient(pid: Segment | None, feed: Feed) -> tuple[Patient, str]:
    """The patient and a sentence that says what is wrong with the identity (empty: nothing)."""
    if pid is None:
        return Patient(), NO_PID
    stated = _identifiers(pid, feed)
    number, fault = _number(stated, feed)
    patient = Patient(
        identifiers=() if fault else stated,
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
        if not authority and feed.assume_authority:
            authority = feed.identifier_authority
        if value:
            found.append(Identifier(authority, value, pid.component(3, 5, rep).upper()))
    return tuple(dict.fromkeys(found))


def _number(stated: tuple[Identifier, ...], feed: Feed) -> tuple[Identifier | None, str]:
    """The number of the feed's authority: of type MR if one is, else the first."""
    if not stated:
        return None, "PID-3 is empty, so the patient is not known."
    wanted = feed.identifier_authority.casefold()
    ours = [found for found in stated if not wanted or found.authority.casefold() == wanted]
    if not ours:
        return None, f"PID-3 holds no number issued by {feed.identifier_authority}."
    ours = [found for found in ours if found.type == "MR"] or ours
    rivals = {
        found.value for found in ours if (found.authority, found.type) == (ours[0].authority, ours[0].type)
    }
    if len(rivals) > 1:
        return None, f"PID-3 holds {len(rivals)} different record numbers of one authority."
    return ours[0], ""
