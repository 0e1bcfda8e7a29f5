"""``soar2 audit``: who opened a chart, and whether the audit rows are as they were written, from a shell.

Whoever has this shell can read the whole database. That they looked by this command is a row all the same.
"""

import getpass
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TextIO

from django.conf import settings

from soar2.record import audit, clock, ledger, seals
from soar2.record.models import AuditSeal, Patient
from soar2.worklists import trail

BROKEN = 1


def run_who(words: Sequence[str], out: TextIO) -> int:
    """``soar2 audit who WORD …``: each look at a patient and each change, newest first.

    1 with the patients to choose from when the words fit several, 1 with a sentence when they fit none.
    """
    said = " ".join(" ".join(words).replace("\0", "").split())
    found = trail.search(said)
    _note_search(said, found)
    if len(found.patients) == 1:
        _tell(found.patients[0], out)
        return 0
    if not found.patients:
        print(_nobody(found), file=out)
        return 1
    print(f"{'More than ' * found.more}{len(found.patients)} patients. Say one record number:", file=out)
    for one in found.patients:
        print(f"  {_numbers(one):<24} {one.name}, {_born(one)}", file=out)
    return 1


def _tell(patient: Patient, out: TextIO) -> None:
    audit.opened(patient, person=None, username=_account(), page="audit", at=clock.now())
    print(f"{patient.name}, {_born(patient)}, {_numbers(patient)}", file=out)
    print("Who opened or changed this chart, newest first:", file=out)
    for row in _rows(patient):
        who = f"SOaR2, {row.who}" if row.machine else row.who or "not known"
        account = f" (account {row.account})" if row.account and row.account != row.who else ""
        detail = f": {row.detail}" if row.detail else ""
        at = row.at.astimezone(settings.PROGRAMME.zone)
        print(f"{at:%Y-%m-%d %H:%M:%S}  {who}{account}  {row.what}{detail}", file=out)


def _rows(patient: Patient) -> Iterator[trail.Seen]:
    """Page by page: a chart of years is not held in memory, and its newest rows are printed at once."""
    asked = trail.Asked(patient=patient)
    while True:
        rows, older = trail.page(asked)
        yield from rows
        if older is None:
            return
        asked = replace(asked, until=older)


def _nobody(found: trail.Found) -> str:
    if found.people:
        names = ", ".join(person.name for person in found.people)
        return f"No patient found. {names} works here: what they opened stands on the audit page."
    return (
        "No patient found. Record numbers and case codes are compared as a whole, names from their beginning."
    )


def _numbers(patient: Patient) -> str:
    return (
        ", ".join(f"{one.authority} {one.value}" for one in patient.identifiers.all()) or "no record number"
    )


def _born(patient: Patient) -> str:
    return f"born {patient.birth_date:%Y-%m-%d}" if patient.birth_date else "birth date not known"


def _note_search(said: str, found: trail.Found) -> None:
    now, account = clock.now(), _account()
    ledger.record("audit.searched", at=now, actor=account, words=said, found=len(found.patients))
    for one in found.patients:
        audit.opened(one, person=None, username=account, page="audit", at=now, kind=audit.SEARCHED)


def _account() -> str:
    return f"{getpass.getuser()} by soar2 audit"


def run_verify(out: TextIO) -> int:
    """``soar2 audit verify``: recompute the whole chain; 1 with a sentence for each break when it is not whole."""
    kept = seals.kept_head(settings.HOME)
    broken = seals.verify(kept=kept)
    for one in broken:
        print(one.words, file=out)
    if broken:
        print(
            "The audit is not as it was written. What to do: docs/runbooks/the-audit-chain-is-broken.md",
            file=out,
        )
        return BROKEN
    newest = AuditSeal.objects.order_by("-id").first()
    if newest is None:
        print("Nothing is sealed yet: soar2 watch seals what is new several times a minute.", file=out)
        return 0
    rows = sum(AuditSeal.objects.values_list("count", flat=True).iterator())
    print(f"Whole: {rows:,} rows are as they were sealed. Newest seal {newest.digest}.", file=out)
    if not kept:
        print("No seal is noted in the state folder, so an end cut off would not show here.", file=out)
    return 0
