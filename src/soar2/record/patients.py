"""Patients by their identifiers: found, made provisionally, or refused because two facts disagree."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.models import Q

from soar2.errors import Unreadable
from soar2.record import ledger
from soar2.record.models import Patient, PatientIdentifier


@dataclass(frozen=True)
class PatientIdentity:
    """Who a message says the patient is. ``identifiers`` holds (authority, value, kind)."""

    identifiers: tuple[tuple[str, str, str], ...]
    family: str = ""
    given: str = ""
    birth_date: date | None = None
    sex: str = ""


def find_or_create(identity: PatientIdentity, *, now: datetime) -> Patient:
    """The patient of these identifiers; one never seen before becomes a provisional patient.

    Raises ``Unreadable`` when no identifier is given, when identifiers lead to two patients, or when
    the person named is plainly another one: acting on the wrong chart is worse than a message held.
    """
    if not identity.identifiers:
        raise Unreadable("The message names no patient by the identifier authority of this feed.", "PID-3")
    _serialise(identity)
    known = _known(identity)
    found = {row.patient for row in known}
    if len(found) > 1:
        raise Unreadable("The identifiers in this message belong to two different patients.", "PID-3")
    if not found:
        return _create(identity, now)
    patient = found.pop()
    _check_same_person(patient, identity)
    filled, added = _complete(patient, identity, {(row.authority, row.value) for row in known})
    if filled or added:
        ledger.record(
            "patient.completed", at=now, patient=patient, subject=patient.id, actor="door",
            fields=filled, authorities=added,
        )  # fmt: skip
    return patient


def _serialise(identity: PatientIdentity) -> None:
    """Two workers that meet the same new number at once must end with one patient."""
    with connection.cursor() as cursor:
        numbers = sorted(f"{authority}|{value}" for authority, value, _ in identity.identifiers)
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(number, 7)) FROM unnest(%s::text[]) AS number",
            [numbers],
        )


def _known(identity: PatientIdentity) -> list[PatientIdentifier]:
    """The numbers already on record. Their patients stay locked: two reports of one patient take turns, even
    under different numbers."""
    stated = Q()
    for authority, value, _ in identity.identifiers:
        stated |= Q(authority=authority, value=value)
    rows = PatientIdentifier.objects.filter(stated).select_related("patient").order_by("patient_id")
    return list(rows.select_for_update(of=("patient",), no_key=True))


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
    patient = Patient.objects.create(
        family=identity.family,
        given=identity.given,
        birth_date=identity.birth_date,
        sex=identity.sex,
        provisional=True,
        created_at=now,
    )
    _complete(patient, identity, set())
    ledger.record("patient.provisional", at=now, patient=patient, subject=patient.id, actor="door")
    return patient


def _complete(
    patient: Patient, identity: PatientIdentity, known: set[tuple[str, str]]
) -> tuple[list[str], list[str]]:
    """Fill what was not known before and add identifiers that are new; nothing known is overwritten.

    Returns the names of what was filled and the authorities of what was added.
    """
    filled, added = [], []
    for name in ("family", "given", "birth_date", "sex"):
        if not getattr(patient, name) and getattr(identity, name):
            setattr(patient, name, getattr(identity, name))
            filled.append(name)
    if filled:
        patient.save(update_fields=filled)
    for authority, value, kind in identity.identifiers:
        if (authority, value) not in known:
            PatientIdentifier.objects.create(patient=patient, authority=authority, value=value, kind=kind)
            known.add((authority, value))
            added.append(authority)
    return filled, added
