"""Who opened and changed what: the audit rows of one patient or one person, newest first, in words.

Two tables hold them, who looked (accesses) and what was done (facts); here they are one list.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from soar2.pathway.notices import queries as notices
from soar2.pathway.reports import arrivals
from soar2.record import audit
from soar2.record.models import ChartAccess, LedgerEntry, Patient, Person

FOUND = 20  # patients a search shows; whoever finds more says more
PAGE = 200  # rows a page shows
LOOKS, CHANGES = "looks", "changes"
PAGES = {
    "patient": "the patient's page", "report": "a report", "notice": "the notice", "worklist": "the worklist",
    "worklist-pane": "the worklist's side pane", "audit": "this audit trail", "audit-patient": "this audit trail",
    "notice-answer": "answering the notice", "notice-step-done": "noting a task by hand",
    "report-read": "noting a report as read", "audit-patient-csv": "the file of this trail",
    "fhir": "a report by FHIR",
}  # fmt: skip
LOOKED = {
    audit.OPENED: "Opened {}", audit.LISTED: "Had on screen: {}", audit.SEARCHED: "Found by a search in {}",
    audit.EXPORTED: "Took a file of {}", audit.REFUSED: "Was refused {}",
}  # fmt: skip
DID = {
    "notice.mine": "Owned the notice", "notice.not-me": "Answered: not me",
    "notice.already-known": "Answered: already known", "notice.acted": "Acted and closed the notice",
    "notice.hand-task-done": "Did a task by hand", "notice.opened": "Notice opened",
    "notice.escalated": "Notice went up its ladder", "notice.superseded": "Notice superseded",
    "notice.report-added": "Report joined to a notice", "notice.identified": "Notice given its patient",
    "notice.standing-task": "Notice given a standing task", "report.read": "Noted a report as read",
    "notice.rerouted": "Notice sent another way", "digest.made": "Morning list made",
    "report.scored": "Report scored", "report.preliminary": "Preliminary report filed",
    "report.unidentified": "Report of nobody known filed",
    "report.late": "Report filed late", "report.withdrawn": "Report withdrawn by its sender",
    "report.restored": "Report in force again", "report.opened": "Read a report whose patient was not known",
    "patient.provisional": "Patient put on record", "patient.completed": "Patient's details completed",
    "message.opened": "Opened a held message", "message.settled": "Settled a held message",
    "message.taken": "Took a held message over", "message.replayed": "Had a held message read again",
    "mapping.checked": "Checked a mapping", "mapping.saved": "Saved a mapping",
    "token.created": "Made a token", "token.revoked": "Revoked a token",
    "account.created": "Made an account", "account.password-set": "Set an account's password",
    "account.unlocked": "Ended an account's lock", "account.closed": "Closed an account",
    "account.reopened": "Opened an account again",
    "backup.written": "Wrote a backup", "backup.restored": "Restored a backup",
    "access.refused": "Was refused {page}", "audit.searched": "Searched the audit",
    "audit.person-opened": "Opened the trail of a person", "audit.person-exported": "Took a file of a person's trail",
    "audit.broken": "Found the audit changed", "audit.whole": "Found the audit whole again",
}  # fmt: skip
READ = ("report.opened", "message.opened")
"""Facts that are looks: what was read had no patient at the time."""
TOLD = ("lane", "role", "outcome", "detail", "note", "fields", "authorities", "words", "case", "how")
"""What of a fact's data is shown beside it."""


@dataclass(frozen=True)
class Seen:
    """One line: who did what when. ``machine``: a process did it, nobody looked."""

    at: datetime
    who: str
    account: str
    what: str
    detail: str
    machine: bool
    patient: UUID | None
    patient_name: str


@dataclass(frozen=True)
class Found:
    """What a search led to."""

    patients: tuple[Patient, ...] = ()
    people: tuple[Person, ...] = ()
    more: bool = False

    @property
    def only(self) -> Patient | None:
        return self.patients[0] if len(self.patients) == 1 and not self.people else None


def search(said: str) -> Found:
    """Patients by record number, case code or name, and people by name. A number or code alone decides."""
    words = said.split()
    if not words:
        return Found()
    exact = _by_number(said.strip()) or _by_case(said.strip())
    if exact:
        return Found(patients=tuple(exact))
    named = Q()
    for word in words:
        named &= Q(family__istartswith=word) | Q(given__istartswith=word) | Q(family__icontains=f" {word}")
    patients = list(_patients().filter(named).order_by("family", "given", "birth_date")[: FOUND + 1])
    people = Q()
    for word in words:
        people &= Q(name__icontains=word) | Q(short__icontains=word)
    found = Person.objects.filter(people).order_by("name")[:FOUND]
    return Found(tuple(patients[:FOUND]), tuple(found), len(patients) > FOUND)


def _patients() -> QuerySet[Patient]:
    return Patient.objects.prefetch_related("identifiers")


def _by_number(said: str) -> list[Patient]:
    return list(_patients().filter(identifiers__value=said).distinct()[:FOUND])


def _by_case(said: str) -> list[Patient]:
    found = notices.patient_of(said) if said.isalnum() else None
    return list(_patients().filter(id=found)) if found else []


@dataclass(frozen=True)
class Asked:
    """Which rows: of whom, from when to when, looks or changes or both."""

    patient: Patient | None = None
    person: Person | None = None
    since: datetime | None = None
    until: datetime | None = None
    what: str = ""

    def accesses(self) -> QuerySet[ChartAccess]:
        rows = self._of(ChartAccess.objects.select_related("person", "patient"))
        return rows.none() if self.what == CHANGES else rows

    def facts(self) -> QuerySet[LedgerEntry]:
        rows = self._of(LedgerEntry.objects.select_related("person", "patient"))
        return rows.filter(kind__in=READ) if self.what == LOOKS else rows

    def early(self) -> QuerySet[LedgerEntry]:
        """Looks at what is this patient's, from before anybody knew whose it was."""
        if self.patient is None or self.what == CHANGES:
            return LedgerEntry.objects.none()
        rows = LedgerEntry.objects.filter(patient=None, kind__in=READ, subject__in=_subjects(self.patient.id))
        return replace(self, patient=None)._of(rows.select_related("person", "patient"))

    def _of(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.patient is not None:
            rows = rows.filter(patient=self.patient)
        if self.person is not None:
            rows = rows.filter(person=self.person)
        if self.since is not None:
            rows = rows.filter(at__gte=self.since)
        if self.until is not None:
            rows = rows.filter(at__lt=self.until)
        return rows.order_by("-at", "-id")


def page(asked: Asked) -> tuple[list[Seen], datetime | None]:
    """The newest rows, and the moment before which the next page begins; None when these are all.

    A list that was open is one row a patient, all of one moment: rows of one moment stay on one page.
    """
    rows = list(islice(_merged(*(rows[: PAGE + 1] for rows in _sources(asked))), PAGE + 1))
    if len(rows) <= PAGE:
        return rows, None
    last = rows[PAGE - 1].at
    at_once = everything(replace(asked, since=last, until=last + timedelta(microseconds=1)))
    older = any(rows.exists() for rows in _sources(replace(asked, until=last)))
    return [*(row for row in rows if row.at > last), *at_once], last if older else None


def everything(asked: Asked) -> Iterator[Seen]:
    """Every row, newest first, without holding them all."""
    return _merged(*(rows.iterator(2000) for rows in _sources(asked)))


def _sources(asked: Asked) -> tuple[QuerySet[Any], ...]:
    return asked.accesses(), asked.facts(), asked.early()


def _subjects(patient: UUID) -> list[str]:
    """What facts call the reports, messages and notices of a patient."""
    brought = arrivals.of_patient(patient)
    cases = [card.row.case_code for card in notices.of_patient(patient)]
    messages = [f"{word} {inbound}" for _, inbound in brought if inbound for word in ("inbound", "message")]
    return [*(str(report) for report, _ in brought), *messages, *cases]


def _merged(*sources: Iterable[ChartAccess | LedgerEntry]) -> Iterator[Seen]:
    return heapq.merge(*(map(_seen, rows) for rows in sources), key=lambda one: one.at, reverse=True)


def _seen(row: ChartAccess | LedgerEntry) -> Seen:
    return _looked(row) if isinstance(row, ChartAccess) else _did(row)


def _looked(row: ChartAccess) -> Seen:
    what = LOOKED.get(row.kind, row.kind + " {}").format(PAGES.get(row.page, row.page))
    who = row.person.label if row.person else row.username
    return Seen(row.at, who, row.username, what, row.detail, False, row.patient_id, row.patient.name)


def _did(row: LedgerEntry) -> Seen:
    page_name = str(row.data.get("page", ""))
    what = DID.get(row.kind, row.kind.replace(".", ": ").replace("-", " ")).replace(
        "{page}", PAGES.get(page_name, page_name)
    )
    who = row.person.label if row.person else row.actor
    name = row.patient.name if row.patient else ""
    machine = row.person is None and row.actor in PROCESSES
    return Seen(
        row.at, who, "" if machine else row.actor, what, _detail(row.data), machine, row.patient_id, name
    )


PROCESSES = ("reader", "flow", "sweep", "door", "delivery", "watcher")


def _detail(data: dict[str, Any]) -> str:
    said = [data[key] for key in TOLD if data.get(key)]
    return ", ".join(
        ", ".join(map(str, one))
        if isinstance(one, list)
        else str(one).replace("-", " ")
        if " " not in str(one)
        else str(one)
        for one in said
    )


def refusals(limit: int = 12) -> list[Seen]:
    """The latest requests that were refused for want of a permission, newest first."""
    accesses = ChartAccess.objects.filter(kind=audit.REFUSED).select_related("person", "patient")
    facts = LedgerEntry.objects.filter(kind="access.refused").select_related("person", "patient")
    rows = _merged(accesses.order_by("-at")[:limit], facts.order_by("-at")[:limit])
    return list(islice(rows, limit))
