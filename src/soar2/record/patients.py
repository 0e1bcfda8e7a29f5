"""Patients by their identifiers: found, made provisionally, or refused because two facts disagree."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from soar2.errors import Unreadable
from soar2.record import ledger, rows
from soar2.record.models import Patient, PatientIdentifier

TURN = 7  # the kind of lock of a patient's number


@dataclass(frozen=True)
class PatientIdentity:
    """Who a message says the patient is. ``identifiers`` holds (authority, value, kind)."""

    identifiers: tuple[tuple[str, str, str], ...]
    family: str = ""
    given: str = ""
    birth_date: date | None = None
    sex: str = ""


def find_or_create(identity: PatientIdentity, *, now: datetime, turn_taken: bool = False) -> Patient:
    """The patient of these identifiers; one never seen before becomes a provisional patient.

    ``turn_taken`` says that the transaction holds the locks of ``turns_of`` already.

    Raises ``Unreadable`` when no identifier is given, when identifiers lead to two patients, or when
    the person named is plainly another one: acting on the wrong chart is worse than a message held.
    """
    if not identity.identifiers:
        raise Unreadable("The message names no patient by the identifier authority of this feed.", "PID-3")
    if not turn_taken:
        take_turns((key, TURN) for key in turns_of(identity))
    known = _known(identity)
    found = {patient for _, patient in known}
    if len(found) > 1:
        raise Unreadable("The identifiers in this message belong to two different patients.", "PID-3")
    if not found:
        return _create(identity, now)
    patient = found.pop()
    _check_same_person(patient, identity)
    filled, new = _missing(patient, identity, {number for number, _ in known})
    if filled:
        patient.save(update_fields=filled)
    if new:
        rows.run(rows.insert(*new))
    if filled or new:
        ledger.record(
            "patient.completed", at=now, patient=patient, subject=patient.id, actor="door",
            fields=filled, authorities=[number.authority for number in new],
        )  # fmt: skip
    return patient


def turns_of(identity: PatientIdentity) -> list[str]:
    """What two workers that meet the same new number at once take turns on: they must end with one patient."""
    return [f"{authority}|{value}" for authority, value, _ in identity.identifiers]


def take_turns(wanted: Iterable[tuple[str, int]]) -> None:
    """Wait until no other transaction works on any of these: each a name, and a number for its kind.

    Everybody asks in the same order, so that no two wait for each other.
    """
    keys = sorted(set(wanted), key=lambda one: (-one[1], one[0]))
    if keys:
        rows.ask(
            "SELECT pg_advisory_xact_lock(hashtextextended(name, kind))"
            " FROM unnest(%s::text[], %s::int[]) AS wanted(name, kind)",
            [[name for name, _ in keys], [kind for _, kind in keys]],
        )


def _known(identity: PatientIdentity) -> list[tuple[tuple[str, str], Patient]]:
    """The numbers already on record. Their patients stay locked: two reports of one patient take turns, even
    under different numbers."""
    found = rows.ask(
        f"SELECT number.authority, number.value, {rows.columns(Patient)[0]}"  # noqa: S608 - column names
        " FROM record_patientidentifier AS number JOIN record_patient AS r ON r.id = number.patient_id"
        " JOIN unnest(%s::text[], %s::text[]) AS stated(authority, value)"
        " ON number.authority = stated.authority AND number.value = stated.value"
        " ORDER BY r.id FOR NO KEY UPDATE OF r",
        [
            [authority for authority, _, _ in identity.identifiers],
            [value for _, value, _ in identity.identifiers],
        ],
    )
    return [((row[0], row[1]), rows.made(Patient, row[2:])) for row in found]


def _check_same_person(patient: Patient, identity: PatientIdentity) -> None:
    births = {patient.birth_date, identity.birth_date} - {None}
    if len(births) > 1:
        raise Unreadable("The identifier is known, but with another date of birth.", "PID-7")
    if _differs(patient.family, identity.family) and _differs(patient.given, identity.given):
        raise Unreadable("The identifier is known, but for a person of another name.", "PID-5")


def _differs(known: str, stated: str) -> bool:
    fold = [" ".join(word.casefold().split()) for word in (known, stated)]
    return (
        all(fold)
        and fold[0] != fold[1]
        and not fold[0].startswith(fold[1])
        and not fold[1].startswith(fold[0])
    )


def _create(identity: PatientIdentity, now: datetime) -> Patient:
    patient = Patient(provisional=True, created_at=now)
    _, new = _missing(patient, identity, set())
    ledger.record(
        "patient.provisional", at=now, patient=patient, subject=patient.id, actor="door",
        along=[rows.insert(patient, *new)],
    )  # fmt: skip
    return patient


def _missing(
    patient: Patient, identity: PatientIdentity, known: set[tuple[str, str]]
) -> tuple[list[str], list[PatientIdentifier]]:
    """Fill what was not known before; nothing known is overwritten. The fields filled, and identifiers that are new."""
    changed = []
    for name in ("family", "given", "birth_date", "sex"):
        if not getattr(patient, name) and getattr(identity, name):
            setattr(patient, name, getattr(identity, name))
            changed.append(name)
    new = []
    for authority, value, kind in identity.identifiers:
        if (authority, value) not in known:
            new.append(PatientIdentifier(patient=patient, authority=authority, value=value, kind=kind))
            known.add((authority, value))
    return changed, new
